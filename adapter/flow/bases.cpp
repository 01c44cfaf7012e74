#include "flow/bases.h"

#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/held.h"
#include "flow/inbound.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Node;

Result<Node> read_into(const std::string& text, Arena& arena) {
  BHI_TRY(const auto document, fhir::read_json(text));
  return fhir::copy(document->root(), arena);
}

// The resources around a plan (its Goals, its Conditions) as the maps ask for them; they live as long as this.
class Neighbours {
 public:
  Neighbours(Store& store, std::string source) : store_(store), source_(std::move(source)) {}

  Surroundings surroundings() {
    return {[this](std::string_view type, std::string_view id) { return load(store_.resource(source_, type, id)); },
            [this](std::string_view url) { return load(store_.canonical(source_, url.substr(0, url.find('|')))); }};
  }

 private:
  const Node* load(const Result<std::optional<ResourceCopy>>& copy) {
    if (!copy.ok() || !copy.value() || copy.value()->body.empty()) return nullptr;
    auto document = fhir::read_json(copy.value()->body);
    return document ? &documents_.emplace_back(*std::move(document))->root() : nullptr;
  }

  Store& store_;
  std::string source_;
  std::vector<fhir::DocumentPtr> documents_;
};

Result<Node> in_and_out(const Engine& engine, Store& store, const Artifact& artifact, const Ledger& ledger,
                        const WriteContext& context, const Node& held, Instant now, Arena& arena) {
  BHI_TRY(const auto plan, plan_read(engine, store, ledger, held, now, arena));
  BHI_TRY(const Node before, render(engine, artifact, to_node(plan, arena), context, now, arena));
  return fhir::copy(before, arena);
}

}  // namespace

Result<care::CarePlan> plan_read(const Engine& engine, Store& store, const Ledger& ledger, const Node& held,
                                 Instant now, Arena& arena) {
  Neighbours neighbours(store, ledger.destination);
  Inbound inbound = map_inbound(engine, held, {ledger.destination, ledger.id, ledger.version, ""},
                                neighbours.surroundings(), now, arena);
  if (inbound.what != Inbound::What::Change || !std::holds_alternative<care::CarePlan>(*inbound.change)) {
    return Error{
        Kind::Incorrect,
        "the EHR's " + ledger.type + " cannot be read: " +
            (inbound.issues.empty() ? inbound.reason : inbound.issues[0].path + ": " + inbound.issues[0].text)};
  }
  auto plan = std::get<care::CarePlan>(*std::move(inbound.change));
  plan.id = ledger.care_id;
  return plan;
}

Result<Bases> bases_of(const Engine& engine, Store& store, const Artifact& artifact, const Ledger& ledger,
                       const WriteContext& context, const Node& ours, const Node& theirs, Instant now, Arena& arena) {
  Bases bases;
  bases.held = theirs;
  if (!ledger.held.empty()) {
    BHI_TRY(bases.held, read_into(ledger.held, arena));
  }
  if (!ledger.rendered.empty()) {
    BHI_TRY(bases.before, read_into(ledger.rendered, arena));
  } else if (artifact.name == "care-plan") {
    BHI_TRY(bases.before, in_and_out(engine, store, artifact, ledger, context, bases.held, now, arena));
  } else {
    bases.before = projection(bases.held, ours, arena);
  }
  return bases;
}

}  // namespace bhi::flow
