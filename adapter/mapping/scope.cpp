#include "mapping/scope.h"

#include <algorithm>

namespace bhi::mapping {

std::uint32_t Scope::add(std::string name, ParameterMode mode, const fhir::TypeInfo* type, const Place& at) {
  const auto slot = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({std::move(name), mode, slot, type, at, false});
  most_slots_ = std::max(most_slots_, slot + 1);
  return slot;
}

void Scope::back_to(std::size_t mark) { entries_.resize(mark); }

const ScopeEntry* Scope::find(std::string_view name, ParameterMode mode) const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->name != name || entry->mode != mode) continue;
    entry->used = true;
    return &*entry;
  }
  return nullptr;
}

VariableUse Scope::use(std::string_view name) const {
  VariableUse found;
  found.name = name;
  const ScopeEntry* entry = find(name, ParameterMode::Source);
  if (entry == nullptr) entry = find(name, ParameterMode::Target);
  if (entry != nullptr) {
    found.slot = entry->slot;
    return found;
  }
  const auto constant = std::ranges::find(constants_, name, &Constant::name);
  if (constant != constants_.end()) found.constant = static_cast<std::uint32_t>(constant - constants_.begin());
  return found;
}

const fhir::TypeInfo* Scope::type_of(std::string_view name) const {
  const ScopeEntry* entry = find(name, ParameterMode::Source);
  if (entry == nullptr) entry = find(name, ParameterMode::Target);
  return entry == nullptr ? nullptr : entry->type;
}

std::vector<std::string_view> Scope::names() const {
  std::vector<std::string_view> all;
  for (const ScopeEntry& entry : entries_) {
    if (!entry.name.empty() && std::ranges::find(all, entry.name) == all.end()) all.push_back(entry.name);
  }
  for (const Constant& constant : constants_) {
    if (std::ranges::find(all, constant.name) == all.end()) all.push_back(constant.name);
  }
  return all;
}

std::vector<std::string_view> Scope::names(ParameterMode mode) const {
  std::vector<std::string_view> all;
  for (const ScopeEntry& entry : entries_) {
    if (entry.mode == mode && !entry.name.empty()) all.push_back(entry.name);
  }
  return all;
}

}  // namespace bhi::mapping
