// What earlier deliveries of the item put on the wire, and which of it the EHR holds. A request whose answer was lost
// may arrive after the next one was made (a slow line, a queue before the EHR), so each that may still come is kept
// until the outcome is known: OutboxItem::sent has a line of JSON for each, the newest first.
#include "flow/delivery.h"
#include "flow/held.h"

#include <utility>

namespace bhi::flow {

using fhir::Node;

namespace {
constexpr std::size_t kMostFormers = 4;
}

std::vector<std::string> lines_of_sent(std::string_view sent) {
  std::vector<std::string> lines;
  while (!sent.empty()) {
    const auto end = sent.find('\n');
    lines.emplace_back(sent.substr(0, end));
    sent.remove_prefix(end == std::string_view::npos ? sent.size() : end + 1);
  }
  return lines;
}

std::string Delivery::sent_and_before(const Node& ours) const {
  const std::string system = engine_.identifier_system();
  std::string sent = fhir::write_json(ours);
  const std::string newest = sent;
  std::size_t formers = 0;
  const auto add = [&](const std::string& former) {
    if (former.empty() || former == newest || formers == kMostFormers) return;
    const auto read = fhir::read_json(former);
    if (!read.ok() || fhir::resource_type((*read)->root()) != fhir::resource_type(ours)) return;
    if (value_in((*read)->root(), system) != value_in(ours, system)) return;  // the item's other resource
    sent += "\n" + former;
    ++formers;
  };
  if (!uncertain_) return sent;
  add(sent_before_);
  for (const std::string& former : formers_) add(former);
  return sent;
}

Result<std::optional<Node>> Delivery::sent_of(const Artifact& artifact) {
  if (sent_before_.empty()) return std::optional<Node>();  // and of the item's other resource is none of this one
  BHI_TRY(const auto sent, fhir::read_json(sent_before_));
  // Of the item's other resources; a later document or notice has an identifier of its own.
  if (fhir::resource_type(sent->root()) != artifact.type ||
      !carries_identifier(sent->root(), engine_.identifier_system(), identifier_of(artifact))) {
    return std::optional<Node>();
  }
  return std::optional(fhir::copy(sent->root(), arena_));
}

Result<std::vector<Node>> Delivery::all_sent(const Node& newest) {
  std::vector<Node> all{newest};
  const std::string system = engine_.identifier_system();
  for (const std::string& former : formers_) {
    BHI_TRY(const auto read, fhir::read_json(former));
    if (fhir::resource_type(read->root()) != fhir::resource_type(newest)) continue;
    if (value_in(read->root(), system) == value_in(newest, system)) all.push_back(fhir::copy(read->root(), arena_));
  }
  return all;
}

Result<Node> Delivery::made_from(const Node& newest, const Node& resource) {
  BHI_TRY(const auto all, all_sent(newest));
  const Node* nearest = &all.front();
  std::size_t least = not_kept(all.front(), resource).size();
  for (const Node& one : all) {
    const std::size_t missing = not_kept(one, resource).size();
    if (missing < least) nearest = &one, least = missing;
  }
  return *nearest;
}

}  // namespace bhi::flow
