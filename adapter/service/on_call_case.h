// When somebody has to be called about a safety event, and who: the decision alone, without clock, store or network.
//
// An event calls when it could not be delivered (its item is parked or dead, or there is no way at all), when it is not
// verified after a while, or when nobody acknowledged it in time. Once somebody was called, calls go on until the event
// is acknowledged, whatever becomes of the delivery meanwhile.
#pragma once

#include "base/instant.h"
#include "flow/ports.h"
#include "service/on_call_settings.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bhi::service {

// What was told of an event: kept in the store, so that a restart neither forgets nor begins anew.
struct Told {
  int attempt = 0;      // notices that were tried, whatever came of them
  Instant first{};      // when the first was tried
  Instant last{};       // and the last
  bool failed = false;  // the last reached nobody of those who were to be told

  std::string text() const;  // "3 1795000000000 1795000600000 told"
  static std::optional<Told> read(std::string_view text);

  bool operator==(const Told&) const = default;
};

// How far the event's artifact got.
struct Delivery {
  enum class What : std::uint8_t {
    NoWay,   // nobody to deliver to: no patient, or no destination that may be written
    Open,    // on its way
    Failed,  // parked or dead
    There,   // verified
  };
  What what = What::NoWay;
  std::string destination;
  Instant queued{};
};

// Of all items of the event the newest counts. `items`: of its patient, newest first.
Delivery delivery_of(std::span<const flow::OutboxItem> items, std::string_view event);

enum class Reason : std::uint8_t { NotDelivered, NotAcknowledged };
std::string_view name(Reason reason);

struct DueNotice {
  Reason reason = Reason::NotDelivered;
  int attempt = 0;      // this one, from 1
  bool backup = false;  // the backup's turn too
};

// What is to be done about an open event at `now`: call, or look again at `next`.
struct Judgement {
  std::optional<DueNotice> due;
  Instant next{};
};

Judgement judge(const Delivery& delivery, Instant raised, const std::optional<Told>& told,
                const OnCallSettings& settings, Instant now);

// What is sent: no patient, no answer, no score. `event`: the opaque id.
std::string notice(std::string_view instance, std::string_view event, const DueNotice& due, const Delivery& delivery,
                   Instant raised, std::string_view link_base);

}  // namespace bhi::service
