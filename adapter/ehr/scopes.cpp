#include "ehr/scopes.h"

#include <algorithm>
#include <array>

namespace bhi::ehr {

namespace {

struct ActRow {
  Act act;
  std::string_view v1;
  char v2;
  bool flow::TypeCapability::*allowed;
  std::string flow::TypeCapability::*withheld;
};
constexpr std::array kActs = std::to_array<ActRow>({
    {Act::Read, "read", 'r', &flow::TypeCapability::read, &flow::TypeCapability::read_withheld},
    {Act::Search, "read", 's', &flow::TypeCapability::search, &flow::TypeCapability::read_withheld},
    {Act::Create, "write", 'c', &flow::TypeCapability::create, &flow::TypeCapability::create_withheld},
    {Act::Update, "write", 'u', &flow::TypeCapability::update, &flow::TypeCapability::update_withheld},
});

const ActRow& row_of(Act act) { return *std::ranges::find(kActs, act, &ActRow::act); }

std::string scope_of(std::string_view type, const ActRow& act, ScopeVersion version) {
  const std::string start = "system/" + std::string(type) + ".";
  if (version == ScopeVersion::V1) return start + std::string(act.v1);
  return start + (act.allowed == &flow::TypeCapability::read || act.allowed == &flow::TypeCapability::search
                      ? std::string("rs")
                      : std::string(1, act.v2));
}

void add(std::vector<std::string>& list, std::string text) {
  if (!text.empty() && std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

// https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
bool covers(std::string_view scope, std::string_view type, const ActRow& act) {
  constexpr std::string_view kSystem = "system/";
  if (!scope.starts_with(kSystem)) return false;
  scope.remove_prefix(kSystem.size());
  scope = scope.substr(0, scope.find('?'));
  const auto dot = scope.find('.');
  if (dot == std::string_view::npos || (scope.substr(0, dot) != "*" && scope.substr(0, dot) != type)) return false;
  const std::string_view rights = scope.substr(dot + 1);
  if (rights == "*" || rights == act.v1) return true;
  const bool v2 = !rights.empty() && rights.find_first_not_of("cruds") == std::string_view::npos;
  return v2 && rights.find(act.v2) != std::string_view::npos;
}

}  // namespace

std::string scopes_for(std::span<const ScopeLane> lanes, ScopeVersion version, std::span<const std::string> more) {
  std::vector<std::string> scopes;
  for (const ScopeLane& lane : lanes) {
    if (lane.read) add(scopes, scope_of(lane.type, row_of(Act::Search), version));
    if (!lane.write) continue;
    add(scopes, scope_of(lane.type, row_of(Act::Create), version));
    add(scopes, scope_of(lane.type, row_of(Act::Update), version));
  }
  for (const std::string& one : more) add(scopes, one);
  std::string text;
  for (const std::string& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

Grant::Grant(std::string_view scopes) {
  while (!scopes.empty()) {
    const auto end = std::min(scopes.find(' '), scopes.size());
    add(scopes_, std::string(scopes.substr(0, end)));
    scopes.remove_prefix(std::min(end + 1, scopes.size()));
  }
}

bool Grant::allows(std::string_view type, Act act) const {
  return std::ranges::any_of(scopes_, [&](const std::string& scope) { return covers(scope, type, row_of(act)); });
}

void narrow(flow::Capabilities& capabilities, const Grant& grant, ScopeVersion version) {
  for (flow::TypeCapability& type : capabilities.types) {
    for (const ActRow& row : kActs) {
      if (!(type.*row.allowed) || grant.allows(type.type, row.act)) continue;
      type.*row.allowed = false;
      type.*row.withheld = "the scope " + scope_of(type.type, row, version) + " was not granted";
    }
  }
}

}  // namespace bhi::ehr
