// Code systems and value sets as Terminology keeps them, read from R4's table or from resources.
//
// The table of R4 is text (fhir_profiles/r4/r4_codes.cpp), one literal a code system, one a value set:
//
//   condition-clinical active(recurrence relapse) inactive(remission resolved)
//        system, then its codes; those below a code stand in parentheses behind it
//   task-intent task-intent | request-intent proposal plan
//        value set, then its parts: a system, then the codes of it that count; none = all
//
// A name without "://" and "urn:" is one of HL7's: "http://hl7.org/fhir/" stands before a system, "@" for
// "http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/ValueSet/" before a value set.
#pragma once

#include "base/result.h"
#include "fhir/node.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace bhi::fhir {

std::span<const std::string_view> r4_code_systems();
std::span<const std::string_view> r4_value_sets();

struct Concept {
  std::vector<std::uint32_t> parents;                           // places in CodeSystem::concepts
  std::vector<std::pair<std::string, std::string>> properties;  // code and value as text
  bool inactive = false;
};

struct CodeSystem {
  std::string version;
  std::string all_codes;      // canonical of the value set of all its codes; may be empty
  bool complete = true;       // what is not listed is no code of it
  bool subsumes = true;       // the hierarchy means is-a
  bool ignores_case = false;  // codes are kept in small letters then
  std::vector<Concept> concepts;
  std::unordered_map<std::string, std::uint32_t> places;  // by code

  std::string key(std::string_view code) const;
  const Concept* find(std::string_view code) const;
  // Adds a code below `parent`, or returns the place where it is already.
  std::uint32_t add(std::string_view code, const std::uint32_t* parent);
};

struct Filter {
  std::string property;
  std::string op;
  std::string value;
};

// Everything that is given must hold.
struct Part {
  std::string system;
  std::string version;
  std::unordered_set<std::string> codes;
  std::vector<Filter> filters;
  std::vector<std::string> value_sets;
};

struct ValueSet {
  std::string version;
  bool active_only = false;
  std::vector<Part> includes;
  std::vector<Part> excludes;
  bool expanded = false;                    // `members` were given
  bool expansion_complete = true;           // and what is not among them is no member
  std::unordered_set<std::string> members;  // member_key()
};

// A text that no other system and code share.
std::string member_key(std::string_view system, std::string_view code);

struct NamedCodeSystem {
  std::string url;
  CodeSystem system;
};
struct NamedValueSet {
  std::string url;
  ValueSet value_set;
};

NamedCodeSystem code_system_of_row(std::string_view row);
NamedValueSet value_set_of_row(std::string_view row);

// Of a resource. Error: Incorrect; the url and what is wrong.
Result<NamedCodeSystem> code_system_of(const Node& resource);
Result<NamedValueSet> value_set_of(const Node& resource);

}  // namespace bhi::fhir
