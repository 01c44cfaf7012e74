// `bhi map`: files in, everything that would happen out, without store or EHR.
//
// {"care": [{"kind": "Screening", ...}, ...], "writes": [{"artifact", "rung", "method", "url", "body"}, ...],
//  "issues": [{"severity", "code", "path", "text"}, ...], "counts": {"read": {TYPE: n}, "mapped": {...}, "left":
//  {...}}}
// read = mapped + left for every type; each one left has an issue that names it and the reason.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/deliver.h"
#include "flow/engine.h"
#include "mapping/lineage.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace bhi::flow {

struct InputText {
  std::string name;  // file name, for issues
  std::string text;  // resource or Bundle (JSON or XML), or NDJSON
};

struct MapReport {
  std::vector<care::Entity> care;
  std::vector<WriteRequest> writes;
  Issues issues;
  std::map<std::string, std::size_t> read, mapped, left;
  bool unreadable = false;  // at least one input could not be read at all
};

// What the maps did on the way, for `bhi explain`.
struct MapTrace {
  struct In {
    std::string resource;  // "QuestionnaireResponse/r1"
    std::string entity;    // care id that it became
    care::Change change;
    mapping::Lineage lineage;
  };
  struct Out {
    care::Entity entity;
    mapping::Lineage lineage;
  };
  std::vector<In> in;
  std::vector<Out> out;  // one for each write, in their order
};

// `trace` is filled when given.
MapReport map_files(const Engine& engine, std::span<const InputText> inputs, std::string_view source, Instant now,
                    MapTrace* trace = nullptr);

std::string to_json(const MapReport& report);
std::string to_text(const MapReport& report);  // for people

}  // namespace bhi::flow
