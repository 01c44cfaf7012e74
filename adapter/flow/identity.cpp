#include "flow/identity.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace bhi::flow {

namespace {

using care::Patient;

std::set<std::string> words_of(std::string_view name) {
  std::set<std::string> words;
  std::string word;
  for (const char c : name) {
    const bool between = c == ' ' || c == ',' || c == '.' || c == '-' || c == '\t';
    if (!between) word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (between && !word.empty()) words.insert(std::exchange(word, {}));
  }
  if (!word.empty()) words.insert(word);
  return words;
}

// Half a date ("1980", "1980-05") fits every date that begins with it.
bool dates_differ(std::string_view a, std::string_view b) {
  const auto known = std::min(a.size(), b.size());
  return a.substr(0, known) != b.substr(0, known);
}

bool genders_differ(std::string_view a, std::string_view b) {
  const auto stated = [](std::string_view gender) { return gender == "male" || gender == "female"; };
  return stated(a) && stated(b) && a != b;
}

bool names_differ(std::string_view a, std::string_view b) {
  const auto first = words_of(a), second = words_of(b);
  return !first.empty() && !second.empty() &&
         std::ranges::none_of(first, [&second](const std::string& word) { return second.contains(word); });
}

// Why these records are not simply one person; empty when nothing speaks against it.
std::string doubt(const std::vector<const Patient*>& group) {
  const auto any_two = [&group](auto differ) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t j = i + 1; j < group.size(); ++j) {
        if (differ(*group[i], *group[j])) return true;
      }
    }
    return false;
  };
  if (any_two([](const Patient& a, const Patient& b) { return a.source.system == b.source.system; })) {
    return "two records of one source have the same identifier";
  }
  if (any_two([](const Patient& a, const Patient& b) { return dates_differ(a.birth_date, b.birth_date); })) {
    return "the same identifier, but the birth dates differ";
  }
  if (any_two([](const Patient& a, const Patient& b) { return genders_differ(a.gender, b.gender); })) {
    return "the same identifier, but the genders differ";
  }
  if (any_two([](const Patient& a, const Patient& b) { return names_differ(a.name, b.name); })) {
    return "the same identifier, but the names have no word in common";
  }
  return {};
}

}  // namespace

Identities identities_of(std::span<const Patient> patients, std::span<const std::string> systems) {
  std::vector<std::size_t> leader(patients.size());
  std::iota(leader.begin(), leader.end(), std::size_t{0});
  const auto lead = [&leader](std::size_t at) {
    while (leader[at] != at) at = leader[at] = leader[leader[at]];
    return at;
  };
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> first_with;
  std::map<std::size_t, std::string> shared;  // a system, by a member of the group
  for (std::size_t i = 0; i < patients.size(); ++i) {
    if (!patients[i].replaced_by.empty()) continue;
    for (const care::Code& identifier : patients[i].identifiers) {
      if (identifier.code.empty() || std::ranges::find(systems, identifier.system) == systems.end()) continue;
      const auto [found, fresh] = first_with.try_emplace({identifier.system, identifier.code}, i);
      if (fresh || found->second == i) continue;
      leader[lead(i)] = lead(found->second);
      shared[i] = identifier.system;
    }
  }
  std::map<std::size_t, std::vector<const Patient*>> groups;
  std::map<std::size_t, std::string> system_of;
  for (std::size_t i = 0; i < patients.size(); ++i) groups[lead(i)].push_back(&patients[i]);
  for (const auto& [member, system] : shared) system_of[lead(member)] = system;

  Identities identities;
  for (auto& [at, group] : groups) {
    if (group.size() < 2) continue;
    std::vector<std::string> ids;
    for (const Patient* patient : group) ids.push_back(patient->id);
    std::ranges::sort(ids);
    if (std::string reason = doubt(group); !reason.empty()) {
      identities.reviews.push_back({std::move(reason), system_of[at], std::move(ids)});
    } else {
      identities.links.push_back({std::move(ids)});
    }
  }
  std::ranges::sort(identities.links, {}, &SamePerson::patients);
  std::ranges::sort(identities.reviews, {}, &IdentityReview::patients);
  return identities;
}

}  // namespace bhi::flow
