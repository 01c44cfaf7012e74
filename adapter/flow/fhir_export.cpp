#include "flow/fhir_export.h"

#include "base/hash.h"
#include "care/times.h"
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/export_links.h"
#include "flow/record.h"
#include "flow/write_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

// What is not written to an EHR, but is in the record (those that are stand in write_plan.cpp).
constexpr Artifact kPatient = {"patient", "Patient", "care-to-patient", "Patient"};
constexpr Artifact kEpisode = {"episode", "Episode", "care-to-episode-of-care", "EpisodeOfCare"};
constexpr Artifact kAct = {"episode-act", "EpisodeAct", "care-to-provenance", "Provenance"};
constexpr Artifact kConsent = {"consent", "Consent", "care-to-consent", "Consent"};
constexpr Artifact kEncounter = {"contact", "Contact", "care-to-encounter", "Encounter"};
constexpr Artifact kProcedure = {"contact", "Contact", "care-to-procedure", "Procedure"};
constexpr Artifact kReferral = {"referral", "Referral", "care-to-service-request", "ServiceRequest"};
constexpr Artifact kReferralTask = {"referral-task", "Referral", "care-to-referral-task", "Task"};
constexpr Artifact kReview = {"case-review", "CaseReview", "care-to-case-review", "Communication"};
constexpr Artifact kRecommendation = {"recommendation", "RecommendationTask", "care-to-recommendation", "Task"};
constexpr Artifact kHandoff = {"handoff", "Handoff", "care-to-handoff", "Task"};
constexpr Artifact kCrisisStep = {"crisis-step", "CrisisStep", "care-to-crisis-step", "Task"};
constexpr Artifact kCaseFlag = {"case-flag", "CaseFlag", "care-to-case-flag", "Flag"};
constexpr Artifact kAssignment = {"assignment", "TeamAssignment", "care-to-care-team", "CareTeam"};
constexpr Artifact kPartnership = {"partnership", "Partnership", "care-to-partnership", "QuestionnaireResponse"};
constexpr Artifact kDecision = {"decision", "MedicationDecision", "care-to-decision", "QuestionnaireResponse"};
constexpr Artifact kFeedback = {"feedback", "Feedback", "care-to-feedback", "Communication"};
constexpr Artifact kMedication = {"medication", "MedicationTherapy", "care-to-medication-statement",
                                  "MedicationStatement"};
constexpr Artifact kCharge = {"charge", "BillingMonth", "care-to-charge-item", "ChargeItem"};
constexpr Artifact kEntry = {"entry", "EntryRecord", "care-to-entry-provenance", "Provenance"};

Node text(std::string_view value, Arena& arena) { return Node::string(arena.copy(value)); }

Node object(std::initializer_list<Member> members, Arena& arena) {
  return Node::object(arena.copy(std::span<const Member>(members.begin(), members.size())));
}

const fhir::Name& named(std::string_view name) { return fhir::intern(name); }

// The states that the acts led through, each until the next.
std::vector<WriteContext::State> history_of(const care::Episode& episode, std::span<const care::EpisodeAct> acts) {
  std::vector<const care::EpisodeAct*> effective;
  for (const care::EpisodeAct& act : acts) {
    if (act.episode == episode.id && act.effective && !act.to.empty() && act.to != act.from) effective.push_back(&act);
  }
  std::ranges::stable_sort(effective, [](const auto* a, const auto* b) { return care::earlier(a->at, b->at); });
  std::vector<WriteContext::State> history;
  for (const care::EpisodeAct* act : effective) {
    if (!history.empty()) history.back().end = act->at;
    history.push_back({act->to, act->at, ""});
  }
  return history;
}

bool is_with_patient(const care::Contact& contact) {
  return (contact.with == "patient" || contact.with == "caregiver") && contact.outcome != "left-message";
}

class Export {
 public:
  Export(const Engine& engine, Instant now, const LabelPolicy& policy) : engine_(engine), now_(now), policy_(policy) {}

  // Patients first: the others refer to them.
  Result<void> add_patient(const care::Patient& patient) {
    patients_[patient.id] = {full_url(value_of(kPatient, patient.id)), patient.source.system};
    return put(kPatient, patient.id, to_node(patient, arena_), patient, patient.id);
  }

  bool knows(std::string_view patient) const { return patients_.contains(patient); }

  Result<void> add(const care::Record& record) {
    for (const care::Episode& one : record.episodes) {
      context_.history = history_of(one, record.acts);
      BHI_CHECK(put(kEpisode, one));
      context_.history.clear();
    }
    BHI_CHECK(put_all(kAct, record.acts));
    for (const care::Screening& one : record.screenings) BHI_CHECK(add_screening(one));
    BHI_CHECK(put_all(*find_artifact("safety"), record.safety));
    BHI_CHECK(put_all(kMedication, record.medications));
    BHI_CHECK(put_all(*find_artifact("care-plan"), record.plans));
    BHI_CHECK(put_all(kConsent, record.consents));
    for (const care::Contact& one : record.contacts)
      BHI_CHECK(put(is_with_patient(one) ? kEncounter : kProcedure, one));
    BHI_CHECK(add_reviews(record));
    BHI_CHECK(put_all(kCaseFlag, record.flags));
    BHI_CHECK(put_all(kAssignment, record.assignments));
    BHI_CHECK(put_all(kReferral, record.referrals));
    for (const care::Referral& one : record.referrals)
      BHI_CHECK(put(kReferralTask, one.id, to_node(one, arena_), one, one.patient));
    BHI_CHECK(put_all(kHandoff, record.handoffs));
    BHI_CHECK(put_all(kCrisisStep, record.crisis_steps));
    for (const care::MedicationDecision& one : record.decisions) BHI_CHECK(add_decision(one, record.medications));
    BHI_CHECK(put_all(kPartnership, record.partnerships));
    return put_all(kFeedback, record.feedback);
  }

  // A line at a time, each a charge of its own. `like`: its labels are those of any entry of the patient.
  Result<void> add(const care::BillingMonth& month) {
    care::BillingMonth one = month;
    for (std::size_t i = 0; i < month.lines.size(); ++i) {
      one.lines = {month.lines[i]};
      const std::string id = month.patient + "/" + month.month + "/" + std::to_string(i + 1) + "/" + one.lines[0].code;
      BHI_CHECK(put(kCharge, id, to_node(one, arena_), care::Entity(care::Contact{}), month.patient));
    }
    return {};
  }

  std::string bundle() {
    std::vector<Node> entries;
    std::vector<std::vector<care::Code>> labels;
    for (Made& one : made_) {
      labels.push_back(one.labels);
      const Node linked = link(one.resource, links_, one.source, engine_.identifier_system(), arena_);
      entries.push_back(
          object({{&named("fullUrl"), text(one.full_url, arena_)}, {&named("resource"), linked}}, arena_));
    }
    const Node bundle = object({{&named("resourceType"), Node::string("Bundle")},
                                {&named("type"), Node::string("collection")},
                                {&named("timestamp"), text(to_text(now_), arena_)},
                                {&named("entry"), Node::array(arena_.copy(std::span<const Node>(entries)))}},
                               arena_);
    return fhir::write_json(with_labels(bundle, joined(labels), arena_));
  }

 private:
  struct Made {
    std::string full_url;
    std::string source;  // that literal references in it belong to
    Node resource;
    std::vector<care::Code> labels;
  };
  struct Person {
    std::string full_url;
    std::string source;
  };

  static std::string value_of(const Artifact& artifact, std::string_view id) {
    return identifier_value(artifact.name, id);
  }

  std::string full_url(const std::string& value) const { return urn_of({engine_.identifier_system(), value}); }

  Result<void> put(const Artifact& artifact, std::string_view id, const Node& entity, const care::Entity& like,
                   std::string_view patient) {
    const auto person = patients_.find(patient);
    if (person == patients_.end()) return {};  // the caller has told
    context_.patient = person->second.full_url;
    context_.destination = person->second.source;
    context_.id = id;
    BHI_TRY(Node resource, render(engine_, artifact, entity, context_, now_, arena_));
    const std::string value = value_of(artifact, id);
    Made made;
    made.full_url = full_url(value);
    made.labels = labels_of(like, policy_);
    made.source = source_of(like, person->second.source);
    resource = fhir::with(resource, named("id"), text(stable_id({value}), arena_), arena_);
    made.resource = with_labels(with_type_first(resource), made.labels, arena_);
    links_.try_emplace(value, made.full_url);
    made_.push_back(std::move(made));
    return {};
  }

  template <typename Entity>
  Result<void> put(const Artifact& artifact, const Entity& entity) {
    BHI_CHECK(put(artifact, entity.id, to_node(entity, arena_), entity, entity.patient));
    if constexpr (requires { entity.recorded; }) return put_entry(artifact, entity, entity.id, entity.recorded);
    return {};
  }

  template <typename Entity>
  Result<void> put_all(const Artifact& artifact, const std::vector<Entity>& entities) {
    for (const Entity& one : entities) BHI_CHECK(put(artifact, one));
    return {};
  }

  // Who entered it, and when.
  template <typename Entity>
  Result<void> put_entry(const Artifact& artifact, const Entity& entity, std::string_view id,
                         const care::Recorded& recorded) {
    if (recorded.by.empty() || recorded.at.empty()) return {};
    const std::string value = value_of(artifact, id);
    const Node entry = object({{&named("entry"), text(value, arena_)},
                               {&named("by"), text(recorded.by, arena_)},
                               {&named("at"), text(recorded.at, arena_)}},
                              arena_);
    return put(kEntry, value, entry, entity, entity.patient);
  }

  // The answers, when there are any, and the score; a screening in progress has no score.
  Result<void> add_screening(const care::Screening& one) {
    context_.derived_from.clear();
    if (!one.items.empty()) {
      const Artifact& answers = *find_artifact("questionnaire-response");
      BHI_CHECK(put(answers, one));
      context_.derived_from = {full_url(value_of(answers, one.id))};
    }
    const bool has_score = one.total || one.stated_total || one.items.empty();
    if (has_score) BHI_CHECK(put(*find_artifact("screening-result"), one));
    context_.derived_from.clear();
    return {};
  }

  // As confidential as the medicine that it is about.
  Result<void> add_decision(const care::MedicationDecision& one, std::span<const care::MedicationTherapy> therapies) {
    const auto therapy = std::ranges::find(therapies, one.therapy, &care::MedicationTherapy::id);
    const care::Entity like = therapy == therapies.end() ? care::Entity(one) : care::Entity(*therapy);
    BHI_CHECK(put(kDecision, one.id, to_node(one, arena_), like, one.patient));
    return put_entry(kDecision, one, one.id, one.recorded);
  }

  Result<void> add_reviews(const care::Record& record) {
    BHI_CHECK(put_all(kReview, record.reviews));
    std::map<std::pair<std::string, std::string>, const care::RecommendationAnswer*> answers;
    for (const care::RecommendationAnswer& answer : record.answers) {
      const auto*& stands = answers[{answer.review, answer.recommendation}];
      if (stands == nullptr || !care::earlier(answer.recorded.at, stands->recorded.at)) stands = &answer;
    }
    for (const care::CaseReview& review : record.reviews) {
      const Node node = to_node(review, arena_);
      for (const Node& one : fhir::each(node.find("recommendations"))) {
        const auto answer = answers.find({review.id, std::string(one.text_of("id"))});
        BHI_CHECK(put_recommendation(one, node, answer == answers.end() ? nullptr : answer->second, review));
        if (answer != answers.end()) answers.erase(answer);
      }
    }
    // Answers whose review is not at hand.
    for (const auto& [key, answer] : answers) {
      care::CaseReview unknown;
      unknown.id = answer->review;
      unknown.patient = answer->patient;
      unknown.status = "final";
      const Node one = object({{&named("id"), text(answer->recommendation, arena_)}}, arena_);
      BHI_CHECK(put_recommendation(one, to_node(unknown, arena_), answer, unknown));
    }
    return {};
  }

  Result<void> put_recommendation(Node one, const Node& review, const care::RecommendationAnswer* answer,
                                  const care::CaseReview& of) {
    const std::string in_review(one.text_of("id"));
    one = fhir::with(one, named("review"), text(of.id, arena_), arena_);
    for (const std::string_view name : {"episode", "date", "consultant", "status"}) {
      if (const Node* value = review.find(name)) one = fhir::with(one, named(name), *value, arena_);
    }
    if (answer != nullptr) {
      const Node said = to_node(*answer, arena_);
      for (const std::string_view name : {"answer", "reason"}) {
        if (const Node* value = said.find(name)) one = fhir::with(one, named(name), *value, arena_);
      }
      if (const Node* recorded = said.find("recorded")) one = fhir::with(one, named("answered"), *recorded, arena_);
    }
    return put(kRecommendation, of.id + "/" + in_review, one, of, of.patient);
  }

  Node with_type_first(const Node& resource) {
    std::vector<Member> members;
    for (const Member& member : resource.members()) {
      if (member.name->text == "resourceType" || member.name->text == "id") continue;
      members.push_back(member);
    }
    members.insert(members.begin(),
                   {{&named("resourceType"), *resource.find("resourceType")}, {&named("id"), *resource.find("id")}});
    return Node::object(arena_.copy(std::span<const Member>(members)));
  }

  static std::string source_of(const care::Entity& entity, const std::string& fallback) {
    return std::visit(
        [&](const auto& value) {
          if constexpr (requires { value.source.system; })
            return value.source.system.empty() || value.source.system == "bhi" ? fallback : value.source.system;
          else
            return fallback;
        },
        entity);
  }

  const Engine& engine_;
  Instant now_;
  LabelPolicy policy_;
  Arena arena_;
  WriteContext context_;
  std::map<std::string, Person, std::less<>> patients_;
  Links links_;
  std::vector<Made> made_;
};

}  // namespace

Result<std::string> patient_as_fhir(const Engine& engine, Store& store, std::string_view patient, Instant now,
                                    const LabelPolicy& labels) {
  BHI_TRY(LoadedRecord loaded, load_record(store, patient));
  if (loaded.versions.empty()) return Error{Kind::NotFound, "nothing is held of that patient"};
  Export out(engine, now, labels);
  // Known by reference only, until the Patient arrives.
  care::Patient known;
  known.id = std::string(patient);
  BHI_CHECK(out.add_patient(loaded.record.patient.value_or(known)));
  BHI_CHECK(out.add(loaded.record));
  return out.bundle();
}

Result<std::string> entities_as_fhir(const Engine& engine, std::span<const care::Entity> entities, Instant now,
                                     Issues& issues, const LabelPolicy& labels) {
  Export out(engine, now, labels);
  std::map<std::string, care::Record, std::less<>> records;
  for (const care::Entity& entity : entities) {
    if (const auto* patient = std::get_if<care::Patient>(&entity)) {
      BHI_CHECK(out.add_patient(*patient));
    } else {
      care::add(records[std::string(patient_of(entity))], entity);
    }
  }
  for (auto& [patient, record] : records) {
    if (!out.knows(patient)) {
      for (const care::Entity& entity : entities) {
        if (patient_of(entity) != patient) continue;
        issues.push_back({Severity::Warning, "not-found",
                          std::string(care::kind_of(entity)) + "/" + std::string(id_of(entity)),
                          "left out: no Patient is known whom it is about"});
      }
      continue;
    }
    care::put_in_order(record);
    BHI_CHECK(out.add(record));
  }
  return out.bundle();
}

Result<std::string> billing_month_as_fhir(const Engine& engine, const care::Record& record,
                                          const care::BillingMonth& month, Instant now, const LabelPolicy& labels) {
  if (!record.patient) return Error{Kind::NotFound, "expected the Patient of the month, found a record without"};
  care::Record told;
  for (const care::MinutePiece& piece : month.pieces) {
    const auto contact = std::ranges::find(record.contacts, piece.contact, &care::Contact::id);
    if (piece.counted > 0 && contact != record.contacts.end()) care::add(told, *contact);
  }
  const auto episode = std::ranges::find(record.episodes, month.episode, &care::Episode::id);
  if (episode != record.episodes.end()) care::add(told, *episode);
  care::put_in_order(told);
  Export out(engine, now, labels);
  BHI_CHECK(out.add_patient(*record.patient));
  BHI_CHECK(out.add(told));
  BHI_CHECK(out.add(month));
  return out.bundle();
}

}  // namespace bhi::flow
