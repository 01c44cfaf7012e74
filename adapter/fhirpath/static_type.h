// What is known of an expression's type before any data is seen: a small set of possible types, empty when unknown.
#pragma once

#include "base/result.h"
#include "fhirpath/ast.h"

#include <string_view>
#include <vector>

namespace bhi::fhirpath {

struct StaticType {
  std::vector<const fhir::TypeInfo*> types;

  bool known() const { return !types.empty(); }
  void add(const fhir::TypeInfo* type);
  void add(const StaticType& other);  // unknown stays unknown, adding unknown changes nothing
  static StaticType of(const fhir::TypeInfo& type) { return {{&type}}; }
};

// "Patient" or "Quantity, string or 3 more types"
std::string to_text(const StaticType& type);

// Types whose instances are always of some other type: nothing can be said of their elements.
bool is_abstract(const fhir::TypeInfo& type);

// The type that `name` ("Patient", "System.String", "FHIR.`Patient`") stands for. Error: unknown type, with suggestion.
Result<TypeSpecifier> find_type(const Expr& where, std::string_view name, const fhir::Types& types);

// Steps from `parent` to the children called expr.text; notes in `expr` the element that the evaluator will meet.
// `strict`: an element that no possible type has is an error.
Result<StaticType> step(Expr& expr, const StaticType& parent, bool strict);

}  // namespace bhi::fhirpath
