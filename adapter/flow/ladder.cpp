#include "flow/ladder.h"

#include <algorithm>
#include <array>

namespace bhi::flow {

namespace {

constexpr std::string_view kAnswers = "questionnaire-response";
constexpr std::string_view kScore = "screening-result";
constexpr std::string_view kPanel = "screening-panel";

constexpr std::array kArtifacts = std::to_array<Artifact>({
    {"care-plan", "CarePlan", "care-to-care-plan", "CarePlan", Follow::Update},
    {"care-plan-activity", "CarePlan", "care-to-plan-activity", "ServiceRequest", Follow::Update, true},
    {"care-plan-document", "CarePlan", "care-to-plan-document", "DocumentReference", Follow::Replace},
    {"care-plan-goal", "CarePlan", "care-to-plan-goal", "Goal", Follow::Update, true},
    {"care-plan-notice", "CarePlan", "care-to-plan-notice", "Communication", Follow::Tell},
    {"care-plan-problem", "CarePlan", "care-to-plan-problem", "Condition", Follow::Update, true},
    {"care-plan-task", "CarePlan", "care-to-plan-task", "Task", Follow::Update},
    {"questionnaire-response", "Screening", "care-to-questionnaire-response", "QuestionnaireResponse", Follow::Update},
    {"safety", "SafetyEvent", "care-to-flag", "Flag", Follow::Update},
    {"safety-document", "SafetyEvent", "care-to-safety-document", "DocumentReference", Follow::Replace},
    {"safety-notice", "SafetyEvent", "care-to-safety-notice", "Communication", Follow::Tell},
    {"safety-request", "SafetyEvent", "care-to-safety-request", "CommunicationRequest", Follow::Update},
    {"safety-task", "SafetyEvent", "care-to-safety-task", "Task", Follow::Update},
    {"screening-document", "Screening", "care-to-screening-document", "DocumentReference", Follow::Replace},
    {"screening-panel", "Screening", "care-to-screening-panel", "Observation", Follow::Update},
    {"screening-result", "Screening", "care-to-observation", "Observation", Follow::Update},
});
static_assert(std::ranges::is_sorted(kArtifacts, {}, &Artifact::name));

const std::vector<Rung>& rungs() {
  static const std::vector<Rung> table = {
      {"care-plan", "CarePlan", {"care-plan"}},
      {"care-plan", kParts, {"care-plan-problem", "care-plan-activity"}, {"care-plan-goal"}, true},
      {"care-plan", "DocumentReference", {"care-plan-document"}},
      {"care-plan", "Communication", {"care-plan-notice"}},
      {"care-plan", "Task", {"care-plan-task"}},
      {"care-plan", kOutboxFile},
      {"safety", "Flag", {"safety"}},
      {"safety", "Communication", {"safety-notice"}},
      {"safety", "CommunicationRequest", {"safety-request"}},
      {"safety", "Task", {"safety-task"}},
      {"safety", "DocumentReference", {"safety-document"}},
      {"screening-result", "QuestionnaireResponse", {"questionnaire-response"}, {"screening-result", kPanel}},
      {"screening-result", "Observation", {"screening-result"}, {kPanel}},
      {"screening-result", "DocumentReference", {"screening-document"}},
      {"screening-result", kOutboxFile},
  };
  return table;
}

bool contains(const auto& list, std::string_view one) { return std::ranges::find(list, one) != list.end(); }

std::string interaction_of(const Artifact& artifact, bool there, const Capabilities& capabilities) {
  const TypeCapability* type = capabilities.of(artifact.type);
  const bool changes = there && artifact.follow != Follow::Tell;
  const bool replaces = changes && artifact.follow == Follow::Replace && (type == nullptr || !type->update);
  return std::string(artifact.type) + (changes && !replaces ? " update" : " create");
}

// Why this resource cannot say what is to be said; empty when it can.
std::string why_silent(const Artifact& artifact, const Standing& standing, const Capabilities& capabilities) {
  if (contains(standing.in_step, artifact.name)) return {};
  const bool there = contains(standing.there, artifact.name);
  if (!there && standing.taken_back && !standing.there.empty() && artifact.follow == Follow::Update) {
    return "no " + std::string(artifact.type) + " of it is there to be taken back";
  }
  return why_not(artifact, there, capabilities);
}

void add_once(std::vector<std::string>& interactions, std::string one) {
  if (!contains(interactions, one)) interactions.push_back(std::move(one));
}

// One resource for each part of the plan at hand: some are new, some change, some do neither. A plan may have none.
std::string judge_each(const Artifact& artifact, const Standing& standing, const Capabilities& capabilities,
                       Judged& judged) {
  for (const PartNeeds& needs : *standing.parts) {
    if (needs.artifact != artifact.name || !(needs.there || needs.create || needs.update)) continue;
    std::string why = needs.create ? why_not(artifact, false, capabilities) : std::string();
    if (why.empty() && needs.update) why = why_not(artifact, true, capabilities);
    if (!why.empty()) return why;
    judged.parts.push_back(artifact.name);
    if (needs.create) add_once(judged.interactions, interaction_of(artifact, false, capabilities));
    if (needs.update) add_once(judged.interactions, interaction_of(artifact, true, capabilities));
  }
  return {};
}

void judge_each_of(const Rung& rung, const Standing& standing, const Capabilities& capabilities, Judged& judged) {
  judged.why = standing.why_no_parts;
  for (const std::string_view name : rung.parts) {
    if (judged.why.empty()) judged.why = judge_each(*find_artifact(name), standing, capabilities, judged);
  }
  if (!judged.why.empty()) return;
  std::string left_out;
  for (const std::string_view name : rung.companions) {
    left_out = judge_each(*find_artifact(name), standing, capabilities, judged);
    if (!left_out.empty()) judged.why = "without the companion: " + left_out;
  }
  judged.fits = !judged.parts.empty();
  if (!judged.fits)
    judged.why = "the plan has no open part of its own that could be told so" +
                 (left_out.empty() ? std::string() : "; " + judged.why);
}

void judge_parts(const Rung& rung, const Standing& standing, const Capabilities& capabilities,
                 const WritingWishes& wishes, Judged& judged) {
  for (const std::string_view name : rung.parts) {
    const Artifact& artifact = *find_artifact(name);
    const bool there = contains(standing.there, name);
    if (judged.why = why_silent(artifact, standing, capabilities); !judged.why.empty()) return;
    judged.parts.push_back(name);
    if (!contains(standing.in_step, name)) judged.interactions.push_back(interaction_of(artifact, there, capabilities));
  }
  judged.fits = true;
  // The panel is the form of a screening whose answers the EHR has in no other.
  const bool answers_there = standing.answers_there || contains(standing.there, kAnswers);
  const bool stands_alone = contains(rung.parts, kScore) && !answers_there;
  for (const std::string_view name : rung.companions) {
    const Artifact& artifact = *find_artifact(name);
    const bool there = contains(standing.there, name);
    if (name == kPanel && !there && !wishes.panel && !stands_alone) continue;
    const std::string why = why_silent(artifact, standing, capabilities);
    std::string interaction = interaction_of(artifact, there, capabilities);
    if (why.empty()) {
      judged.parts.push_back(name);
      if (contains(standing.in_step, name)) continue;
      if (!contains(judged.interactions, interaction)) judged.interactions.push_back(std::move(interaction));
    } else if (judged.why.find(why) == std::string::npos) {
      judged.why += (judged.why.empty() ? "without the companion: " : "; ") + why;
    }
  }
}

bool is_opted_in(const Rung& rung, const WritingWishes& wishes) {
  const auto own = wishes.rungs.find(rung.artifact);
  return (rung.name == kParts && wishes.parts) || (own != wishes.rungs.end() && contains(own->second, rung.name));
}

Judged judge(const Rung& rung, const Standing& standing, const Capabilities& capabilities,
             const WritingWishes& wishes) {
  Judged judged{&rung, false, {}, {}, {}};
  if (rung.name == kOutboxFile) {
    judged.fits = wishes.outbox_files;
    judged.why = judged.fits ? "not filed until a person says so" : "no folder for outbox files is configured";
  } else if (rung.by_opt_in && !is_opted_in(rung, wishes)) {
    judged.why = "discrete parts: not opted in to";
  } else if (rung.name == kParts && standing.parts) {
    judge_each_of(rung, standing, capabilities, judged);
  } else if (standing.answers_there && contains(rung.parts, "questionnaire-response")) {
    judged.why = "the answers came from this EHR";
  } else {
    judge_parts(rung, standing, capabilities, wishes, judged);
  }
  return judged;
}

// The ladder in the site's order, or as it is.
std::vector<const Rung*> wished(std::string_view artifact, const WritingWishes& wishes) {
  std::vector<const Rung*> list;
  const auto own = wishes.rungs.find(artifact);
  const bool as_it_is = own == wishes.rungs.end() || own->second.empty();
  for (const Rung& rung : ladder_of(artifact)) {
    if (as_it_is || contains(own->second, rung.name)) list.push_back(&rung);
  }
  if (!as_it_is) {
    std::ranges::sort(list, {}, [&](const Rung* rung) { return std::ranges::find(own->second, rung->name); });
  }
  return list;
}

}  // namespace

const Artifact* find_artifact(std::string_view name) {
  const auto found = std::ranges::lower_bound(kArtifacts, name, {}, &Artifact::name);
  return found == kArtifacts.end() || found->name != name ? nullptr : &*found;
}

std::vector<std::string_view> written_types() {
  std::vector<std::string_view> types;
  for (const Artifact& artifact : kArtifacts) {
    if (!contains(types, artifact.type)) types.push_back(artifact.type);
  }
  return types;
}

std::vector<std::string_view> written_types(const WritingWishes& wishes) {
  std::vector<std::string_view> types;
  for (const std::string_view artifact : {"care-plan", "safety", "screening-result"}) {
    for (const Rung* rung : wished(artifact, wishes)) {
      if (rung->by_opt_in && !is_opted_in(*rung, wishes)) continue;
      for (const auto* names : {&rung->parts, &rung->companions}) {
        for (const std::string_view name : *names) {
          const std::string_view type = find_artifact(name)->type;
          if (!contains(types, type)) types.push_back(type);
        }
      }
    }
  }
  return types;
}

std::span<const Rung> ladder_of(std::string_view artifact) {
  const auto found = std::ranges::equal_range(rungs(), artifact, {}, &Rung::artifact);
  return {found.begin(), found.end()};
}

std::string why_not(const Artifact& artifact, bool there, const Capabilities& capabilities) {
  const std::string type(artifact.type);
  const TypeCapability* declared = capabilities.of(type);
  if (declared == nullptr) return type + " is not declared by the EHR";
  const bool changes = there && artifact.follow != Follow::Tell;
  if (changes && declared->update) return {};
  const bool may_be_new = !changes || artifact.follow == Follow::Replace;
  if (may_be_new && declared->create) return {};
  const std::string act = may_be_new ? " create" : " update";
  const std::string& withheld = may_be_new ? declared->create_withheld : declared->update_withheld;
  return type + act + (withheld.empty() ? " is not declared by the EHR" : ": " + withheld);
}

WritePlan plan_write(std::string_view artifact, const Standing& standing, const Capabilities& capabilities,
                     const WritingWishes& wishes) {
  WritePlan plan;
  plan.artifact = artifact;
  for (const Rung* rung : wished(artifact, wishes)) {
    plan.ladder.push_back(judge(*rung, standing, capabilities, wishes));
    if (!plan.chosen && plan.ladder.back().fits) plan.chosen = plan.ladder.size() - 1;
  }
  if (!plan.chosen || !contains(wishes.twice, artifact)) return plan;
  for (std::size_t i = *plan.chosen + 1; i < plan.ladder.size(); ++i) {
    if (plan.ladder[i].fits && plan.ladder[i].rung->name == "DocumentReference") plan.beside = i;
  }
  return plan;
}

std::string WritePlan::why_not() const {
  std::string text = "no rung";
  for (const Judged& judged : ladder) {
    if (!judged.fits) text += (&judged == &ladder.front() ? ": " : "; ") + std::string(judged.why);
  }
  return text;
}

}  // namespace bhi::flow
