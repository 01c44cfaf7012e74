#include "flow/held_ledgers.h"

#include "fhir/json.h"
#include "fhirpath/text.h"
#include "flow/plan_parts.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

void collect(const Node& node, std::vector<std::string>& texts) {
  if (node.is_string()) texts.emplace_back(node.text());
  for (const Node& element : node.elements()) collect(element, texts);
  for (const fhir::Member& member : node.members()) {
    if (member.name->text != "data") collect(member.value, texts);
  }
}

void collect_pages(const Node& document, std::vector<std::string>& texts) {
  for (const Node& content : fhir::each(document.find("content"))) {
    const Node* attachment = content.find("attachment");
    if (attachment == nullptr || attachment->text_of("contentType") != "text/html") continue;
    const auto page = fhirpath::decode(attachment->text_of("data"), "base64");
    if (page) texts.push_back(fhirpath::unescape(*page, "html").value_or(*page));
  }
}

}  // namespace

Result<std::vector<Ledger>> ledgers_of(Store& store, std::string_view destination, const Artifact& artifact,
                                       std::string_view care_id) {
  std::vector<Ledger> found;
  BHI_TRY(auto row, store.ledger(destination, artifact.name, care_id));
  if (!row) return found;
  if (!artifact.each) {
    if (!row->id.empty()) found.push_back(*std::move(row));
    return found;
  }
  BHI_TRY(const auto roster, roster_from(row->rendered));
  for (const PlanPart& part : roster) {
    BHI_TRY(auto one, store.ledger(destination, artifact.name, part.said.id));
    if (one && !one->id.empty()) found.push_back(*std::move(one));
  }
  return found;
}

Result<std::vector<Ledger>> ledgers_of(Store& store, std::string_view destination, std::string_view artifact,
                                       std::string_view care_id) {
  std::vector<Ledger> found;
  std::vector<std::string_view> seen;
  const auto add = [&](std::string_view name) -> Result<void> {
    const Artifact* known = find_artifact(name);
    if (known == nullptr || std::ranges::find(seen, name) != seen.end()) return {};
    seen.push_back(name);
    BHI_TRY(auto rows, ledgers_of(store, destination, *known, care_id));
    std::ranges::move(rows, std::back_inserter(found));
    return {};
  };
  BHI_CHECK(add(artifact));
  for (const Rung& rung : ladder_of(artifact)) {
    for (const std::string_view name : rung.parts) BHI_CHECK(add(name));
    for (const std::string_view name : rung.companions) BHI_CHECK(add(name));
  }
  return found;
}

Result<std::vector<std::string>> texts_of(const Ledger& ledger) {
  std::vector<std::string> texts;
  const Artifact* artifact = find_artifact(ledger.artifact);
  const std::string& said = ledger.rendered.empty() ? ledger.held : ledger.rendered;
  if (artifact == nullptr || artifact->follow == Follow::Tell || said.empty()) return texts;
  BHI_TRY(const auto resource, fhir::read_json(said));
  collect(resource->root(), texts);
  collect_pages(resource->root(), texts);
  return texts;
}

}  // namespace bhi::flow
