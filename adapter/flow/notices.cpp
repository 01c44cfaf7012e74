#include "flow/notices.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

// Those of the written types whose R4 definition has `note` (Annotation).
constexpr auto kWithNote =
    std::to_array<std::string_view>({"CarePlan", "Communication", "CommunicationRequest", "Condition", "Goal",
                                     "Observation", "ServiceRequest", "Task"});

Node object(std::initializer_list<Member> members, Arena& arena) {
  return Node::object(arena.copy(std::span<const Member>(members.begin(), members.size())));
}

Node appended(const Node& resource, std::string_view name, const std::vector<Node>& more, Arena& arena) {
  const auto before = fhir::each(resource.find(name));
  std::vector<Node> all(before.begin(), before.end());
  all.insert(all.end(), more.begin(), more.end());
  return fhir::with(resource, fhir::intern(name), Node::array(arena.copy(std::span<const Node>(all))), arena);
}

}  // namespace

Node with_notices(const Node& resource, const Notices& notices, Arena& arena) {
  std::vector<Node> extensions;
  const auto add = [&](std::string_view url, const std::string& text) {
    if (text.empty()) return;
    extensions.push_back(object(
        {{&fhir::intern("url"), Node::string(url)}, {&fhir::intern("valueString"), Node::string(arena.copy(text))}},
        arena));
  };
  add(kRedisclosureNotice, notices.redisclosure);
  add(kConsentScope, notices.scope);
  if (extensions.empty()) return resource;
  const Node extended = appended(resource, "extension", extensions, arena);
  if (std::ranges::find(kWithNote, fhir::resource_type(resource)) == kWithNote.end()) return extended;
  std::string text = notices.redisclosure;
  if (!notices.scope.empty()) text += (text.empty() ? "" : "\n") + notices.scope;
  return appended(extended, "note", {object({{&fhir::intern("text"), Node::string(arena.copy(text))}}, arena)}, arena);
}

}  // namespace bhi::flow
