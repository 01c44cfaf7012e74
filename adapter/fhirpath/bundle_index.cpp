#include "fhirpath/bundle_index.h"

#include "fhir/bundle.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <memory>

namespace bhi::fhirpath {

namespace {

std::string_view text_of(const fhir::Node* node) {
  return node != nullptr && node->is_string() ? node->text() : std::string_view{};
}

struct Names {
  const fhir::Name& entry = fhir::intern("entry");
  const fhir::Name& resource = fhir::intern("resource");
  const fhir::Name& full_url = fhir::intern("fullUrl");
  const fhir::Name& id = fhir::intern("id");
};

const Names& names() {
  static const Names kNames;
  return kNames;
}

}  // namespace

BundleIndex::BundleIndex(const fhir::Node& bundle, Arena& arena) {
  const auto entries = fhir::each(bundle.find(names().entry));
  const std::size_t keys = 2 * entries.size();
  const std::size_t room = std::bit_ceil(std::max<std::size_t>(2 * keys, 2));
  slots_ = {arena.array<Slot>(room), room};
  std::ranges::uninitialized_fill(slots_, Slot{});
  for (const fhir::Node& entry : entries) {
    const fhir::Node* resource = entry.find(names().resource);
    if (resource == nullptr) continue;
    if (const auto url = text_of(entry.find(names().full_url)); !url.empty()) put({}, url, *resource);
    const auto type = fhir::resource_type(*resource);
    const auto id = text_of(resource->find(names().id));
    if (!type.empty() && !id.empty()) put(type, id, *resource);
  }
}

std::size_t BundleIndex::place_of(std::string_view type, std::string_view name) const {
  const std::hash<std::string_view> hash;
  return (hash(name) + 31 * type.size()) & (slots_.size() - 1);
}

void BundleIndex::put(std::string_view type, std::string_view name, const fhir::Node& resource) {
  std::size_t place = place_of(type, name);
  while (slots_[place].resource != nullptr) {
    if (slots_[place].name == name && slots_[place].type == type) return;
    place = (place + 1) & (slots_.size() - 1);
  }
  slots_[place] = {type, name, &resource};
}

const fhir::Node* BundleIndex::at(std::string_view type, std::string_view name) const {
  for (std::size_t place = place_of(type, name); slots_[place].resource != nullptr;
       place = (place + 1) & (slots_.size() - 1)) {
    if (slots_[place].name == name && slots_[place].type == type) return slots_[place].resource;
  }
  return nullptr;
}

const fhir::Node* BundleIndex::find(std::string_view reference) const {
  if (const fhir::Node* found = at({}, reference)) return found;
  const std::size_t slash = reference.find('/');
  if (slash == std::string_view::npos) return nullptr;
  // "Patient/p1" as nearly all are; "Patient/p1/_history/2" and addresses are taken apart with care.
  const std::string_view id = reference.substr(slash + 1);
  if (id.find('/') == std::string_view::npos) return at(reference.substr(0, slash), id);
  const auto target = fhir::parse_reference(reference);
  return target && target->base.empty() ? at(target->type, target->id) : nullptr;
}

}  // namespace bhi::fhirpath
