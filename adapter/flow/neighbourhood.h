// The resources that maps of one lane may look at: those of the batch first, then the copies in the store.
#pragma once

#include "fhir/node.h"
#include "flow/ports.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace bhi::flow {

class Neighbourhood {
 public:
  Neighbourhood(Store& store, std::string source) : store_(store), source_(std::move(source)) {}

  // Null when it is not here. What is given lives as long as this.
  const fhir::Node* resource(std::string_view type, std::string_view id);
  const fhir::Node* canonical(std::string_view url);

  // "Type/id" of what was looked for since the last call and has never been here. What was deleted is not missing.
  std::set<std::string> take_missing() { return std::exchange(missing_, {}); }

  void add(const ResourceCopy& copy, const fhir::DocumentPtr& document);

 private:
  const fhir::Node* keep(const std::string& key, const std::string& body);

  Store& store_;
  std::string source_;
  std::map<std::string, fhir::DocumentPtr, std::less<>> held_;
  std::set<std::string> missing_;
  std::set<std::string, std::less<>> never_here_;
};

}  // namespace bhi::flow
