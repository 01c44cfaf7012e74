#include "ehr/capability.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace bhi::ehr {

namespace {

struct Interaction {
  std::string_view code;
  bool flow::TypeCapability::*allows;
};
constexpr std::array kInteractions = std::to_array<Interaction>({
    {"create", &flow::TypeCapability::create},
    {"read", &flow::TypeCapability::read},
    {"search-type", &flow::TypeCapability::search},
    {"update", &flow::TypeCapability::update},
});

// R4 and R4B resources of our kinds read alike; R5 and STU3 do not.
bool is_supported_version(std::string_view version) {
  return version == "4.0" || version == "4.3" || version.starts_with("4.0.") || version.starts_with("4.3.");
}

void add_names(const fhir::Node* list, std::vector<std::string>& names) {
  for (const fhir::Node& element : fhir::each(list)) {
    std::string_view name = element.text_of("name");
    if (name.starts_with('$')) name.remove_prefix(1);
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
}

flow::TypeCapability type_from(const fhir::Node& resource, const fhir::Node* common_parameters) {
  flow::TypeCapability type;
  type.type = resource.text_of("type");
  for (const fhir::Node& interaction : fhir::each(resource.find("interaction"))) {
    const auto found = std::ranges::find(kInteractions, interaction.text_of("code"), &Interaction::code);
    if (found != kInteractions.end()) type.*found->allows = true;
  }
  const fhir::Node* conditional = resource.find("conditionalCreate");
  type.conditional_create = conditional != nullptr && conditional->text() == "true";
  add_names(resource.find("searchParam"), type.search_params);
  add_names(common_parameters, type.search_params);
  add_names(resource.find("operation"), type.operations);
  return type;
}

// Bulk Data's operation by name or by definition: "export", "group-export", ".../OperationDefinition/patient-export".
bool declares_export(const fhir::Node& place) {
  return std::ranges::any_of(fhir::each(place.find("operation")), [](const fhir::Node& operation) {
    const std::string_view name = operation.text_of("name");
    return name.ends_with("export") || operation.text_of("definition").ends_with("export");
  });
}

// Versions are texts of others that end up in messages and on screens.
std::string short_text(std::string_view text) {
  std::string kept(text.substr(0, 60));
  std::ranges::replace_if(
      kept, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return kept;
}

}  // namespace

Result<flow::Capabilities> capabilities_from(const fhir::Node& statement) {
  const std::string_view type = fhir::resource_type(statement);
  if (type != "CapabilityStatement") {
    return Error{Kind::Incorrect, "metadata: expected a CapabilityStatement, found " +
                                      (type.empty() ? std::string("JSON without resourceType") : short_text(type))};
  }
  flow::Capabilities capabilities;
  capabilities.fhir_version = short_text(statement.text_of("fhirVersion"));
  if (!is_supported_version(capabilities.fhir_version)) {
    return Error{Kind::Unsupported, "metadata: expected fhirVersion 4.0.x or 4.3.x, found " +
                                        (capabilities.fhir_version.empty() ? "none" : capabilities.fhir_version)};
  }
  if (const fhir::Node* software = statement.find("software")) {
    capabilities.software = short_text(software->text_of("name"));
    const std::string version = short_text(software->text_of("version"));
    if (!version.empty()) capabilities.software += " " + version;
  }
  for (const fhir::Node& rest : fhir::each(statement.find("rest"))) {
    if (rest.text_of("mode") != "server") continue;
    if (declares_export(rest)) capabilities.exports.emplace_back("system");
    for (const fhir::Node& resource : fhir::each(rest.find("resource"))) {
      const std::string_view exported = resource.text_of("type");
      if (exported == "Patient" && declares_export(resource)) capabilities.exports.emplace_back("patient");
      if (exported == "Group" && declares_export(resource)) capabilities.exports.emplace_back("group");
      if (!resource.text_of("type").empty()) {
        capabilities.types.push_back(type_from(resource, rest.find("searchParam")));
      }
    }
    break;
  }
  return capabilities;
}

}  // namespace bhi::ehr
