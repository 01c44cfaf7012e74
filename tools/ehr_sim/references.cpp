#include "ehr_sim/references.h"

#include "ehr_sim/search.h"

#include <functional>
#include <vector>

namespace bhi::sim {

namespace {

using fhir::Member;
using fhir::Node;

bool is_reference(const Member& member) { return member.name->text == "reference" && member.value.is_string(); }

Result<void> each_reference(const Node& node, const std::function<Result<void>(std::string_view)>& visit) {
  for (const Node& element : node.elements()) BHI_CHECK(each_reference(element, visit));
  for (const Member& member : node.members()) {
    if (is_reference(member)) BHI_CHECK(visit(member.value.text()));
    BHI_CHECK(each_reference(member.value, visit));
  }
  return {};
}

}  // namespace

Result<void> add_conditional_references(const Node& resource, std::string_view base, const Versions& versions,
                                        ReferenceMap& map) {
  return each_reference(resource, [&](std::string_view text) -> Result<void> {
    const auto question = text.find('?');
    if (question == std::string_view::npos || map.contains(text) || !is_resource_type(text.substr(0, question)))
      return {};
    BHI_TRY(const auto found, find_by_condition(text.substr(0, question), text.substr(question + 1), base, versions));
    if (found.size() > 1) {
      return Error{Kind::Conflict, "conditional reference: " + std::to_string(found.size()) + " resources match"};
    }
    if (found.size() == 1) map.emplace(text, found.front()->path());
    return {};
  });
}

Node with_references(const Node& resource, const ReferenceMap& map, Arena& arena) {
  if (resource.is_array()) {
    std::vector<Node> elements;
    for (const Node& element : resource.elements()) elements.push_back(with_references(element, map, arena));
    return Node::array(arena.copy(std::span<const Node>(elements)));
  }
  if (!resource.is_object()) return resource;
  std::vector<Member> members;
  for (const Member& member : resource.members()) {
    const auto known = is_reference(member) ? map.find(member.value.text()) : map.end();
    const Node value = known == map.end() ? with_references(member.value, map, arena)
                                          : Node::string(arena.copy(std::string_view(known->second)));
    members.push_back({member.name, value});
  }
  return Node::object(arena.copy(std::span<const Member>(members)));
}

}  // namespace bhi::sim
