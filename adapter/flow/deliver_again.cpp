// Documents and notices whose entity has changed since: written again only where they would say something else.
#include "fhir/bundle.h"
#include "flow/delivery.h"
#include "flow/held.h"
#include "flow/notices.h"

#include <charconv>
#include <utility>

namespace bhi::flow {

using fhir::Node;

namespace {

// "care-plan-document/c1@3" -> "c1@3"
std::string id_in(std::string_view value) {
  const auto slash = value.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(value.substr(slash + 1));
}

// A document says when it was written, and its description ends with the version of the entity; a notice says when.
Instant written_at(const Node& resource, Instant otherwise) {
  std::string_view text = resource.text_of("date");
  if (text.empty()) text = resource.text_of("sent");
  return instant_from(text).value_or(otherwise);
}

std::int64_t version_in(const Node& resource) {
  const std::string_view text = resource.text_of("description");
  const auto space = text.rfind(' ');
  std::int64_t version = 0;
  if (space != std::string_view::npos) {
    std::from_chars(text.data() + space + 1, text.data() + text.size(), version);
  }
  return version;
}

std::string replaced_by(const Node& resource) {
  for (const Node& relation : fhir::each(resource.find("relatesTo"))) {
    const Node* target = relation.find("target");
    if (relation.text_of("code") == "replaces" && target != nullptr) return std::string(target->text_of("reference"));
  }
  return {};
}

// The EHR keeps the bytes elsewhere: changing the document in place would leave it with both.
bool is_moved_away(const Ledger& ledger) {
  const auto held = fhir::read_json(ledger.held);
  if (!held) return false;
  for (const Node& content : fhir::each((*held)->root().find("content"))) {
    const Node* attachment = content.find("attachment");
    if (attachment != nullptr && !attachment->text_of("url").empty() && attachment->text_of("data").empty())
      return true;
  }
  return false;
}

}  // namespace

Result<Node> Delivery::rendered(const Artifact& artifact, const WriteContext& context, Instant written) {
  BHI_TRY(const WriteContext full,
          with_documents(engine_, artifact, entity(), context, written, terms_.writing.structured_plan));
  BHI_TRY(const Node resource, render(engine_, artifact, entity(), full, written, arena_));
  return with_notices(resource, verdict_.notices, arena_);
}

Result<bool> Delivery::says_the_same(const Artifact& artifact, const std::string& former) {
  if (former.empty()) return false;
  BHI_TRY(const auto before, fhir::read_json(former));
  const Node& said = before->root();
  WriteContext then = context_;
  then.id = id_in(value_in(said, engine_.identifier_system()));
  then.version = artifact.type == "DocumentReference" ? version_in(said) : care_version_;
  then.replaces = replaced_by(said);
  const auto again = rendered(artifact, then, written_at(said, now_));
  return again.ok() && fhir::same(*again, said);
}

Result<std::optional<Fate>> Delivery::find_later(const Artifact& artifact, Ledger& ledger) {
  using Open = std::optional<Fate>;
  if (!uncertain_ || sent_before_.empty()) return Open();
  BHI_TRY(const auto sent, fhir::read_json(sent_before_));
  const std::string value = value_in(sent->root(), engine_.identifier_system());
  if (!value.starts_with(identifier_value(artifact.name, item_.care_id))) return Open();  // the item's other resource
  // Of this very version: create() looks for it.
  if (value == identifier_value(artifact.name, item_.care_id + "@" + std::to_string(care_version_))) return Open();
  if (!ledger.rendered.empty()) {
    BHI_TRY(const auto before, fhir::read_json(ledger.rendered));
    if (value_in(before->root(), engine_.identifier_system()) == value) return Open();  // a change in place
  }
  BHI_TRY(const Sought sought, seek(artifact, sent->root()));
  if (sought.open) return sought.open;
  if (!sought.resource && !looked_before_) return Open(look_again(std::string(artifact.type)));
  if (sought.resource) {
    ledger.id = sought.resource->text_of("id");
    ledger.version = version_of(*sought.resource);
    BHI_TRY(const Node origin, made_from(sent->root(), *sought.resource));
    ledger.rendered = fhir::write_json(origin);
    ledger.held = fhir::write_json(*sought.resource);
    ledger.hash = fhir::content_hash(*sought.resource);
    BHI_CHECK(keep(ledger));
  }
  uncertain_ = false;
  return Open();
}

Result<Step> Delivery::again(const Artifact& artifact, Ledger ledger) {
  BHI_TRY(const auto unsettled, find_later(artifact, ledger));
  if (unsettled) return Step(*unsettled);
  const TypeCapability* capability = capability_of(artifact.type);
  const bool creates = capability != nullptr && capability->create;
  const bool in_place = artifact.follow == Follow::Replace && capability != nullptr && capability->update &&
                        !(creates && is_moved_away(ledger));
  if (!(uncertain_ && in_place)) {
    BHI_TRY(const bool same, says_the_same(artifact, ledger.rendered));
    if (same) return Step(nothing_to_change(std::move(ledger)));
  }
  Instant written = now_;
  context_.version = care_version_;
  if (in_place) {
    BHI_TRY(const auto before, fhir::read_json(ledger.rendered.empty() ? ledger.held : ledger.rendered));
    context_.id = id_in(value_in(before->root(), engine_.identifier_system()));
    context_.replaces = replaced_by(before->root());
    BHI_TRY(const auto sent, sent_of(artifact));
    if (sent) {  // its answer was lost: if it still says what is to be said, it is not written once more
      BHI_TRY(const bool same, says_the_same(artifact, sent_before_));
      if (same) {
        written = written_at(*sent, now_);
        context_.version = version_in(*sent);
      }
    }
  } else {
    context_.id = item_.care_id + "@" + std::to_string(care_version_);
    context_.replaces = artifact.follow == Follow::Replace ? ledger.type + "/" + ledger.id : std::string();
  }
  const auto ours = rendered(artifact, context_, written);
  context_.version = care_version_;
  if (!ours) return Step(parked("not rendered: " + ours.error().message));
  return in_place ? bring_up_to_date(artifact, *ours, std::move(ledger), nullptr) : create(artifact, *ours);
}

}  // namespace bhi::flow
