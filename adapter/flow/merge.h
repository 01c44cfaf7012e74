// Three-way merge of JSON documents: what we changed, put onto what they hold now.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bhi::flow {

struct Merged {
  fhir::Node document;
  std::vector<std::string> conflicts;  // element paths that both sides changed differently; document is then of no use
  bool changed = false;                // does `document` differ from `theirs`?
};

// What becomes of a value that both sides changed. TakeOurs: a person has decided; the document then holds ours, as far
// as it can be told where (what they rewrote beyond recognition stays beside it).
enum class OnConflict : std::uint8_t { Report, TakeOurs };

// before/ours: our rendering of the entity as it was when last in step with the EHR, and as it is now.
// known/theirs: the EHR's resource then and now. Elements that we do not render stay as they are there. A value that
// both sides changed, and not to the same, is a conflict; so is one that we changed and they removed. Elements of lists
// are recognised by content (flow/align.h), so an insertion there does not shift our edit to its neighbour; additions
// of ours go to the end; the order of theirs stays. The document lies in `arena` and refers to nothing else.
Merged merge(const fhir::Node& before, const fhir::Node& ours, const fhir::Node& known, const fhir::Node& theirs,
             Arena& arena, OnConflict on_conflict = OnConflict::Report);

// RFC 7396.
fhir::Node merge_patch(const fhir::Node& target, const fhir::Node& patch, Arena& arena);

}  // namespace bhi::flow
