#include "flow/ports.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::flow {

namespace {

template <typename State>
using Names = std::pair<State, std::string_view>;

constexpr std::array kInboxNames = std::to_array<Names<InboxState>>({
    {InboxState::Pending, "pending"},
    {InboxState::Waiting, "waiting"},
    {InboxState::Done, "done"},
    {InboxState::Left, "left"},
    {InboxState::Quarantined, "quarantined"},
});

constexpr std::array kOutboxNames = std::to_array<Names<OutboxState>>({
    {OutboxState::Planned, "planned"},
    {OutboxState::Sent, "sent"},
    {OutboxState::Verified, "verified"},
    {OutboxState::Unknown, "unknown"},
    {OutboxState::RetryAt, "retry-at"},
    {OutboxState::Parked, "parked"},
    {OutboxState::Dead, "dead"},
    {OutboxState::Superseded, "superseded"},
});

template <typename State, std::size_t N>
std::string_view text_of(const std::array<Names<State>, N>& names, State state) {
  const auto found = std::ranges::find(names, state, &Names<State>::first);
  return found == names.end() ? std::string_view() : found->second;
}

template <typename State, std::size_t N>
std::optional<State> state_from(const std::array<Names<State>, N>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text, &Names<State>::second);
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

}  // namespace

std::string_view name(InboxState state) { return text_of(kInboxNames, state); }
std::string_view name(OutboxState state) { return text_of(kOutboxNames, state); }
std::optional<InboxState> inbox_state_from(std::string_view text) { return state_from(kInboxNames, text); }
std::optional<OutboxState> outbox_state_from(std::string_view text) { return state_from(kOutboxNames, text); }

std::string mark_of(const std::optional<Ledger>& row) {
  return row ? row->version + "|" + row->hash + "|" + std::to_string(row->care_version) : std::string();
}

const TypeCapability* Capabilities::of(std::string_view type) const {
  const auto found = std::ranges::find(types, type, &TypeCapability::type);
  return found == types.end() ? nullptr : &*found;
}

Result<AtHand> Store::at_hand(const OutboxItem& item, std::string_view kind, std::span<const std::string> artifacts) {
  AtHand found;
  BHI_TRY(found.entity, entity(kind, item.care_id));
  if (!found.entity) return found;
  BHI_TRY(found.patient, entity("Patient", found.entity->patient));
  BHI_TRY(found.consents, entities_of(found.entity->patient, "Consent"));
  for (const std::string& artifact : artifacts) {
    BHI_TRY(auto one, ledger(item.destination, artifact, item.care_id));
    if (one) found.ledgers.push_back(*std::move(one));
  }
  return found;
}

}  // namespace bhi::flow
