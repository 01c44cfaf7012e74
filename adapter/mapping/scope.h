// The names that a rule may use: parameters of its group, variables of the rules around it, constants of its map.
#pragma once

#include "fhir/types.h"
#include "mapping/compiled.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

struct ScopeEntry {
  std::string name;
  ParameterMode mode = ParameterMode::Source;
  std::uint32_t slot = VariableUse::kNone;
  const fhir::TypeInfo* type = nullptr;  // null: not known before the run
  Place at;
  bool used = false;
};

class Scope {
 public:
  explicit Scope(const std::vector<Constant>& constants) : constants_(constants) {}

  std::uint32_t add(std::string name, ParameterMode mode, const fhir::TypeInfo* type, const Place& at = {});
  // Variables added later than `mark` go out of scope; their slots are used again.
  std::size_t mark() const { return entries_.size(); }
  void back_to(std::size_t mark);
  std::uint32_t slots() const { return most_slots_; }

  // The innermost variable of that name and mode, which counts as used then; null when there is none.
  const ScopeEntry* find(std::string_view name, ParameterMode mode) const;
  std::span<const ScopeEntry> added_since(std::size_t mark) const { return std::span(entries_).subspan(mark); }
  // As FHIRPath and source contexts see names: a source, else a target, else a constant.
  VariableUse use(std::string_view name) const;
  const fhir::TypeInfo* type_of(std::string_view name) const;

  std::vector<std::string_view> names() const;
  std::vector<std::string_view> names(ParameterMode mode) const;

 private:
  const std::vector<Constant>& constants_;
  mutable std::vector<ScopeEntry> entries_;  // only `used` changes when a name is looked up
  std::uint32_t most_slots_ = 0;
};

}  // namespace bhi::mapping
