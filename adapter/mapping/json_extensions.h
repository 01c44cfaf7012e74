// FHIR's own extensions for what a form of StructureMap has no member for.
// https://hl7.org/fhir/versions.html#extensions,
// https://hl7.org/fhir/extensions/StructureDefinition-cqf-expression.html
#pragma once

#include <string_view>

namespace bhi::mapping {

inline constexpr std::string_view kConstantInR4 =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap.const";
inline constexpr std::string_view kDefaultInR4 =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-StructureMap.group.rule.source.defaultValue";
inline constexpr std::string_view kExpression = "http://hl7.org/fhir/StructureDefinition/cqf-expression";

}  // namespace bhi::mapping
