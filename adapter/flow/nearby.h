// What references find when only some documents are at hand: for maps that run without a store.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace bhi::flow {

class Nearby {
 public:
  // A resource, or a Bundle with the resources in it; lives longer than this. What is no resource is nothing.
  void add(const fhir::Node& document);

  // "#id" (contained in any of them), "Type/id" (relative or absolute), or a canonical; null when unknown. The first
  // that was added counts.
  const fhir::Node* resolve(std::string_view reference) const;

 private:
  void add_resource(const fhir::Node& resource);

  Arena arena_;
  std::map<std::string, const fhir::Node*, std::less<>> known_;
};

}  // namespace bhi::flow
