#include "flow/safety_fields.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::array<std::string_view, 7> kWords = {"safetyplan", "crisisplan",  "suicid",      "selfharm",
                                                    "selfinjur",  "lethalmeans", "stanleybrown"};
constexpr std::array<std::string_view, 3> kNaming = {"title", "category", "description"};

bool says_so(std::string_view text) {
  std::string letters;  // "Safety-plan", "safety plan" and "SafetyPlan" are one
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') letters += c;
  }
  return std::ranges::any_of(kWords,
                             [&letters](std::string_view word) { return letters.find(word) != std::string::npos; });
}

bool speaks_of_safety(const Node& node) {
  if (node.is_string()) return says_so(node.text());
  return std::ranges::any_of(node.elements(), speaks_of_safety) ||
         std::ranges::any_of(node.members(), [](const Member& member) { return speaks_of_safety(member.value); });
}

bool is_safety_plan(const Node& plan) {
  return std::ranges::any_of(kNaming, [&plan](std::string_view name) {
    const Node* member = plan.find(name);
    return member != nullptr && speaks_of_safety(*member);
  });
}

bool holds(const Node* list, const Node& element) {
  return std::ranges::any_of(fhir::each(list), [&element](const Node& other) { return fhir::same(other, element); });
}

// Elements of `here` that are not in `there`.
void add_missing(const Node& here, const Node* there, bool all, const std::string& path,
                 std::vector<std::string>& paths) {
  const auto elements = fhir::each(&here);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if ((!all && !speaks_of_safety(elements[i])) || holds(there, elements[i])) continue;
    std::string one = path;
    if (here.is_array()) one += "[" + std::to_string(i) + "]";
    if (std::ranges::find(paths, one) == paths.end()) paths.push_back(std::move(one));
  }
}

}  // namespace

std::vector<std::string> safety_edits(const Node& then, const Node& now) {
  std::vector<std::string> paths;
  const bool all = is_safety_plan(then) || is_safety_plan(now);
  const auto compare = [&](const Node& here, const Node& other) {
    for (const Member& member : here.members()) {
      const std::string_view name = member.name->text;
      if (name == "meta" || name == "text" || name == "id" || name == "identifier") continue;
      add_missing(member.value, other.find(*member.name), all, "CarePlan." + std::string(name), paths);
    }
  };
  compare(now, then);
  compare(then, now);
  return paths;
}

}  // namespace bhi::flow
