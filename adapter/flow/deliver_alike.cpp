// After a lost answer, where no identifier tells: which resource at the EHR is the one that we sent?
#include "fhir/bundle.h"
#include "flow/alike.h"
#include "flow/delivery.h"
#include "flow/find_ours.h"
#include "flow/held.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

using fhir::Node;

namespace {

constexpr std::chrono::minutes kClocksApart{5};  // ours and the EHR's

enum class Whose { Nobodys, Ours, SomebodyElses };

Whose whose(const Node& resource, std::string_view system, std::string_view value) {
  Whose found = Whose::Nobodys;
  for (const Node& identifier : fhir::each(resource.find("identifier"))) {
    if (identifier.text_of("system") == system && identifier.text_of("value") == value) return Whose::Ours;
    found = Whose::SomebodyElses;
  }
  return found;
}

// Of another resource that we wrote.
bool is_another_of_ours(const Node& resource, std::string_view system) {
  return std::ranges::any_of(fhir::each(resource.find("identifier")),
                             [system](const Node& identifier) { return identifier.text_of("system") == system; });
}

std::optional<Instant> updated_at(const Node& resource) {
  const Node* meta = resource.find("meta");
  return meta == nullptr ? std::nullopt : instant_from(meta->text_of("lastUpdated"));
}

std::string listed(const std::string& type, const std::vector<LookAlikes::One>& ones) {
  std::vector<std::string> names;
  for (const LookAlikes::One& one : ones) names.push_back(type + "/" + one.id);
  return first_few(names);
}

}  // namespace

Result<Delivery::Sought> Delivery::alike_of(const Artifact& artifact, const Node& wanted, const std::string& value,
                                            const std::vector<std::string>& searches) {
  const std::string type(artifact.type);
  const std::string system = engine_.identifier_system();
  auto found = find_alike(ehr_, wanted, searches);
  read_audit(type, found.ok());
  if (!found) return Sought{std::nullopt, fate_of(found.error(), uncertain_)};
  if (!found->whole) {
    return Sought{std::nullopt, parked("ambiguous: outcome unknown, and more " + type + " than can be looked through")};
  }
  std::vector<LookAlikes::One> candidates;
  bool doubtful = false;
  for (LookAlikes::One& one : found->ones) {
    const Whose identity = whose(*one.resource, system, value);
    if (identity != Whose::Ours) {
      if (is_another_of_ours(*one.resource, system)) continue;
      const auto updated = updated_at(*one.resource);
      if (updated && *updated < item_.created - kClocksApart) continue;  // it was there before we meant to write
      BHI_TRY(const auto ledger, store_.ledger_of(item_.destination, type, one.id));
      if (ledger && (ledger->artifact != artifact.name || ledger->care_id != care_id())) continue;
      BHI_TRY(const auto copy, store_.resource(item_.destination, type, one.id));
      const auto copied = copy ? instant_from(copy->updated) : std::nullopt;
      if (copied && *copied < item_.created - kClocksApart) continue;  // and has been edited since
      doubtful = doubtful || identity == Whose::SomebodyElses || (copy && !updated);
    }
    doubtful = doubtful || one.likeness == Likeness::Doubtful;
    candidates.push_back(std::move(one));
  }
  if (candidates.empty()) return Sought{};
  if (candidates.size() > 1 || doubtful) {
    const std::string why = "ambiguous: outcome unknown, and what may be ours is at the EHR: ";
    return Sought{std::nullopt, parked(why + listed(type, candidates))};
  }
  return Sought{fhir::copy(*candidates.front().resource, arena_), std::nullopt};
}

Result<Delivery::Sought> Delivery::seek(const Artifact& artifact, const Node& sent) {
  const std::string type(artifact.type);
  const TypeCapability* capability = capability_of(type);
  const std::string value = value_in(sent, engine_.identifier_system());
  const TypeCapability none{};
  const TypeCapability& declared = capability == nullptr ? none : *capability;
  Found::What what = Found::What::NotHonoured;
  if (can_find(declared)) {
    auto found = find_ours(ehr_, type, engine_.identifier_system(), value);
    read_audit(type, found.ok());
    if (!found) return Sought{std::nullopt, fate_of(found.error(), true)};
    what = found->what;
    if (what == Found::What::Several) {
      return Sought{std::nullopt, parked("several " + type + " at the EHR carry our identifier")};
    }
    if (what == Found::What::One) {
      if (fhir::is_safe_id(found->id)) return Sought{fhir::copy(*found->resource, arena_), std::nullopt};
      return Sought{std::nullopt, parked(type + " at the EHR has no usable id")};
    }
  }
  // That nothing carries our identifier proves nothing of an EHR that does not keep it.
  const auto searches = searches_for(sent, context_.patient, declared);
  if (searches.empty() && what == Found::What::None) return Sought{};
  if (searches.empty()) {
    const std::string why = can_find(declared)
                                ? " ignores a search of " + type + " by identifier and cannot search it by patient"
                                : " can search " + type + " neither by identifier nor by patient";
    return Sought{std::nullopt, parked("outcome unknown, and the EHR" + why)};
  }
  return alike_of_any(artifact, sent, value, declared);
}

Result<Delivery::Sought> Delivery::alike_of_any(const Artifact& artifact, const Node& newest, const std::string& value,
                                                const TypeCapability& capability) {
  Sought found;
  BHI_TRY(const auto all, all_sent(newest));
  for (const Node& wanted : all) {
    BHI_TRY(Sought sought, alike_of(artifact, wanted, value, searches_for(wanted, context_.patient, capability)));
    if (sought.open) return sought;
    if (!sought.resource) continue;
    if (found.resource && found.resource->text_of("id") != sought.resource->text_of("id")) {
      return Sought{std::nullopt, parked("ambiguous: outcome unknown, and several of what was sent are at the EHR")};
    }
    found = std::move(sought);
  }
  return found;
}

Result<std::optional<Step>> Delivery::look_for_alike(const Artifact& artifact, const Node& ours,
                                                     const TypeCapability& capability) {
  using Answered = std::optional<Step>;
  BHI_TRY(const auto sent, sent_of(artifact));
  const Node& wanted = sent ? *sent : ours;
  const auto searches = searches_for(wanted, context_.patient, capability);
  if (searches.empty()) return Answered();
  BHI_TRY(const Sought sought, alike_of_any(artifact, wanted, identifier_of(artifact), capability));
  if (sought.open) return Answered(*sought.open);
  if (!sought.resource) return Answered();
  BHI_TRY(Step adopted, adopt(artifact, ours, *sought.resource));
  return Answered(std::move(adopted));
}

}  // namespace bhi::flow
