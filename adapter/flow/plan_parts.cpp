#include "flow/plan_parts.h"

#include "base/arena.h"
#include "base/hash.h"
#include "care/text.h"
#include "fhir/json.h"
#include "flow/binding.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

namespace bhi::flow {

namespace {

using fhir::Node;

// What a part says, for comparing it with another of its artifact.
struct Words {
  std::string_view kind;  // of an activity; of a goal the measure of its first target
  std::vector<care::Code> codes;
  std::string text;
  bool operator==(const Words&) const = default;
};

Words words_of(const LonePart& part) {
  if (!part.activities.empty()) {
    const care::Activity& activity = part.activities.front();
    return {activity.kind, activity.codes, care::lower(activity.description)};
  }
  if (!part.goals.empty()) {
    const care::Goal& goal = part.goals.front();
    const bool measured = !goal.targets.empty();
    const std::string& text = goal.description.empty() && measured ? goal.targets.front().text : goal.description;
    return {measured ? std::string_view(goal.targets.front().measure) : std::string_view(), {}, care::lower(text)};
  }
  if (part.problems.empty()) return {};
  return {{}, part.problems.front().codes, care::lower(part.problems.front().text)};
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == ',' || c == '.';
    if (!blank) words.back() += c;
    if (blank && !words.back().empty()) words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  std::ranges::sort(words);
  return words;
}

bool shares_half(const std::string& a, const std::string& b) {
  const auto of_a = split(a), of_b = split(b);
  std::vector<std::string> both;
  std::ranges::set_intersection(of_a, of_b, std::back_inserter(both));
  return !both.empty() && both.size() * 2 >= std::max(of_a.size(), of_b.size());
}

bool alike(const LonePart& before, const LonePart& now) {
  const Words a = words_of(before), b = words_of(now);
  if (!a.kind.empty() || !b.kind.empty()) return a.kind == b.kind;
  const auto same_code = [&b](const care::Code& one) {
    return std::ranges::any_of(
        b.codes, [&one](const care::Code& other) { return one.system == other.system && one.code == other.code; });
  };
  return std::ranges::any_of(a.codes, same_code) || shares_half(a.text, b.text);
}

// For each of `now` the one of `before` that it is; each is taken once.
std::vector<std::optional<std::size_t>> partners(const std::vector<LonePart>& now,
                                                 const std::vector<LonePart>& before) {
  std::vector<std::optional<std::size_t>> partner(now.size());
  std::vector<bool> taken(before.size(), false);
  for (std::size_t i = 0; i < now.size(); ++i) {
    for (std::size_t j = 0; j < before.size() && !partner[i]; ++j) {
      if (taken[j] || words_of(now[i]) != words_of(before[j])) continue;
      partner[i] = j;
      taken[j] = true;
    }
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (partner[i]) continue;
    std::vector<std::size_t> found;
    for (std::size_t j = 0; j < before.size(); ++j) {
      if (!taken[j] && alike(before[j], now[i])) found.push_back(j);
    }
    const auto others = std::ranges::count_if(now, [&](const LonePart& other) {
      const auto at = static_cast<std::size_t>(&other - now.data());
      return !partner[at] && found.size() == 1 && alike(before[found[0]], other);
    });
    if (found.size() != 1 || others != 1) continue;  // two that may be it: neither is
    partner[i] = found[0];
    taken[found[0]] = true;
  }
  return partner;
}

constexpr auto kOver =
    std::to_array<std::string_view>({"completed", "cancelled", "stopped", "rejected", "revoked", "entered-in-error"});

bool is_over(const std::string& status) { return std::ranges::find(kOver, status) != kOver.end(); }

// An id that tells nothing, and is the same again should the store be lost.
std::string id_of(const LonePart& part, std::string_view plan, std::string_view artifact, int number) {
  const Words words = words_of(part);
  std::string codes;
  for (const care::Code& code : words.codes) codes += code.system + "|" + code.code + ",";
  return std::string(plan) + "." + stable_id({plan, artifact, words.kind, codes, words.text, std::to_string(number)});
}

bool has(const std::vector<PlanPart>& parts, const std::string& id) {
  return std::ranges::any_of(parts, [&id](const PlanPart& one) { return one.said.id == id; });
}

}  // namespace

std::vector<LonePart> parts_of(const care::CarePlan& plan, std::string_view artifact) {
  std::vector<LonePart> parts;
  const auto add = [&](const auto& list, auto member) {
    for (const auto& one : list) {
      if (!one.reference.empty()) continue;  // the EHR holds it
      LonePart part;
      part.patient = plan.patient;
      part.status = plan.status;
      part.intent = plan.intent;
      part.title = plan.title;
      (part.*member).push_back(one);
      const Words words = words_of(part);
      if (!words.text.empty() || !words.codes.empty()) parts.push_back(std::move(part));
    }
  };
  if (artifact == "care-plan-activity") add(plan.activities, &LonePart::activities);
  if (artifact == "care-plan-goal") add(plan.goals, &LonePart::goals);
  if (artifact == "care-plan-problem") add(plan.problems, &LonePart::problems);
  return parts;
}

bool is_over(const LonePart& part) {
  if (is_over(part.status)) return true;
  if (!part.activities.empty()) return is_over(part.activities.front().status);
  return !part.goals.empty() && is_over(part.goals.front().status);
}

std::vector<PlanPart> follow(const std::vector<PlanPart>& roster, const care::CarePlan& plan,
                             const std::vector<LonePart>& theirs, std::string_view artifact) {
  std::vector<LonePart> before;
  for (const PlanPart& one : roster) before.push_back(one.said);
  std::vector<PlanPart> parts = roster;
  for (PlanPart& part : parts) {
    part.removed = true;
    part.said.status = plan.status;
    part.said.intent = plan.intent;
    part.said.title = plan.title;
  }
  std::vector<LonePart> left;
  const auto all = parts_of(plan, artifact);
  const auto ours = partners(all, before);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!ours[i]) {
      left.push_back(all[i]);
      continue;
    }
    PlanPart& part = parts[*ours[i]];
    const std::string id = part.said.id;
    part = {all[i], false};
    part.said.id = id;
  }
  const auto held = partners(left, theirs);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (held[i] || is_over(left[i])) continue;
    PlanPart part{std::move(left[i]), false};
    for (int number = 1; part.said.id.empty() || has(parts, part.said.id); ++number) {
      part.said.id = id_of(part.said, plan.id, artifact, number);
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string roster_text(const std::vector<PlanPart>& roster) {
  std::string text;
  for (const PlanPart& part : roster) {
    text += (text.empty() ? "" : ",") + std::string(R"({"said":)") + to_json(care::Entity(part.said)) +
            (part.removed ? R"(,"removed":true})" : "}");
  }
  return "{\"parts\":[" + text + "]}";
}

Result<std::vector<PlanPart>> roster_from(std::string_view text) {
  std::vector<PlanPart> roster;
  if (text.empty()) return roster;
  BHI_TRY(const auto document, fhir::read_json(std::string(text)));
  for (const Node& one : fhir::each(document->root().find("parts"))) {
    const Node* said = one.find("said");
    if (said == nullptr) return Error{Kind::Incorrect, "roster of plan parts: expected `said`"};
    BHI_TRY(ReadEntity read, entity_from(*said));
    auto* part = std::get_if<care::CarePlan>(&read.entity);
    if (part == nullptr) return Error{Kind::Incorrect, "roster of plan parts: expected a CarePlan"};
    roster.push_back({std::move(*part), one.find("removed") != nullptr});
  }
  return roster;
}

}  // namespace bhi::flow
