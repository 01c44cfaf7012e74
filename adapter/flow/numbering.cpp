#include "flow/numbering.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bhi::flow {

namespace {

constexpr std::size_t kMostGaps = 200;  // beyond it they become one: more is asked for than is missing, never less

void add_gap(NumberState& state, std::int64_t first, std::int64_t last, Instant now) {
  if (first > last) return;
  state.gaps.push_back({first, last, now});
  if (state.gaps.size() <= kMostGaps) return;
  const EventGap whole{state.gaps.front().first, state.gaps.back().last, state.gaps.front().since};
  state.gaps = {whole};
}

// True: the number was missing, and is not any more.
bool fill(std::vector<EventGap>& gaps, std::int64_t number) {
  const auto gap =
      std::ranges::find_if(gaps, [&](const EventGap& one) { return one.first <= number && number <= one.last; });
  if (gap == gaps.end()) return false;
  const EventGap before{gap->first, number - 1, gap->since};
  const EventGap after{number + 1, gap->last, gap->since};
  auto at = gaps.erase(gap);
  if (after.first <= after.last) at = gaps.insert(at, after);
  if (before.first <= before.last) gaps.insert(at, before);
  return true;
}

void take(NumberState& state, const EventNumber& event, Instant now) {
  if (!state.begun) {
    state.begun = true;
    state.newest = event.number;
    state.newest_at = event.at;
    return;
  }
  if (event.number > state.newest) {
    add_gap(state, state.newest + 1, event.number - 1, now);
    state.newest = event.number;
    if (event.at) state.newest_at = event.at;
    return;
  }
  if (fill(state.gaps, event.number)) return;
  // A repeat has the time of its first coming. Without a time nobody can tell.
  const bool is_repeat = event.at && state.newest_at && *event.at <= *state.newest_at;
  const bool is_newest_again = event.number == state.newest && (!event.at || !state.newest_at);
  if (!is_repeat && !is_newest_again) state.suspect = true;
}

bool read(std::string_view text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view cut(std::string_view& text, char at) {
  const auto end = std::min(text.find(at), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<EventGap> gap_from(std::string_view text) {
  EventGap gap;
  const auto first = cut(text, '-'), last = cut(text, '@');
  const auto since = instant_from(text);
  if (!read(first, gap.first) || !read(last, gap.last) || !since) return std::nullopt;
  gap.since = *since;
  return gap;
}

}  // namespace

NumberState next(NumberState state, const HeardNumbers& heard, Numbering numbering, Instant now) {
  if (numbering == Numbering::PerNotification) return state;
  auto events = heard.events;
  std::ranges::sort(events, {}, &EventNumber::number);
  for (const EventNumber& event : events) take(state, event, now);
  if (!heard.count) return state;
  if (!state.begun) {
    state.begun = true;
    state.newest = *heard.count;
  } else if (*heard.count > state.newest) {  // counted, but it did not come
    add_gap(state, state.newest + 1, *heard.count, now);
    state.newest = *heard.count;
  } else if (heard.events.empty() && *heard.count < state.newest) {
    state.suspect = true;
  }
  return state;
}

NumberState counted(NumberState state, std::int64_t count, Instant now) {
  const bool anew = state.begun && count < state.newest;
  if (anew) state = began_anew(std::move(state), now);
  state.suspect = false;
  if (anew || !state.begun) {
    state.begun = true;
    state.newest = count;
    return state;
  }
  if (count > state.newest) add_gap(state, state.newest + 1, count, now);
  state.newest = count;
  return state;
}

NumberState began_anew(NumberState state, Instant now) {
  NumberState fresh;
  fresh.wanted = Recovery::Everything;
  fresh.wanted_since = std::max(now, state.wanted_since);
  return fresh;
}

std::optional<EventGap> overdue(const NumberState& state, std::chrono::milliseconds grace, Instant now) {
  std::optional<EventGap> range;
  for (const EventGap& gap : state.gaps) {
    if (now - gap.since < grace) continue;
    if (!range) range = gap;
    range->last = gap.last;
    range->since = std::max(range->since, gap.since);
  }
  return range;
}

NumberState want(NumberState state, Recovery recovery, Instant now) {
  state.wanted = std::max(state.wanted, recovery);
  state.wanted_since = now;
  return state;
}

NumberState recovered(NumberState state, Instant asked, bool everything) {
  std::erase_if(state.gaps, [asked](const EventGap& gap) { return gap.since <= asked; });
  if (state.wanted_since <= asked && (everything || state.wanted != Recovery::Everything)) {
    state.wanted = Recovery::None;
  }
  return state;
}

// "<newest or -> <its time or -> <suspect> <wanted> <since> <gap> <gap> ..."
std::string text_of(const NumberState& state) {
  std::string text = state.begun ? std::to_string(state.newest) : "-";
  text += " " + (state.newest_at ? to_text(*state.newest_at) : std::string("-"));
  text += state.suspect ? " suspect" : " sure";
  text += " " + std::to_string(static_cast<int>(state.wanted)) + " " + to_text(state.wanted_since);
  for (const EventGap& gap : state.gaps) {
    text += " " + std::to_string(gap.first) + "-" + std::to_string(gap.last) + "@" + to_text(gap.since);
  }
  return text;
}

std::optional<NumberState> number_state_from(std::string_view text) {
  NumberState state;
  const auto newest = cut(text, ' '), newest_at = cut(text, ' '), suspect = cut(text, ' ');
  const auto wanted = cut(text, ' ');
  const auto since = instant_from(cut(text, ' '));
  state.begun = newest != "-";
  if (state.begun && !read(newest, state.newest)) return std::nullopt;
  if (newest_at != "-") {
    state.newest_at = instant_from(newest_at);
    if (!state.newest_at) return std::nullopt;
  }
  std::int64_t recovery = 0;
  if (!read(wanted, recovery) || recovery < 0 || recovery > 2 || !since) return std::nullopt;
  state.suspect = suspect == "suspect";
  state.wanted = static_cast<Recovery>(recovery);
  state.wanted_since = *since;
  while (!text.empty()) {
    const auto gap = gap_from(cut(text, ' '));
    if (!gap) return std::nullopt;
    state.gaps.push_back(*gap);
  }
  return state;
}

}  // namespace bhi::flow
