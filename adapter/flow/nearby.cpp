#include "flow/nearby.h"

#include "fhir/bundle.h"

#include <utility>

namespace bhi::flow {

void Nearby::add(const fhir::Node& document) {
  if (fhir::resource_type(document) != "Bundle") return add_resource(document);
  auto entries = fhir::split(document, arena_);
  if (!entries.ok()) return;
  for (const fhir::Entry& entry : entries->entries) {
    if (!entry.resource.is_object()) continue;
    add_resource(*arena_.make<fhir::Node>(entry.resource));
    if (!entry.full_url.empty()) known_.try_emplace(entry.full_url, arena_.make<fhir::Node>(entry.resource));
  }
}

void Nearby::add_resource(const fhir::Node& resource) {
  const std::string_view type = fhir::resource_type(resource);
  if (type.empty()) return;
  if (const auto id = resource.text_of("id"); !id.empty()) {
    known_.try_emplace(std::string(type) + "/" + std::string(id), &resource);
  }
  if (const auto url = resource.text_of("url"); !url.empty()) known_.try_emplace(std::string(url), &resource);
  for (const fhir::Node& inner : fhir::each(resource.find("contained"))) {
    known_.try_emplace("#" + std::string(inner.text_of("id")), &inner);
  }
}

const fhir::Node* Nearby::resolve(std::string_view reference) const {
  const auto find = [this](std::string_view key) {
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : found->second;
  };
  if (const fhir::Node* exact = find(reference)) return exact;
  if (const auto parts = fhir::parse_reference(reference); parts && !parts->type.empty()) {
    return find(parts->type + "/" + parts->id);
  }
  return find(reference.substr(0, reference.find('|')));
}

}  // namespace bhi::flow
