// The profiles of one configuration, and whether something conforms to them. https://hl7.org/fhir/R4/profiling.html
//
// Answers are yes, no, or an error that names what of a profile cannot be decided here (a value set that is not at
// hand, a slice told apart by a profile that is not loaded); a guess is never made. Immutable when made; share it.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"
#include "fhirpath/expression.h"
#include "profile/definition.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::profile {

struct Problem {
  std::string path;  // "Observation.component[1].code"
  std::string text;  // expected, found; no values of the record
};

struct Verdict {
  std::vector<Problem> problems;
  std::vector<Problem> undecided;
};

class Profiles {
 public:
  // Of the given StructureDefinitions those that constrain a type; others are passed over. Of several with one url the
  // last counts. Nothing of the resources is kept. A definition that cannot be read says so when it is asked for:
  // guides bring many, and most are of no use here.
  static std::shared_ptr<const Profiles> with(std::span<const fhir::Node* const> resources,
                                              std::shared_ptr<const fhir::Types> types);

  // By canonical, which may have a |version; null when it is not here.
  const Definition* find(std::string_view canonical) const;
  const fhir::Types& types() const { return *types_; }

  // Everything that is wrong with `item` by the definition, and with all inside it by its types.
  // `environment`: terminology, resolve and budget; %resource when `item` is no resource itself.
  // Errors: NotFound (no such definition), Busy (too much to look at).
  Result<Verdict> check(const fhirpath::Item& item, std::string_view canonical,
                        const fhirpath::Environment& environment) const;

  // The answer for Environment::conforms_to: empty when the definition is not here. Error Unsupported: undecided, or
  // the definition could not be read.
  Result<std::optional<bool>> conforms(const fhirpath::Item& item, std::string_view canonical,
                                       const fhirpath::Environment& environment) const;

 private:
  explicit Profiles(std::shared_ptr<const fhir::Types> types) : types_(std::move(types)) {}

  std::shared_ptr<const fhir::Types> types_;
  Arena arena_;  // fixed values and patterns
  std::map<std::string, Definition, std::less<>> definitions_;
  std::map<std::string, Error, std::less<>> unreadable_;  // by url
};

}  // namespace bhi::profile
