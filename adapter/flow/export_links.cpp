#include "flow/export_links.h"

#include "base/hash.h"

#include <span>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::string_view kSourceSystem = "urn:bhi-adapter:source:";

struct Linker {
  const Links& links;
  std::string_view source;
  std::string_view own_system;
  Arena& arena;

  Node text(std::string_view value) const { return Node::string(arena.copy(value)); }

  Node identifier(std::string_view system, std::string_view value) const {
    const Member members[] = {{&fhir::intern("system"), text(system)}, {&fhir::intern("value"), text(value)}};
    return Node::object(arena.copy(std::span<const Member>(members)));
  }

  Node visited(const Node& node) const {
    if (node.is_array()) {
      std::vector<Node> elements;
      for (const Node& element : node.elements()) elements.push_back(visited(element));
      return Node::array(arena.copy(std::span<const Node>(elements)));
    }
    if (!node.is_object()) return node;
    std::vector<Member> members;
    for (const Member& member : node.members()) members.push_back({member.name, visited(member.value)});
    return linked(Node::object(arena.copy(std::span<const Member>(members))));
  }

  Node linked(const Node& node) const {
    const std::string_view literal = node.text_of("reference");
    if (!literal.empty()) {
      if (literal.starts_with("urn:") || literal.starts_with('#')) return node;
      const Node bare = fhir::without(node, fhir::intern("reference"), arena);
      if (bare.find("identifier") != nullptr) return bare;
      return fhir::with(bare, fhir::intern("identifier"),
                        identifier(std::string(kSourceSystem) + std::string(source), literal), arena);
    }
    const Node* named = node.find("identifier");
    if (named == nullptr || named->text_of("system") != own_system) return node;
    const auto found = links.find(named->text_of("value"));
    if (found == links.end()) return node;
    std::vector<Member> members = {{&fhir::intern("reference"), text(found->second)}};
    members.insert(members.end(), node.members().begin(), node.members().end());
    return Node::object(arena.copy(std::span<const Member>(members)));
  }
};

}  // namespace

std::string urn_of(std::initializer_list<std::string_view> parts) {
  std::string bytes;
  for (const std::string_view part : parts) bytes += std::to_string(part.size()) + ":" + std::string(part);
  Digest digest = sha256(bytes);
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x80);  // version 8: made by a rule of one's own
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);  // variant of the RFC
  const std::string hex = to_hex(std::span(digest.data(), 16));
  return "urn:uuid:" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) +
         "-" + hex.substr(20);
}

// The identifiers of the resource itself are its own, not a reference: only what lies below is looked at.
Node link(const Node& resource, const Links& links, std::string_view source, std::string_view own_system,
          Arena& arena) {
  const Linker linker{links, source, own_system, arena};
  std::vector<Member> members;
  for (const Member& member : resource.members()) {
    const bool own = member.name->text == "identifier";
    members.push_back({member.name, own ? member.value : linker.visited(member.value)});
  }
  return Node::object(arena.copy(std::span<const Member>(members)));
}

}  // namespace bhi::flow
