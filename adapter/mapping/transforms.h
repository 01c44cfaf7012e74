// What the transforms compute. https://build.fhir.org/ig/HL7/mapping-language-ig/transforms.html
// create, copy of a variable, reference and pointer need the target tree and are done by the executor.
#pragma once

#include "base/arena.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhirpath/expression.h"
#include "mapping/binding.h"
#include "mapping/compiled.h"
#include "mapping/library.h"

#include <span>
#include <string>
#include <string_view>

namespace bhi::mapping {

struct TransformCall {
  Transform transform;
  std::span<const fhirpath::Collection> given;  // values of the parameters
  const CompiledTarget& target;
  const fhir::Types& types;
  const World& world;
  Arena& arena;
  Issues& issues;            // a code without translation
  const SourcePlace* place;  // of the first source, for issues
};

// None, one, or (evaluate, translate) several values, in the arena. A parameter that is empty gives none, except that
// append() passes over it.
Result<fhirpath::Collection> transformed(const TransformCall& call);

// 'code', 'system', 'Coding' ...: may translate() give that?
bool is_translate_output(std::string_view text);

}  // namespace bhi::mapping
