#include "flow/provenance.h"

#include "base/arena.h"
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/held_ledgers.h"
#include "flow/query.h"
#include "flow/write_plan.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::string_view kCursor = "provenance";
constexpr std::string_view kTried = "tried ";  // before a version: a create may have arrived
constexpr Artifact kWrite = {"write", "WriteRecord", "care-to-write-provenance", "Provenance"};

Result<fhir::DocumentPtr> entity_of(Store& store, const OutboxItem& item) {
  const Artifact* artifact = find_artifact(item.artifact);
  if (artifact == nullptr) return Error{Kind::NotFound, "no such artifact"};
  BHI_TRY(const auto stored, store.entity(artifact->kind, item.care_id));
  if (!stored) return Error{Kind::NotFound, "the care model does not hold it"};
  return fhir::read_json(stored->body);
}

std::string_view text_in(const Node& node, std::string_view outer, std::string_view inner) {
  const Node* found = node.find(outer);
  return found == nullptr ? std::string_view() : found->text_of(inner);
}

std::string cursor_name(const OutboxItem& item, const WrittenVersion& written) {
  return item.destination + "|" + written.name();
}

Accepted noted(const OutboxItem& item, const WrittenVersion& written, std::string value, std::string outcome,
               Instant now) {
  Accepted batch;
  batch.cursor = Cursor{std::string(kCursor), cursor_name(item, written), std::move(value)};
  if (!outcome.empty()) {
    const Artifact* artifact = find_artifact(item.artifact);
    batch.audit.push_back({std::string(kCursor), item.destination, std::string(artifact->kind) + "/" + item.care_id,
                           std::move(outcome), now});
  }
  return batch;
}

Result<void> note(Store& store, const Accepted& batch) {
  BHI_TRY([[maybe_unused]] const AcceptOutcome kept, store.accept(batch));
  return {};
}

// Does one of these name the version, put together by us?
bool is_ours(const Node& provenance, const std::string& reference, std::string_view system) {
  const auto names = [&](const Node& target) {
    const auto said = target.text_of("reference");
    return said == reference || said.ends_with("/" + reference);
  };
  const auto by_us = [&](const Node& agent) {
    const Node* who = agent.find("who");
    return who != nullptr && text_in(*who, "identifier", "system") == system;
  };
  return std::ranges::any_of(fhir::each(provenance.find("target")), names) &&
         std::ranges::any_of(fhir::each(provenance.find("agent")), by_us);
}

Result<bool> is_there(const Engine& engine, Ehr& ehr, const WrittenVersion& written) {
  BHI_TRY(const Page page, ehr.search("Provenance", "target=" + written.type + "%2F" + written.id));
  for (const Node& entry : fhir::each(page.bundle->root().find("entry"))) {
    const Node* resource = entry.find("resource");
    if (resource != nullptr && is_ours(*resource, written.reference(), engine.identifier_system())) return true;
  }
  if (!page.next.empty()) return Error{Kind::Unsupported, "more Provenances of the resource than one page holds"};
  return false;
}

bool can_look_up(const Capabilities& capabilities) {
  const TypeCapability* type = capabilities.of("Provenance");
  return type != nullptr && type->search &&
         std::ranges::find(type->search_params, "target") != type->search_params.end();
}

ProvenanceOutcome gave_up(std::string reason) { return {ProvenanceOutcome::What::GivenUp, 0, std::move(reason)}; }
ProvenanceOutcome later(std::string reason) { return {ProvenanceOutcome::What::Later, 0, std::move(reason)}; }

// One version: told, or why not.
Result<ProvenanceOutcome> write_one(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                                    const OutboxItem& item, const WrittenVersion& written, Instant now) {
  BHI_TRY(const auto told, store.cursor(kCursor, cursor_name(item, written)));
  if (told && *told == written.version) return ProvenanceOutcome{};
  const std::string done_note = "of " + written.reference();
  if (told && told->starts_with(kTried) && told->substr(kTried.size()) == written.version) {
    if (!can_look_up(capabilities))
      return gave_up("a create's answer was lost, and the EHR declares no search of Provenance by target");
    const auto there = is_there(engine, ehr, written);
    if (!there.ok()) {
      return there.error().kind == Kind::Unavailable || there.error().kind == Kind::Busy
                 ? later(there.error().message)
                 : gave_up(there.error().message);
    }
    if (*there) {
      BHI_CHECK(note(store, noted(item, written, written.version, "ok, found " + done_note, now)));
      return ProvenanceOutcome{};
    }
  }
  BHI_TRY(const auto body, provenance_of(engine, store, item, written, now));
  // The try and its record are durable before the request leaves.
  BHI_CHECK(
      note(store, noted(item, written, std::string(kTried) + written.version, "Provenance create " + done_note, now)));
  const Answer answer = ehr.create("Provenance", body, "");
  switch (answer.what) {
    case Answer::What::Done: {
      BHI_CHECK(note(store, noted(item, written, written.version, "", now)));
      ProvenanceOutcome outcome;
      outcome.written = 1;
      return outcome;
    }
    case Answer::What::Later:
    case Answer::What::NotSent: {  // surely not done: nothing to look up
      const bool was_tried = told && told->starts_with(kTried);
      BHI_CHECK(note(store, noted(item, written, was_tried ? "" : told.value_or(""), "", now)));
      return later(answer.reason);
    }
    case Answer::What::Unknown:
    case Answer::What::Conflict: return later(answer.reason);
    case Answer::What::Refused:
    case Answer::What::Forbidden: return gave_up(answer.reason);
  }
  return gave_up(answer.reason);
}

}  // namespace

bool takes_provenance(const Capabilities& capabilities) {
  const TypeCapability* type = capabilities.of("Provenance");
  return type != nullptr && type->create && type->create_withheld.empty();
}

Result<std::vector<WrittenVersion>> versions_written(Store& store, const OutboxItem& item) {
  std::vector<WrittenVersion> found;
  if (item.state != OutboxState::Verified) return found;
  BHI_TRY(const auto entity, entity_of(store, item));
  BHI_TRY(const auto ledgers, ledgers_of(store, item.destination, item.artifact, item.care_id));
  for (const Ledger& ledger : ledgers) {
    // `rendered` is empty when the version there was only read: somebody else's.
    if (ledger.rendered.empty() || ledger.care_version < item.care_version) continue;
    WrittenVersion written{ledger.artifact, ledger.type, ledger.id, ledger.version, false};
    const Node& root = entity->root();
    const bool theirs = text_in(root, "source", "system") == item.destination &&
                        text_in(root, "source", "type") == ledger.type && text_in(root, "source", "id") == ledger.id;
    BHI_TRY(const auto told, store.cursor(kCursor, cursor_name(item, written)));
    const bool first = !told || *told == written.version || *told == std::string(kTried) + written.version;
    const bool later_version = !written.version.empty() && written.version != "1" &&
                               written.version.find_first_not_of("0123456789") == std::string::npos;
    written.created = !theirs && first && !later_version;
    found.push_back(std::move(written));
  }
  return found;
}

Result<std::string> provenance_of(const Engine& engine, Store& store, const OutboxItem& item,
                                  const WrittenVersion& written, Instant now) {
  BHI_TRY(const auto entity, entity_of(store, item));
  Arena arena;
  const auto text = [&arena](std::string_view value) { return Node::string(arena.copy(value)); };
  const Node& root = entity->root();
  std::vector<Member> members = {
      {&fhir::intern("kind"), text("WriteRecord")},
      {&fhir::intern("target"), text(written.reference())},
      {&fhir::intern("activity"), text(written.created ? "CREATE" : "UPDATE")},
      {&fhir::intern("entity"), text(identifier_value(item.artifact, item.care_id))},
  };
  if (const auto by = text_in(root, "recorded", "by"); !by.empty()) members.push_back({&fhir::intern("by"), text(by)});
  std::vector<Node> sources;
  for (const std::string& origin : origins_at(root, item.destination)) {
    if (origin != written.name()) sources.push_back(text(origin));
  }
  if (!sources.empty())
    members.push_back({&fhir::intern("sources"), Node::array(arena.copy(std::span<const Node>(sources)))});
  WriteContext context;
  context.destination = item.destination;
  context.id = item.care_id;
  const Node record = Node::object(arena.copy(std::span<const Member>(members)));
  BHI_TRY(const Node made, render(engine, kWrite, record, context, now, arena));
  return fhir::write_json(made);
}

Result<std::string> provenances_of(const Engine& engine, Store& store, const OutboxItem& item, Instant now) {
  BHI_TRY(const auto written, versions_written(store, item));
  std::string entries;
  for (const WrittenVersion& one : written) {
    BHI_TRY(const auto made, provenance_of(engine, store, item, one, now));
    entries += (entries.empty() ? "" : ",") + (R"({"resource":)" + made + "}");
  }
  return R"({"resourceType":"Bundle","type":"collection")" + (entries.empty() ? "" : R"(,"entry":[)" + entries + "]") +
         "}";
}

Result<ProvenanceOutcome> write_provenance(const Engine& engine, Store& store, Ehr& ehr,
                                           const Capabilities& capabilities, const OutboxItem& item, Instant now) {
  ProvenanceOutcome all;
  if (!takes_provenance(capabilities)) return all;
  BHI_TRY(const auto written, versions_written(store, item));
  for (const WrittenVersion& one : written) {
    BHI_TRY(auto outcome, write_one(engine, store, ehr, capabilities, item, one, now));
    all.written += outcome.written;
    if (outcome.what == ProvenanceOutcome::What::Done || all.what == ProvenanceOutcome::What::Later) continue;
    all.what = outcome.what;
    all.reason = std::move(outcome.reason);
  }
  return all;
}

}  // namespace bhi::flow
