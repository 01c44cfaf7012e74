#include "mapping/type_names.h"

#include "fhirpath/suggestion.h"

namespace bhi::mapping {

namespace {

constexpr std::string_view kVersionedR4 = "http://hl7.org/fhir/4.0/StructureDefinition/";
constexpr std::string_view kFhir = "http://hl7.org/fhir/StructureDefinition/";

std::string_view last_segment(std::string_view url) {
  const std::size_t slash = url.rfind('/');
  return slash == std::string_view::npos ? url : url.substr(slash + 1);
}

}  // namespace

const fhir::TypeInfo* find_type(const fhir::Types& types, std::string_view name_or_url) {
  if (const std::size_t bar = name_or_url.find('|'); bar != std::string_view::npos)
    name_or_url = name_or_url.substr(0, bar);
  if (name_or_url.starts_with(kVersionedR4)) {
    return types.find(std::string(kFhir) + std::string(name_or_url.substr(kVersionedR4.size())));
  }
  if (name_or_url.starts_with("FHIR.")) name_or_url.remove_prefix(5);
  return types.find(name_or_url);
}

const StructureUse* TypeNames::find_use(std::string_view name) const {
  const StructureUse* used = nullptr;
  for (const StructureUse& use : map_.uses) {
    if (use.alias == name) used = &use;
  }
  for (const StructureUse& use : map_.uses) {
    if (used == nullptr && use.alias.empty() && last_segment(use.url) == name) used = &use;
  }
  return used;
}

const fhir::TypeInfo* TypeNames::find(std::string_view name, std::string& why) const {
  const StructureUse* used = find_use(name);
  if (used != nullptr) {
    if (const fhir::TypeInfo* found = find_type(types_, used->url)) return found;
    why =
        "expected the definition of '" + used->url + "' (type '" + std::string(name) + "'), found none that is loaded";
    return nullptr;
  }
  if (const fhir::TypeInfo* found = find_type(types_, name)) return found;
  why = "expected a type, found '" + std::string(name) + "'" + suggest(name);
  return nullptr;
}

std::string TypeNames::suggest(std::string_view name) const {
  std::vector<std::string_view> known = types_.names();
  for (const StructureUse& use : map_.uses) {
    if (!use.alias.empty()) known.push_back(use.alias);
  }
  return fhirpath::suggestion(name, known);
}

}  // namespace bhi::mapping
