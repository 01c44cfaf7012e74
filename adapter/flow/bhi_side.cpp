#include "flow/bhi_side.h"

#include "base/hash.h"
#include "care/instruments.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/merge.h"
#include "flow/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr int kConflictTries = 5;
constexpr std::string_view kBhi = "bhi";

Error incorrect(const Issues& issues) {
  std::string message;
  for (const Issue& issue : issues) {
    if (!message.empty()) message += "; ";
    message += issue.path + ": " + issue.text;
  }
  return {Kind::Incorrect, std::move(message)};
}

std::optional<int> whole_number(const Node* node) {
  if (node == nullptr || node->kind() != fhir::NodeKind::Number) return std::nullopt;
  int value = 0;
  const std::string_view text = node->text();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

void refuse_unknown(const Node& object, std::initializer_list<std::string_view> known, const std::string& path, Issues& issues) {
  for (const fhir::Member& member : object.members()) {
    if (std::ranges::find(known, member.name->text) != known.end()) continue;
    issues.push_back({Severity::Error, "structure", path.empty() ? std::string(member.name->text.substr(0, 64)) : path, "unknown element"});
  }
}

// The items of a posted screening as the items of a report, each with the code of its instrument item.
void read_items(const Node& body, const care::Instrument& instrument, care::ScreeningReport& report, Issues& issues) {
  const Node* items = body.find("items");
  if (items == nullptr || !items->is_array() || items->elements().empty()) {
    issues.push_back({Severity::Error, "required", "items", "expected a list of {n, score}"});
    return;
  }
  std::set<int> seen;
  std::size_t index = 0;
  for (const Node& item : items->elements()) {
    const std::string path = "items[" + std::to_string(index++) + "]";
    if (!item.is_object()) {
      issues.push_back({Severity::Error, "structure", path, "expected {n, score}"});
      continue;
    }
    refuse_unknown(item, {"n", "score"}, path, issues);
    const auto n = whole_number(item.find("n"));
    const auto found = std::ranges::find_if(instrument.items, [&n](const auto& row) { return n && row.n == *n; });
    if (found == instrument.items.end()) {
      issues.push_back({Severity::Error, "value", path + ".n", "expected an item number of " + std::string(instrument.id) + ", 1 to " + std::to_string(instrument.items.size())});
      continue;
    }
    if (!seen.insert(*n).second) {
      issues.push_back({Severity::Error, "duplicate", path + ".n", "item " + std::to_string(*n) + " is given twice"});
      continue;
    }
    const auto score = whole_number(item.find("score"));
    const auto answer = std::ranges::find_if(found->answers, [&score](const auto& row) { return score && row.score == *score; });
    const bool listed = answer != found->answers.end();
    if (!score || *score < 0 || *score > found->max || (!found->answers.empty() && !listed)) {
      issues.push_back({Severity::Error, "value", path + ".score", "expected a score that item " + std::to_string(*n) + " can have, 0 to " + std::to_string(found->max)});
      continue;
    }
    care::ReportedAnswer given;
    if (listed) given.coding = {std::string(care::kLoinc), std::string(answer->code), ""};
    given.ordinal = *score;
    care::ReportedItem reported;
    reported.link_id = std::to_string(*n);
    reported.codes.push_back(care::item_code(instrument, *found));
    reported.type = "choice";
    reported.answers.push_back(std::move(given));
    report.items.push_back(std::move(reported));
  }
}

// What may be posted, for the message.
std::string instrument_ids() {
  std::string ids;
  for (const care::Instrument& instrument : care::instruments()) {
    if (instrument.items.empty()) continue;
    ids += (ids.empty() ? "" : ", ") + std::string(instrument.id);
  }
  return ids;
}

// Loads, lets `change` decide, applies and commits; again from the start when somebody else was faster.
// `change`: Result<std::vector<care::Change>>(const LoadedRecord&). Gives the stored form of entity (kind, id).
template <typename Decide>
Result<StoredEntity> act(const Engine& engine, Store& store, const Destinations& destinations, std::string_view patient,
                         std::string_view kind, std::string_view id, std::string_view action, const Actor& actor, Instant now,
                         Decide decide) {
  for (int attempt = 1;; ++attempt) {
    BHI_TRY(const auto before, load_record(store, patient));
    BHI_TRY(const auto changes, decide(before));
    const care::Applied applied = care::apply(before.record, changes, engine.policy, now);
    if (has_errors(applied.issues)) return incorrect(applied.issues);
    Worked worked;
    const std::string source = before.record.patient ? before.record.patient->source.system : std::string();
    add_applied(worked, applied, before, destinations, source, now);
    worked.audit.push_back({std::string(action), actor.name, std::string(kind) + "/" + std::string(id), "ok", now});
    const auto committed = store.commit(worked);
    if (committed.ok()) break;
    if (committed.error().kind != Kind::Conflict || attempt == kConflictTries) return committed.error();
  }
  BHI_TRY(auto stored, store.entity(kind, id));
  if (!stored) return Error{Kind::Fault, "the " + std::string(kind) + " just written is not there"};
  return *std::move(stored);
}

// Elements of a plan that a person may change over the API.
constexpr std::array<std::string_view, 5> kFixedPlanElements = {"kind", "id", "patient", "source", "behavioral"};

Result<care::CarePlan> read_plan(const Node& node) {
  BHI_TRY(auto read, entity_from(node));
  if (has_errors(read.issues)) return incorrect(read.issues);
  return std::get<care::CarePlan>(std::move(read.entity));
}

Result<void> known_patient(const LoadedRecord& before) {
  if (!before.record.patient) return Error{Kind::NotFound, "no such patient"};
  return {};
}

}  // namespace

Result<StoredEntity> post_screening(const Engine& engine, Store& store, const Destinations& destinations,
                                    std::string_view patient, const Node& body, const Actor& actor, Instant now) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected an object {instrument, authored, items}"};
  Issues issues;
  refuse_unknown(body, {"id", "instrument", "authored", "items"}, "", issues);
  const care::Instrument* instrument = care::find_instrument(body.text_of("instrument"));
  if (instrument == nullptr || instrument->items.empty()) {
    issues.push_back({Severity::Error, "value", "instrument", "expected one of " + instrument_ids()});
    return incorrect(issues);
  }
  care::ScreeningReport report;
  report.patient = std::string(patient);
  report.source.system = std::string(kBhi);
  report.status = "completed";
  report.authored = std::string(body.text_of("authored"));
  const auto authored = instant_from(report.authored);
  if (!authored || report.authored.find('T') == std::string::npos) {
    issues.push_back({Severity::Error, "value", "authored", "expected a date and time with zone, such as 2026-11-22T09:30:00-05:00"});
  } else if (*authored > now + std::chrono::minutes(10)) {
    issues.push_back({Severity::Error, "value", "authored", "lies in the future"});
  }
  if (!instrument->panels.empty()) report.codes.push_back({std::string(care::kLoinc), std::string(instrument->panels.front()), ""});
  read_items(body, *instrument, report, issues);
  if (has_errors(issues)) return incorrect(issues);

  // The same answers at the same time are the same screening: a repeated request changes nothing.
  const std::string_view own = body.text_of("id");
  report.id = own.empty() ? stable_id({kBhi, patient, instrument->id, report.authored, fhir::write_canonical_json(*body.find("items"))})
                          : stable_id({kBhi, patient, own});
  return act(engine, store, destinations, patient, "Screening", report.id, "post-screening", actor, now,
             [&report](const LoadedRecord& before) -> Result<std::vector<care::Change>> {
               BHI_CHECK(known_patient(before));
               return std::vector<care::Change>{report};
             });
}

Result<StoredEntity> post_plan(const Engine& engine, Store& store, const Destinations& destinations, std::string_view patient,
                               const Node& body, const Actor& actor, Instant now) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected a care plan object"};
  Issues issues;
  for (const std::string_view fixed : kFixedPlanElements) {
    if (body.find(fixed) != nullptr && fixed != "id") {
      issues.push_back({Severity::Error, "business-rule", std::string(fixed), "is set by the adapter"});
    }
  }
  if (has_errors(issues)) return incorrect(issues);
  Arena arena;
  BHI_TRY(auto plan, read_plan(fhir::with(body, fhir::intern("kind"), Node::string("CarePlan"), arena)));
  if (plan.status.empty()) plan.status = "active";
  if (plan.intent.empty()) plan.intent = "plan";
  const std::string own = plan.id;
  plan.id = own.empty() ? stable_id({kBhi, patient, "plan", fhir::write_canonical_json(body)}) : stable_id({kBhi, patient, own});
  plan.patient = std::string(patient);
  plan.source.system = std::string(kBhi);
  plan.behavioral = true;
  if (plan.categories.empty()) {
    plan.categories.push_back({"http://bhi-adapter.org/fhir/CodeSystem/plan-category", "behavioral-health", "Behavioral health plan"});
  }
  return act(engine, store, destinations, patient, "CarePlan", plan.id, "post-plan", actor, now,
             [&plan](const LoadedRecord& before) -> Result<std::vector<care::Change>> {
               BHI_CHECK(known_patient(before));
               if (before.version_of("CarePlan", plan.id) != 0) return std::vector<care::Change>{};  // a repeat
               return std::vector<care::Change>{plan};
             });
}

Result<StoredEntity> patch_plan(const Engine& engine, Store& store, const Destinations& destinations, std::string_view patient,
                                std::string_view plan, const Node& patch, std::int64_t version, const Actor& actor, Instant now) {
  if (!patch.is_object()) return Error{Kind::Incorrect, "expected a JSON merge patch object"};
  Issues issues;
  for (const std::string_view fixed : kFixedPlanElements) {
    if (patch.find(fixed) != nullptr) issues.push_back({Severity::Error, "business-rule", std::string(fixed), "cannot be changed"});
  }
  if (has_errors(issues)) return incorrect(issues);
  return act(engine, store, destinations, patient, "CarePlan", plan, "patch-plan", actor, now,
             [&](const LoadedRecord& before) -> Result<std::vector<care::Change>> {
               BHI_CHECK(known_patient(before));
               const auto found = std::ranges::find(before.record.plans, plan, &care::CarePlan::id);
               if (found == before.record.plans.end()) return Error{Kind::NotFound, "no such plan of this patient"};
               const std::int64_t stored = before.version_of("CarePlan", plan);
               if (stored != version) {
                 return Error{Kind::Conflict, "the plan is at version " + std::to_string(stored) + ", If-Match says " + std::to_string(version)};
               }
               Arena arena;
               BHI_TRY(auto patched, read_plan(merge_patch(to_node(*found, arena), patch, arena)));
               patched.source.system = std::string(kBhi);  // an edit of ours
               return std::vector<care::Change>{std::move(patched)};
             });
}

Result<StoredEntity> acknowledge(const Engine& engine, Store& store, const Destinations& destinations, std::string_view event,
                                 const Actor& actor, Instant now) {
  BHI_TRY(const auto stored, store.entity("SafetyEvent", event));
  if (!stored) return Error{Kind::NotFound, "no such safety event"};
  return act(engine, store, destinations, stored->patient, "SafetyEvent", event, "acknowledge", actor, now,
             [&](const LoadedRecord&) -> Result<std::vector<care::Change>> {
               return std::vector<care::Change>{care::AcknowledgeSafety{std::string(event), actor.name}};
             });
}

}  // namespace bhi::flow
