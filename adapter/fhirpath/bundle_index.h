// The resources of a Bundle by what references call them: built once an evaluation, so that many references cost no
// more than they are many. https://hl7.org/fhir/R4/bundle.html#references
#pragma once

#include "base/arena.h"
#include "fhir/node.h"

#include <span>
#include <string_view>

namespace bhi::fhirpath {

class BundleIndex {
 public:
  // The bundle must outlive the index; the table lies in the arena.
  BundleIndex(const fhir::Node& bundle, Arena& arena);

  // An entry is known by its fullUrl, else by the type and id of its resource ("Patient/p1"); of several the first.
  const fhir::Node* find(std::string_view reference) const;

 private:
  struct Slot {
    std::string_view type;  // empty: `name` is a fullUrl
    std::string_view name;
    const fhir::Node* resource;  // null: nothing here
  };
  std::size_t place_of(std::string_view type, std::string_view name) const;
  void put(std::string_view type, std::string_view name, const fhir::Node& resource);
  const fhir::Node* at(std::string_view type, std::string_view name) const;

  std::span<Slot> slots_;  // a power of two, at most half full
};

}  // namespace bhi::fhirpath
