#include "store/rules.h"

#include "base/instant.h"

#include <algorithm>

namespace bhi::store {

bool is_older(const flow::ResourceCopy& copy, const Held& held) {
  if (copy.updated == held.updated) return false;
  const auto ours = instant_from(held.updated);
  const auto theirs = instant_from(copy.updated);
  return ours && theirs && *theirs < *ours;
}

bool is_same(const flow::ResourceCopy& copy, const Held& held) {
  if (copy.body.empty() || held.deleted) return copy.body.empty() && held.deleted;
  return !copy.hash.empty() && copy.hash == held.hash;
}

bool OlderOnes::has(const flow::ResourceCopy& copy) const {
  return std::ranges::any_of(taken_, [&](const flow::ResourceCopy* seen) {
    return seen->id == copy.id && seen->type == copy.type && seen->source == copy.source && seen->hash == copy.hash &&
           seen->body.empty() == copy.body.empty();
  });
}

Take take_of(const flow::InboxItem& item, const std::optional<Held>& held, OlderOnes& older_ones) {
  const flow::ResourceCopy& copy = item.resource;
  const bool replay = item.channel == "replay";
  const bool older = held && is_older(copy, *held);
  if (!replay && held && is_same(copy, *held)) {
    const bool renewed = !older && (copy.version != held->version || copy.updated != held->updated);
    return renewed ? Take::Renew : Take::Unchanged;
  }
  if (!replay && older) {
    if (older_ones.has(copy)) return Take::Unchanged;
    older_ones.add(copy);
  }
  return older || (replay && held) ? Take::Queue : Take::QueueAndReplace;
}

std::string lane_of(const flow::OutboxItem& item) {
  std::string lane = item.destination + '|' + item.patient;
  if (item.urgent) lane += '|' + item.artifact + '|' + item.care_id;
  return lane;
}

Severity severity_from(std::string_view text) {
  for (const Severity severity : {Severity::Fatal, Severity::Error, Severity::Warning, Severity::Information}) {
    if (name(severity) == text) return severity;
  }
  return Severity::Error;
}

Error written_meanwhile(const flow::Ledger& entry) {
  return Error{Kind::Conflict, "store: ledger of " + entry.artifact + "/" + entry.care_id + ": written meanwhile"};
}

}  // namespace bhi::store
