#include "flow/guard.h"

#include "care/instruments.h"
#include "flow/guard_consent.h"
#include "flow/guard_plan.h"
#include "flow/label_facts.h"
#include "flow/labels.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

namespace bhi::flow {

namespace {

using What = Verdict::What;

bool is_one_of(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_substance_use_screening(const care::Entity& entity) {
  const auto* screening = std::get_if<care::Screening>(&entity);
  const auto* instrument = screening == nullptr ? nullptr : care::find_instrument(screening->instrument);
  return instrument != nullptr && instrument->substance_use;
}

const care::Source* source_of(const care::Entity& entity) {
  return std::visit(
      [](const auto& value) -> const care::Source* {
        if constexpr (requires { value.source; }) return &value.source;
        return nullptr;
      },
      entity);
}

class Judge {
 public:
  explicit Judge(const GuardQuestion& question) : question_(question), privacy_(question.privacy) {
    verdict_.entity = question.entity;
    gather();
  }

  Verdict run() {
    if (std::holds_alternative<care::SafetyEvent>(question_.entity)) return safety_notice();
    if (facts_.psychotherapy) {
      verdict_.what = What::Never;
      verdict_.reason = "psychotherapy notes never leave, with or without consent";
      return std::move(verdict_);
    }
    // Of the thing as a whole, then of the parts of a plan.
    const bool about = is_substance_use_screening(question_.entity) || facts_.substance_use;
    const bool part2 = facts_.part2 || from_other_programme_ || (about && careful_);
    verdict_.part2 = part2;
    if (!question_.emergency) {
      if (part2) need(kCoversSubstanceUse);
      if (facts_.restricted || privacy_.consent_required) need(about ? kCoversSubstanceUse : kCoversMentalHealth);
    }
    bool parts_about = false;
    if (const auto* plan = std::get_if<care::CarePlan>(&question_.entity)) parts_about = look_into(*plan);
    if (verdict_.part2) attach_notices();
    put_labels(about || parts_about);
    return std::move(verdict_);
  }

 private:
  void gather() {
    for (const Ancestor& ancestor : question_.ancestors) {
      const LabelFacts facts = facts_of(ancestor.labels);
      facts_.part2 |= facts.part2;
      facts_.substance_use |= facts.substance_use;
      facts_.psychotherapy |= facts.psychotherapy || ancestor.psychotherapy_note;
      facts_.restricted |= facts.restricted;
      came_from(ancestor.source.system);
    }
    if (const care::Source* source = source_of(question_.entity)) came_from(source->system);
    careful_ = privacy_.practice != Part2::No || from_programme_;
  }

  void came_from(std::string_view system) {
    if (!is_one_of(privacy_.part2_sources, system)) return;
    from_programme_ = true;
    from_other_programme_ |= system != question_.destination;
  }

  // A notice carries the minimum: that, when and which rule. Not the answer, nor what it was read from.
  Verdict safety_notice() {
    auto& event = std::get<care::SafetyEvent>(verdict_.entity);
    const auto take_out = [this](std::string_view element, std::string& value) {
      if (value.empty()) return;
      value.clear();
      verdict_.redactions.push_back({"SafetyEvent." + std::string(element), "a safety notice carries the minimum"});
    };
    take_out("note", event.note);
    take_out("derivedFrom", event.derived_from);
    const auto* instrument = care::find_instrument(std::string_view(event.rule).substr(0, event.rule.find('.')));
    if (instrument != nullptr && instrument->substance_use) take_out("rule", event.rule);
    verdict_.labels = labels_of(verdict_.entity, {});
    const LabelFacts facts = facts_of(verdict_.labels);
    assert(!facts.substance_use && !facts.part2);
    static_cast<void>(facts);
    return std::move(verdict_);
  }

  void hold(std::string why) {
    if (verdict_.what == What::Hold) return;  // the first reason stands
    verdict_.what = What::Hold;
    verdict_.reason = std::string(kHeldByConsent) + " " + std::move(why);
  }

  void need(std::string_view covers) {
    const Permission asked = permission(question_.consents, question_.unread_consent, covers, question_.now);
    if (asked.consent == nullptr) {
      hold(asked.why + because(covers));
    } else if (consent_ == nullptr || covers == kCoversSubstanceUse) {
      consent_ = asked.consent;
    }
  }

  // Why it is asked for at all.
  std::string because(std::string_view covers) const {
    if (covers == kCoversMentalHealth) {
      return facts_.restricted ? " (restricted by its security labels)" : " (sources[].consent_required)";
    }
    if (facts_.part2) return " (labelled 42 CFR Part 2)";
    if (from_programme_) return " (from a Part 2 programme, sources[].part2)";
    if (privacy_.practice == Part2::Unstated) {
      return " (privacy.part2_program is unstated, which counts as a programme)";
    }
    if (privacy_.practice == Part2::Yes) return " (the practice is a Part 2 programme)";
    return facts_.restricted ? " (restricted by its security labels)" : " (sources[].consent_required)";
  }

  bool look_into(const care::CarePlan& plan) {
    const Permission substance =
        permission(question_.consents, question_.unread_consent, kCoversSubstanceUse, question_.now);
    const Permission mental =
        permission(question_.consents, question_.unread_consent, kCoversMentalHealth, question_.now);
    PlanRules rules{careful_, substance.consent != nullptr, mental.consent != nullptr,
                    substance.why + because(kCoversSubstanceUse), mental.why};
    care::CarePlan ours = plan;
    if (!privacy_.redisclosure_notice.empty()) {  // travelled with it before, and came back as a note
      std::erase_if(ours.notes,
                    [this](const std::string& note) { return note.starts_with(privacy_.redisclosure_notice); });
    }
    GuardedPlan guarded = guard_plan(ours, question_, rules);
    if (!guarded.for_a_person.empty()) {
      hold(guarded.for_a_person + " speaks of what may not leave and stands at the EHR: a person must decide");
    }
    if (guarded.empty) hold("nothing of the plan may leave: " + guarded.redactions.front().why);
    verdict_.entity = std::move(guarded.plan);
    verdict_.redactions = std::move(guarded.redactions);
    part_labels_ = std::move(guarded.labels);
    if (guarded.part2) {
      verdict_.part2 = true;
      if (consent_ == nullptr || substance.consent != nullptr) consent_ = substance.consent;
    }
    return guarded.substance_use;
  }

  void attach_notices() {
    const auto& notice = privacy_.redisclosure_notice;
    const auto& scope = privacy_.consent_scope;
    if (!question_.emergency && notice.empty()) {
      hold("the notice that travels with Part 2 data is not configured (privacy.redisclosure_notice)");
    }
    if (!question_.emergency && scope.empty()) {
      hold("the text on the consent that travels with Part 2 data is not configured (privacy.consent_scope)");
    }
    if (verdict_.what != What::Send) return;
    if (!notice.empty()) verdict_.notices.redisclosure = notice;
    if (!scope.empty() && consent_ != nullptr) verdict_.notices.scope = scope_text(scope, *consent_);
  }

  void put_labels(bool about) {
    std::vector<std::vector<care::Code>> all = {labels_of(verdict_.entity, label_policy(privacy_.practice))};
    for (const Ancestor& ancestor : question_.ancestors) all.push_back(ancestor.labels);
    for (auto& labels : part_labels_) all.push_back(std::move(labels));
    if (about)
      all.push_back(substance_use_labels({verdict_.part2}));
    else if (verdict_.part2)
      all.push_back(part2_labels());
    verdict_.labels = joined(all);
  }

  const GuardQuestion& question_;
  const Privacy& privacy_;
  Verdict verdict_;
  LabelFacts facts_{};
  bool from_programme_ = false;
  bool from_other_programme_ = false;
  bool careful_ = false;
  const care::Consent* consent_ = nullptr;  // that lets it pass
  std::vector<std::vector<care::Code>> part_labels_;
};

}  // namespace

bool is_protected(const Verdict& verdict) {
  const LabelFacts facts = facts_of(verdict.labels);
  return facts.part2 || facts.substance_use;
}

Verdict judge(const GuardQuestion& question) { return Judge(question).run(); }

}  // namespace bhi::flow
