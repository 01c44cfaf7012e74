#include "flow/held.h"

#include "fhir/json.h"
#include "fhir/types.h"
#include "flow/align.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;
using fhir::NodeKind;

std::string_view meta_text(const Node& resource, std::string_view name) {
  const Node* meta = resource.find("meta");
  return meta == nullptr ? std::string_view() : meta->text_of(name);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same_value(const Node& a, const Node& b) {
  if (fhir::same(a, b)) return true;
  if (a.kind() != NodeKind::Number || b.kind() != NodeKind::Number) return false;
  const auto value = [](std::string_view digits) {
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  };
  return value(a.text()) == value(b.text());
}

void compare(const Node& written, const Node* held, const std::string& path, std::vector<std::string>& missing) {
  if (held == nullptr) {
    missing.push_back(path);
  } else if (written.is_object()) {
    const bool whole = !fhir::resource_type(written).empty();
    for (const Member& member : written.members()) {
      // Versions and narrative are the server's own business.
      if (whole && (member.name->text == "meta" || member.name->text == "text")) continue;
      compare(member.value, held->find(*member.name), path + "." + std::string(member.name->text), missing);
    }
  } else if (written.is_array()) {
    const auto elements = written.elements();
    const auto there = held->elements();
    const auto partner = align(elements, there, Leftovers::ByPosition);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      compare(elements[i], partner[i] ? &there[*partner[i]] : nullptr, path + "[" + std::to_string(i) + "]", missing);
    }
  } else if (!same_value(written, *held)) {
    missing.push_back(path);
  }
}

}  // namespace

std::string_view version_of(const Node& resource) { return meta_text(resource, "versionId"); }

bool carries_identifier(const Node& resource, std::string_view system, std::string_view value) {
  return std::ranges::any_of(fhir::each(resource.find("identifier")), [&](const Node& identifier) {
    return identifier.text_of("system") == system && identifier.text_of("value") == value;
  });
}

std::string value_in(const Node& resource, std::string_view system) {
  for (const Node& identifier : fhir::each(resource.find("identifier"))) {
    if (identifier.text_of("system") == system) return std::string(identifier.text_of("value"));
  }
  return {};
}

Node with_identifier(const Node& resource, std::string_view system, std::string_view value, Arena& arena) {
  if (carries_identifier(resource, system, value)) return resource;
  const fhir::Name& name = fhir::intern("identifier");
  const Member members[] = {{&fhir::intern("system"), Node::string(arena.copy(system))},
                            {&fhir::intern("value"), Node::string(arena.copy(value))}};
  const Node ours = Node::object(arena.copy(std::span<const Member>(members)));
  const fhir::TypeInfo* type = fhir::Types::r4().find(fhir::resource_type(resource));
  const fhir::ElementInfo* element = type == nullptr ? nullptr : type->element(name);
  if (type != nullptr && element == nullptr) return resource;  // a Provenance has none
  if (element != nullptr && !element->many()) {
    return resource.find(name) == nullptr ? fhir::with(resource, name, ours, arena) : resource;
  }
  std::vector<Node> list;
  for (const Node& identifier : fhir::each(resource.find(name))) list.push_back(identifier);
  list.push_back(ours);
  return fhir::with(resource, name, Node::array(arena.copy(std::span<const Node>(list))), arena);
}

Node without_stale_narrative(const Node& resource, Arena& arena) {
  const Node* text = resource.find("text");
  if (text == nullptr) return resource;
  const std::string_view status = text->text_of("status");
  return status == "generated" || status == "extensions" ? fhir::without(resource, fhir::intern("text"), arena)
                                                         : resource;
}

Node with_meta_of(const Node& resource, const Node& other, Arena& arena) {
  const fhir::Name& name = fhir::intern("meta");
  const Node* meta = other.find(name);
  return meta == nullptr ? fhir::without(resource, name, arena) : fhir::with(resource, name, *meta, arena);
}

bool is_older(const ResourceCopy& copy, const Node& held) {
  const auto copy_time = instant_from(copy.updated);
  const auto held_time = instant_from(meta_text(held, "lastUpdated"));
  if (copy_time && held_time && *copy_time != *held_time) return *copy_time < *held_time;
  const auto copy_number = whole_number(copy.version);
  const auto held_number = whole_number(version_of(held));
  return copy_number && held_number && *copy_number < *held_number;
}

Node projection(const Node& resource, const Node& like, Arena& arena) {
  if (resource.is_object() && like.is_object()) {
    std::vector<Member> members;
    for (const Member& member : resource.members()) {
      const Node* wanted = like.find(*member.name);
      if (wanted != nullptr) members.push_back({member.name, projection(member.value, *wanted, arena)});
    }
    return Node::object(arena.copy(std::span<const Member>(members)));
  }
  if (resource.is_array() && like.is_array()) {
    const auto wanted = like.elements();
    const auto partner = align(wanted, resource.elements(), Leftovers::ByPosition);
    std::vector<Node> elements;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (partner[i]) elements.push_back(projection(resource.elements()[*partner[i]], wanted[i], arena));
    }
    return Node::array(arena.copy(std::span<const Node>(elements)));
  }
  return resource;
}

std::vector<std::string> not_kept(const Node& written, const Node& held) {
  std::vector<std::string> missing;
  compare(written, &held, std::string(fhir::resource_type(written)), missing);
  return missing;
}

ResourceCopy copy_of(const Node& resource, std::string_view source) {
  ResourceCopy copy;
  copy.source = source;
  copy.type = fhir::resource_type(resource);
  copy.id = resource.text_of("id");
  copy.version = version_of(resource);
  copy.updated = meta_text(resource, "lastUpdated");
  copy.hash = fhir::content_hash(resource);
  copy.url = resource.text_of("url");
  copy.body = fhir::write_json(resource);
  return copy;
}

}  // namespace bhi::flow
