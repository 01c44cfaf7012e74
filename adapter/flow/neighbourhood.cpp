#include "flow/neighbourhood.h"

#include "fhir/json.h"

namespace bhi::flow {

using fhir::Node;

const Node* Neighbourhood::resource(std::string_view type, std::string_view id) {
  const std::string key = std::string(type) + "/" + std::string(id);
  if (const auto held = held_.find(key); held != held_.end()) {
    if (!held->second && never_here_.contains(key)) missing_.insert(key);
    return held->second ? &held->second->root() : nullptr;
  }
  auto copy = store_.resource(source_, type, id);
  if (copy.ok() && !*copy) {
    never_here_.insert(key);
    missing_.insert(key);
  }
  return keep(key, copy.ok() && *copy ? (*copy)->body : std::string());
}

const Node* Neighbourhood::canonical(std::string_view url) {
  const std::string bare(url.substr(0, url.find('|')));
  if (const auto held = held_.find(bare); held != held_.end()) return held->second ? &held->second->root() : nullptr;
  auto copy = store_.canonical(source_, bare);
  return keep(bare, copy.ok() && *copy ? (*copy)->body : std::string());
}

void Neighbourhood::add(const ResourceCopy& copy, const fhir::DocumentPtr& document) {
  held_[copy.type + "/" + copy.id] = document;
  if (!copy.url.empty()) held_[copy.url] = document;
}

const Node* Neighbourhood::keep(const std::string& key, const std::string& body) {
  fhir::DocumentPtr document;
  if (!body.empty()) {
    if (auto read = fhir::read_json(body); read.ok()) document = *std::move(read);
  }
  return (held_[key] = document) ? &document->root() : nullptr;
}

}  // namespace bhi::flow
