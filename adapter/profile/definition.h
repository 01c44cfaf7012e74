// A StructureDefinition as rules that can be asked of an item: its elements as a tree, values and expressions ready.
// https://hl7.org/fhir/R4/structuredefinition.html, https://hl7.org/fhir/R4/elementdefinition.html
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"
#include "fhirpath/expression.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::profile {

using ExpressionPtr = std::shared_ptr<const fhirpath::Expression>;

// ElementDefinition.constraint of severity error. A warning decides nothing and is not kept.
struct Constraint {
  std::string key;  // "obs-6"
  ExpressionPtr expression;
  std::string why_not;  // what the compiler says where there is no expression
};

struct AllowedType {
  const fhir::TypeInfo* type = nullptr;
  std::vector<std::string> profiles;                         // the value must conform to one of them
  std::vector<std::string> targets;                          // of a reference: targetProfile
  bool contained = true, referenced = true, bundled = true;  // aggregation: where the target may be
};

enum class DiscriminatorType : std::uint8_t { Value, Exists, Type, Profile, Other };

struct Discriminator {
  DiscriminatorType type = DiscriminatorType::Other;
  std::string path;
};

struct ElementRule {
  std::string id;                    // "Observation.component:systolic.code", for messages
  const fhir::Name* name = nullptr;  // of a choice without [x]; null at the root
  std::string slice;                 // sliceName; empty: the element itself
  std::optional<std::uint32_t> min, max;
  std::vector<AllowedType> types;  // empty: those of the base
  const fhir::Node* fixed = nullptr;
  const fhir::Node* pattern = nullptr;
  ExpressionPtr at_least, at_most;  // minValue, maxValue as "$this >= ..."
  std::optional<std::size_t> max_length;
  std::vector<std::string>
      value_sets;  // of a required binding, of its maximum and of additional ones that are required
  std::vector<Constraint> constraints;
  std::vector<Discriminator> discriminators;
  bool closed = false;                   // no value outside of the slices
  bool ordered = false;                  // slices in the order of the definition
  std::string content;                   // "#Observation.referenceRange": its rules are those of another element
  const fhir::TypeInfo* type = nullptr;  // of its values when there is only one, for reading the rules below it
  std::vector<std::unique_ptr<ElementRule>> children;  // elements
  std::vector<std::unique_ptr<ElementRule>> slices;

  const ElementRule* child(std::string_view element) const;
};

struct Definition {
  std::string url;
  std::string version;
  std::string base;      // canonical of what it derives from
  bool complete = true;  // a snapshot; false: a differential, and the base must be asked too
  const fhir::TypeInfo* type = nullptr;
  ElementRule root;

  // By the path of a contentReference; null when there is none.
  const ElementRule* at(std::string_view path) const;
};

// Expressions that many elements share (ele-1, ext-1, ...) are compiled once.
using ExpressionPool = std::map<std::string, Result<ExpressionPtr>, std::less<>>;

// Values are copied to `arena`, which must outlive the definition. Errors (Incorrect) name the definition and element.
Result<Definition> read_definition(const fhir::Node& resource, const fhir::Types& types, ExpressionPool& pool,
                                   Arena& arena);

}  // namespace bhi::profile
