// The counter of a topic-based subscription: which events have come, which are missing, and when the count cannot be
// believed any more. Values only; time is passed in.
// https://hl7.org/fhir/uv/subscriptions-backport/errors.html
#pragma once

#include "base/instant.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

enum class Numbering {
  Monotonic,        // counted from the start of the subscription, one by one: a number left out is an event lost
  PerNotification,  // counted anew in each notification: the numbers say nothing, polls cover what is lost
};

struct EventGap {  // numbers first to last have not come
  std::int64_t first = 0;
  std::int64_t last = 0;
  Instant since{};  // when that was noticed
};

// What has to be asked for because notifications alone do not tell it.
enum class Recovery {
  None,
  Poll,        // the topic's types since the last complete poll
  Everything,  // all of the topic's types: the server began its count anew, so it may not be the one we knew
};

struct NumberState {
  bool begun = false;                  // some number is known
  std::int64_t newest = 0;             // greatest number heard of
  std::optional<Instant> newest_at{};  // the time that the newest event states
  std::vector<EventGap> gaps{};        // ascending, apart from each other
  bool suspect = false;  // a number came back that cannot be a repeat: the EHR is to be asked for its count
  Recovery wanted = Recovery::None;
  Instant wanted_since{};  // a poll that was asked later makes it good

  std::int64_t contiguous() const { return gaps.empty() ? newest : gaps.front().first - 1; }
};

struct EventNumber {
  std::int64_t number = 0;
  std::optional<Instant> at{};  // the event's own time
};

// A notification's numbers: the events in it, and how many there have been (of handshakes and heartbeats only this).
struct HeardNumbers {
  std::optional<std::int64_t> count{};
  std::vector<EventNumber> events{};
};

// The first numbers ever heard are where counting begins. Repeats and late comers change nothing but the gaps they
// fill. A number that was there before but with a later time than all (or with none to tell by) makes the state
// suspect.
NumberState next(NumberState state, const HeardNumbers& heard, Numbering numbering, Instant now);

// The EHR itself says how many events there have been. Fewer than we know: its count began anew, everything is wanted.
NumberState counted(NumberState state, std::int64_t count, Instant now);

// Its count cannot be learnt: the suspicion is believed, and counting goes on from the next number.
NumberState began_anew(NumberState state, Instant now);

// Numbers missing for longer than the grace time, as one range; empty when there are none.
std::optional<EventGap> overdue(const NumberState& state, std::chrono::milliseconds grace, Instant now);

NumberState want(NumberState state, Recovery recovery, Instant now);

// Everything that had changed until `asked` is known: gaps noticed before, and what was wanted before, are made good.
NumberState recovered(NumberState state, Instant asked, bool everything);

// For the cursor; from_text is empty for what text_of never wrote.
std::string text_of(const NumberState& state);
std::optional<NumberState> number_state_from(std::string_view text);

}  // namespace bhi::flow
