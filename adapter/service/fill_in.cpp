#include "service/fill_in.h"

#include "flow/poll.h"
#include "service/log.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace bhi::service {

namespace {

constexpr std::chrono::minutes kAgain{10};  // what was not there is asked for again
constexpr std::chrono::hours kLongest{24};  // a reference that leads nowhere: less and less often
constexpr std::size_t kWaitingLooked = 1000;
constexpr std::size_t kMostWishes = 10'000;
constexpr std::size_t kWishesKept = 1000;   // over a restart
constexpr std::size_t kWantedBy = 100;      // read again when it arrives
constexpr int kAsksAtOnce = 25;             // then it is the polls' turn
constexpr const char* kCursor = "missing";  // "Medication/7=MedicationRequest/9,MedicationRequest/10 ..."

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(at), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

void FillIn::remember() {
  if (const auto rows = common_.store.inbox(flow::InboxState::Waiting, kWaitingLooked); rows.ok()) {
    for (const auto& row : *rows) {
      if (row.item.resource.source == source_) add(row.reason, true, "");
    }
  }
  const auto kept = common_.store.cursor(source_, kCursor);
  if (!kept.ok() || !*kept) return;
  for (const auto& wish : split(**kept, ' ')) {
    const auto equals = std::min(wish.find('='), wish.size());
    const auto who = split(std::string_view(wish).substr(std::min(equals + 1, wish.size())), ',');
    add(wish.substr(0, equals), false, "");
    for (const auto& one : who) add(wish.substr(0, equals), false, one);
  }
}

bool FillIn::want_form(const std::string& canonical) { return add(canonical, true, ""); }
bool FillIn::want(const flow::Missing& missing) { return add(missing.reference, false, missing.wanted_by); }

bool FillIn::add(const std::string& what, bool form, const std::string& wanted_by) {
  const std::lock_guard lock(mutex_);
  const auto known = wishes_.find(what);
  if (known == wishes_.end() && wishes_.size() >= kMostWishes) return false;
  auto& wish = wishes_[what];
  wish.form = form;
  const bool more = !wanted_by.empty() && wish.wanted_by.size() < kWantedBy && wish.wanted_by.insert(wanted_by).second;
  changed_ = changed_ || (!form && (more || known == wishes_.end()));
  return known == wishes_.end();
}

bool FillIn::fetch(flow::Ehr& ehr, const std::stop_token& stop, Clock::time_point now) {
  std::vector<std::pair<std::string, Wish>> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [what, wish] : wishes_) {
      if (wish.due <= now) due.emplace_back(what, wish);
    }
  }
  keep();
  int asked = 0;
  for (const auto& [what, wish] : due) {
    if (stop.stop_requested()) return false;
    if (asked++ == kAsksAtOnce) return true;
    const bool found = ask(ehr, what, wish);
    if (found) wake_lanes_();
    const std::lock_guard lock(mutex_);
    auto& left = wishes_[what];
    changed_ = changed_ || (found && !left.form);
    // Somebody may have come to want it while it was asked for: then once more.
    if (found && left.wanted_by == wish.wanted_by) {
      wishes_.erase(what);
    } else if (!found) {
      const auto rest = left.form ? Clock::duration(kAgain) : Clock::duration(kAgain) * (1 << std::min(left.asked, 8));
      left.due = now + std::min<Clock::duration>(rest, kLongest);
      ++left.asked;
    }
  }
  keep();
  return false;
}

bool FillIn::ask(flow::Ehr& ehr, const std::string& what, const Wish& wish) {
  if (wish.form) {
    const auto found = flow::fetch_form(common_.store, ehr, source_, what, common_.now());
    if (found.ok() && *found) return true;
    log_event(LogLevel::Info, "form not found; asked again later",
              JsonObject().text("source", source_).text("form", what));
    return false;
  }
  const auto filled = flow::fill_in(common_.store, ehr, source_, what, wish.wanted_by, common_.now());
  if (filled.ok() && *filled == flow::Filled::Now) return true;
  log_event(LogLevel::Info, "a resource that others refer to was not found; asked again later",
            JsonObject()
                .text("source", source_)
                .text("type", what.substr(0, what.find('/')))
                .text("reason", filled.ok() ? "the EHR does not have or show it" : filled.error().message));
  return false;
}

// Forms are remembered by those who wait for them in the inbox.
void FillIn::keep() {
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(changed_, false)) return;
    std::size_t count = 0;
    for (const auto& [what, wish] : wishes_) {
      if (wish.form || ++count > kWishesKept) continue;
      text += (text.empty() ? "" : " ") + what + "=";
      for (const auto& who : wish.wanted_by) text += (text.back() == '=' ? "" : ",") + who;
    }
  }
  flow::Accepted note;
  note.cursor = flow::Cursor{source_, kCursor, text};
  static_cast<void>(common_.store.accept(note));  // else it is asked for when the record comes again
}

std::size_t FillIn::open() const {
  const std::lock_guard lock(mutex_);
  return wishes_.size();
}

}  // namespace bhi::service
