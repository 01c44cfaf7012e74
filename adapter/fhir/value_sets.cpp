#include "fhir/value_sets.h"

#include "fhir/json.h"

#include <algorithm>

namespace bhi::fhir {

Result<ValueSets> ValueSets::read(std::string text) {
  BHI_TRY(const DocumentPtr document, read_json(std::move(text)));
  ValueSets made;
  for (const Member& value_set : document->root().members()) {
    Systems& systems = made.sets_[std::string(value_set.name->text)];
    for (const Member& system : value_set.value.members()) {
      if (!system.value.is_array()) {
        return Error{Kind::Incorrect, "expected a list of codes for " + std::string(system.name->text) + " in " +
                                          std::string(value_set.name->text) + ", found something else"};
      }
      Codes& codes = systems[std::string(system.name->text)];
      for (const Node& code : system.value.elements()) codes.emplace(code.text());
    }
    if (systems.empty()) {
      return Error{Kind::Incorrect,
                   "expected the code systems of " + std::string(value_set.name->text) + ", found none"};
    }
  }
  return made;
}

std::optional<bool> ValueSets::contains(std::string_view value_set, std::string_view system,
                                        std::string_view code) const {
  const auto found = sets_.find(value_set.substr(0, value_set.find('|')));
  if (found == sets_.end()) return std::nullopt;
  if (!system.empty()) {
    const auto codes = found->second.find(system);
    return codes != found->second.end() && codes->second.contains(code);
  }
  return std::ranges::any_of(found->second, [&](const auto& one) { return one.second.contains(code); });
}

}  // namespace bhi::fhir
