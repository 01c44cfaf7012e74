#include "fhir/bundle.h"
#include "flow/delivery.h"
#include "flow/export_links.h"
#include "flow/labels.h"
#include "flow/outbox_file.h"

#include <array>
#include <utility>

namespace bhi::flow {

using fhir::Member;
using fhir::Node;

namespace {

// What goes into a file: what the best rung would have been, and the readable document.
struct Content {
  std::string_view artifact;
  std::array<std::string_view, 3> parts;
};
constexpr std::array kContents = std::to_array<Content>({
    {"care-plan", {"care-plan", "care-plan-document", ""}},
    {"screening-result", {"questionnaire-response", "screening-result", "screening-document"}},
});

Node text(std::string_view value, Arena& arena) { return Node::string(arena.copy(value)); }

}  // namespace

Result<Step> Delivery::file(const Judged& judged) {
  std::vector<Node> entries;
  const auto add = [&](std::string_view name) -> Result<std::string> {
    const Artifact& artifact = *find_artifact(name);
    BHI_TRY(const Node resource, rendered(artifact, context_, now_));
    const std::string url = urn_of({engine_.identifier_system(), identifier_value(name, item_.care_id)});
    Member* members = arena_.array<Member>(2);
    members[0] = {&fhir::intern("fullUrl"), text(url, arena_)};
    members[1] = {&fhir::intern("resource"), with_labels(resource, verdict_.labels, arena_)};
    entries.push_back(Node::object({members, 2}));
    return url;
  };
  context_.id.clear();
  context_.replaces.clear();
  context_.derived_from.clear();
  for (const Content& content : kContents) {
    if (content.artifact != item_.artifact) continue;
    for (const std::string_view part : content.parts) {
      const bool answers = part == "questionnaire-response";
      if (part.empty() || (answers && !made_here(entity()))) continue;
      const auto url = add(part);
      if (!url) return Step(parked("not rendered: " + url.error().message));
      if (answers) context_.derived_from = {*url};
    }
  }
  const std::array<Member, 4> bundle = {{{&fhir::intern("resourceType"), Node::string("Bundle")},
                                         {&fhir::intern("type"), Node::string("collection")},
                                         {&fhir::intern("timestamp"), text(to_text(now_), arena_)},
                                         {&fhir::intern("entry"), Node::array(entries)}}};
  OutboxFile out{item_.destination, item_.artifact, item_.care_id, care_version_,
                 fhir::write_json(Node::object(bundle))};
  Fate fate;
  if (!terms_.file) {
    fate = parked("outbox file not written: no folder is at hand");
  } else if (const auto name = terms_.file(out); !name) {
    fate = parked("outbox file not written: " + name.error().message);
  } else {
    fate = parked("not filed: " + *name + left_as_it_was(&judged));
    audit_.push_back({"write-file", item_.destination, subject(), *name, now_});
  }
  fate.nothing_happened = true;
  fate.trouble = kPerson;
  return Step(std::move(fate));
}

}  // namespace bhi::flow
