// Which element of one list is which of another: lists of FHIR rarely carry keys, so their content must tell.
#pragma once

#include "fhir/node.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace bhi::flow {

// Is `now` the same thing as `then`, edited? At least half of what names it (everything but its status) is unchanged,
// and its id and reference, if any, are the same.
bool alike(const fhir::Node& then, const fhir::Node& now);

enum class Leftovers {
  Unmatched,   // an element that finds nothing like it has no partner
  ByPosition,  // in lists of equal length it takes the free place with its own number (one is a rendering of the other)
};

// For each element of `from` its partner in `to`, each taken once: an equal one at the same place, an equal one
// anywhere, one alike at the same place, the only one alike anywhere.
std::vector<std::optional<std::size_t>> align(std::span<const fhir::Node> from, std::span<const fhir::Node> to,
                                              Leftovers leftovers);

}  // namespace bhi::flow
