#include "flow/entries.h"

#include "fhir/json.h"
#include "flow/bhi_act.h"
#include "flow/binding.h"
#include "flow/entry_check.h"
#include "flow/practice_check.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Node;

// Entered by the team: what carries who recorded it, and the acts of an episode.
template <typename T>
concept Recordable = requires(T entry) {
  entry.recorded;
  entry.patient;
};
template <typename T>
constexpr bool kIsEntry = Recordable<T> || std::is_same_v<T, care::EpisodeAct>;

// Members that we set. A correction may send back what it read, with them in it; a post may not.
constexpr std::array<std::string_view, 7> kOurs = {"recorded", "version", "source", "effective", "from", "to", "note"};
constexpr std::array<std::string_view, 3> kOursOfAll = {"recorded", "version", "source"};

std::span<const std::string_view> ours_of(std::string_view kind) {
  if (kind == "EpisodeAct") return kOurs;
  return kOursOfAll;
}

std::string joined(const Issues& issues) {
  std::string text;
  for (const Issue& issue : issues) text += (text.empty() ? "" : "; ") + issue.path + ": " + issue.text;
  return text;
}

// The body as the entity that it describes.
Result<care::Entity> entity_of(const EntryPlace& place, const Node& body) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected an object, the entry"};
  Arena arena;
  Node whole = body;
  for (const std::string_view name : ours_of(place.kind)) {
    if (body.find(name) == nullptr) continue;
    if (!place.version) return Error{Kind::Incorrect, std::string(name) + ": is set by the adapter"};
    whole = fhir::without(whole, fhir::intern(name), arena);
  }
  const auto set = [&](std::string_view name, std::string_view value) -> Result<void> {
    const Node* given = body.find(name);
    if (given != nullptr && (!given->is_string() || given->text() != value))
      return Error{Kind::Incorrect, std::string(name) + ": expected what the address says, or nothing"};
    whole = fhir::with(whole, fhir::intern(name), Node::string(value), arena);
    return {};
  };
  BHI_CHECK(set("kind", place.kind));
  BHI_CHECK(set("patient", place.patient));
  if (place.version) BHI_CHECK(set("id", place.id));
  BHI_TRY(auto read, entity_from(whole));
  if (has_errors(read.issues)) return Error{Kind::Incorrect, joined(read.issues)};
  if (!is_entry_id(id_of(read.entity))) {
    return Error{
        Kind::Incorrect,
        "id: expected the sender's own id (letters, digits, '-', '.', '_', at most 64), so that a repeat is safe"};
  }
  return std::move(read.entity);
}

// What follows from who acts and when, where the sender did not say otherwise. `held`: the entry of a former call.
template <typename T>
void complete(T& entry, const T* held, bool is_post, const Actor& actor, Instant now) {
  if constexpr (std::is_same_v<T, care::EpisodeAct>) {
    if (entry.at.empty()) entry.at = held != nullptr ? held->at : to_text(now);
    if (entry.by.empty()) entry.by = held != nullptr ? held->by : actor.by();
  } else {
    entry.recorded = {actor.by(), to_text(now)};
    if (is_post && held != nullptr) entry.recorded = held->recorded;
    // A correction is later than what it corrects, whatever the clock says.
    const auto before = held == nullptr ? std::nullopt : instant_from(held->recorded.at);
    if (!is_post && before && *before >= now) entry.recorded.at = to_text(*before + std::chrono::milliseconds(1));
  }
  // Where it came from does not change because somebody here corrects it.
  if constexpr (requires { entry.source; }) {
    if (held != nullptr) entry.source = held->source;
  }
  if constexpr (std::is_same_v<T, care::Contact>) {
    if (entry.member.empty()) entry.member = held != nullptr ? held->member : actor.by();
  }
  if constexpr (std::is_same_v<T, care::Contact> || std::is_same_v<T, care::CaseReview>) {
    if (entry.status.empty()) entry.status = "final";
  }
  if constexpr (std::is_same_v<T, care::Consent>) {
    // Only the act of revoking revokes, and no correction takes that back.
    entry.revoked = held != nullptr ? held->revoked : care::Recorded{};
    entry.revoke_reason = held != nullptr ? held->revoke_reason : std::string();
  }
}

template <typename T>
bool is_repeat(const T& entry, const T& held) {
  if constexpr (std::is_same_v<T, care::EpisodeAct>) {
    T same = entry;
    same.effective = held.effective;
    same.from = held.from;
    same.to = held.to;
    same.note = held.note;
    return same == held;
  } else {
    return entry == held;
  }
}

Issue refusal(std::string_view kind, std::string_view id, std::string_view code, std::string text) {
  return {Severity::Error, std::string(code), std::string(kind) + "/" + std::string(id), std::move(text)};
}

template <typename T>
Result<Changes> decide_entry(const LoadedRecord& before, T entry, const EntryPlace& place,
                             const care::PracticeRecord& practice, const Actor& actor, Instant now, Issues& refused) {
  BHI_CHECK(known_patient(before));
  const auto& list = care::list_of<T>(before.record);
  const auto found = std::ranges::find(list, entry.id, &T::id);
  const T* held = found == list.end() ? nullptr : &*found;
  const bool is_post = !place.version;
  if (!is_post) {
    if (held == nullptr) return Error{Kind::NotFound, "no such entry of this patient"};
    if (const auto stored = before.version_of(place.kind, entry.id); stored != *place.version) {
      return Error{Kind::Conflict, "the entry is at version " + std::to_string(stored) + ", If-Match says " +
                                       std::to_string(*place.version)};
    }
  }
  complete(entry, held, is_post, actor, now);
  if constexpr (!std::is_same_v<T, care::EpisodeAct>) {
    // Said again as it stands: not a correction, whenever it is said.
    T same = entry;
    if (held != nullptr) same.recorded = held->recorded;
    if (held != nullptr && same == *held) return Changes{};
  }
  if (held != nullptr && is_repeat(entry, *held)) return Changes{};
  if (is_post && held != nullptr) {
    refused = {refusal(place.kind, entry.id, "conflict",
                       "this id is taken by another entry; correct it with PUT and If-Match")};
    return Changes{};
  }
  refused = check_names(care::Entity(entry), before.record, practice);
  if (!refused.empty()) return Changes{};
  return Changes{std::move(entry)};
}

}  // namespace

Result<Written> write_entry(const Engine& engine, Store& store, const Destinations& destinations,
                            const EntryPlace& place, const Node& body, const care::PracticeRecord& practice,
                            const Actor& actor, Instant now) {
  BHI_TRY(const auto entity, entity_of(place, body));
  const std::string id(id_of(entity));
  // Ids are of one kind, not of one patient: the store has one row for each.
  BHI_TRY(const auto other, store.entity(place.kind, id));
  if (other && other->patient != place.patient) {
    if (place.version) return Error{Kind::NotFound, "no such entry of this patient"};
    Written written;
    written.refused = {refusal(place.kind, id, "conflict", "this id is taken")};
    return written;
  }
  return std::visit(
      [&]<typename T>(const T& entry) -> Result<Written> {
        if constexpr (kIsEntry<T>) {
          if (std::is_same_v<T, care::EpisodeAct> && place.version)
            return Error{Kind::Incorrect, "an act is never changed: post another with act 'undo'"};
          const std::string action = place.version ? "correct-entry" : "post-entry";
          return run_act(engine, store, destinations, {place.patient, place.kind, id, action}, actor, now,
                         [&](const LoadedRecord& before, Issues& refused) {
                           return decide_entry(before, entry, place, practice, actor, now, refused);
                         });
        } else {
          return Error{Kind::Incorrect, "this kind is not entered by hand"};
        }
      },
      entity);
}

Result<Written> revoke_consent(const Engine& engine, Store& store, const Destinations& destinations,
                               std::string_view patient, std::string_view consent, const Node& body, const Actor& actor,
                               Instant now) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected an object {reason}"};
  for (const fhir::Member& member : body.members()) {
    if (member.name->text != "reason") return Error{Kind::Incorrect, "expected {reason}, found another element"};
  }
  const std::string reason(body.text_of("reason"));
  return run_act(engine, store, destinations, {patient, "Consent", consent, "revoke-consent"}, actor, now,
                 [&](const LoadedRecord& before, Issues&) -> Result<Changes> {
                   BHI_CHECK(known_patient(before));
                   const auto held = std::ranges::find(before.record.consents, consent, &care::Consent::id);
                   if (held == before.record.consents.end())
                     return Error{Kind::NotFound, "no such consent of this patient"};
                   if (!held->revoked.at.empty()) return Changes{};  // a repeat
                   return Changes{care::RevokeConsent{
                       std::string(consent), std::string(patient), reason, {actor.by(), to_text(now)}}};
                 });
}

}  // namespace bhi::flow
