// Which codes a value set has, and which code stands above which: R4's own lists and what was loaded.
// https://hl7.org/fhir/R4/valueset.html, https://hl7.org/fhir/R4/codesystem.html
//
// Answers are yes, no, or unknown (an empty optional); a guess is never made. Unknown is: a value set or version that
// is not here, a system of which not all codes are here (SNOMED CT, LOINC, UCUM), a filter that we do not know, an
// expansion that is not whole. R4's table holds the lists that elements are bound to (tool:
// tools/generate_r4_codes.py).
#pragma once

#include "base/result.h"
#include "fhir/node.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace bhi::fhir {

class Terminology {
 public:
  static const Terminology& r4();
  // R4's lists and the given CodeSystem and ValueSet resources, which win over R4's; of several with one url the last
  // counts. Nothing of the resources is kept. Errors (Incorrect) name the resource by its url.
  static Result<std::shared_ptr<const Terminology>> with(std::span<const Node* const> resources);

  Terminology(const Terminology&) = delete;
  Terminology& operator=(const Terminology&) = delete;
  ~Terminology();

  // Is the code in the value set (canonical, may have a |version)? `system` is empty for a plain code: any system that
  // the value set draws from will do.
  std::optional<bool> member_of(std::string_view value_set, std::string_view system, std::string_view code) const;

  // Is `above` the code `below`, or an ancestor of it? Unknown also when one of them is no code of the system.
  std::optional<bool> subsumes(std::string_view system, std::string_view above, std::string_view below) const;

  // Is it a code of the system?
  std::optional<bool> has_code(std::string_view system, std::string_view code) const;

 private:
  struct Loaded;
  explicit Terminology(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace bhi::fhir
