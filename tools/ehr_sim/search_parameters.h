// The one table of what can be searched: resource type, parameter, kind, elements. The search, the CapabilityStatement
// and the check for unknown parameters all read it; a type without a row does not exist on this server.
// https://hl7.org/fhir/R4/searchparameter-registry.html
#pragma once

#include <span>
#include <string_view>

namespace bhi::sim {

enum class ParameterKind { Token, Reference, Date, String, Uri, Canonical };

// As a CapabilityStatement says it: "token", "reference", ...
std::string_view name(ParameterKind kind);

struct SearchParameter {
  std::string_view type;  // empty: every type
  std::string_view name;
  ParameterKind kind;
  std::string_view paths;        // JSON element paths below the resource, separated by '|'
  std::string_view target = {};  // of a reference: the only type meant ("patient"); empty: any
};

// Types of this server, sorted.
std::span<const std::string_view> resource_types();
bool is_resource_type(std::string_view type);

// Rows of the type itself, then ask also for those of every type ("").
std::span<const SearchParameter> parameters_of(std::string_view type);
// Null when this type cannot be searched by it.
const SearchParameter* find_parameter(std::string_view type, std::string_view name);

}  // namespace bhi::sim
