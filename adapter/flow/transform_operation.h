// StructureMap/$transform as values: what a caller sends, which map it means, what comes out. Nothing is stored, and
// references lead only to what was sent along. https://hl7.org/fhir/R4/structuremap-operation-transform.html
// (parameters source, content), https://hl7.org/fhir/R5/structuremap-operation-transform.html (sourceMap,
// supportingMap; srcMap is FML text).
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/node.h"
#include "mapping/library.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct TransformInput {
  std::string name;  // of a source of the map; "content": the next one in order
  const fhir::Node* node = nullptr;
};

struct TransformRequest {
  std::string source;                    // canonical of a map; empty: said otherwise
  std::vector<mapping::MapText> maps;    // sent along; the first is run
  std::vector<TransformInput> contents;  // in the order of the request
};

// A Parameters resource, or the content itself. Nodes point into `body`. Error Incorrect: a parameter is not as it
// should be.
Result<TransformRequest> read_transform(const fhir::Node& body);

struct Transformed {
  std::vector<fhir::Node> targets;  // at least one, in the arena of the call
  Issues issues;
};

// Runs `url` of the library on the contents. Errors: NotFound (no such map), Incorrect (contents that do not fit the
// map's sources, or data that break a rule of it: file:line:col), Unsupported, Busy (budget).
Result<Transformed> transform(const mapping::Library& library, std::string_view url, const TransformRequest& request,
                              Instant now, std::function<std::string()> new_uuid, Arena& arena);

// The map whose url ends in "/id"; null when there is none.
const mapping::MapInfo* map_by_id(const mapping::Library& library, std::string_view id);

}  // namespace bhi::flow
