#include "service/poller.h"

#include "flow/cohort.h"
#include "flow/deliver.h"
#include "flow/sweep.h"
#include "service/files.h"
#include "service/log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::chrono::minutes kFormAgain{10};  // a form that was not there is asked for again
constexpr std::chrono::minutes kUnsupportedAgain{60};
constexpr std::chrono::seconds kNoCapabilities{5};
constexpr std::chrono::seconds kHeldAgain{1};
constexpr std::chrono::seconds kNotOurs{1};  // another replica polls: do we by now?
constexpr int kPatientsATurn = 5;            // then it is the next type's turn

// "GET Patient: 400 required": the status of a refusal; empty when there is none.
std::string status_of(const Error& error) {
  const auto at = error.message.find(": 4");
  return at == std::string::npos ? std::string() : error.message.substr(at + 2, 3);
}

bool is_refused(const Error& error) {
  const auto status = status_of(error);
  return status == "400" || status == "403" || status == "405" || status == "422";
}

}  // namespace

Poller::Poller(const Common& common, EhrLink& link, std::function<void()> wake_lanes)
    : common_(common),
      link_(link),
      wake_lanes_(std::move(wake_lanes)),
      fill_in_(common, link.settings().name, wake_lanes_) {
  const auto now = Clock::now();
  for (const auto& type : link.settings().types) {
    auto& turn = turns_.emplace_back(std::make_unique<Turn>());
    turn->type = type;
    turn->next = turn->complete = now;
  }
}

void Poller::run(std::stop_token stop) {
  // A poll of many pages ends at the next one when the source is another replica's.
  const auto all = stoppable(link_.ehr(), [&stop] { return stop.stop_requested(); });
  const auto ehr = stoppable(
      link_.ehr(), [&] { return stop.stop_requested() || !flow::holds(common_.leases, source_job(source())); });
  fill_in_.remember();
  remember_staleness();
  while (!stop.stop_requested()) {
    const auto capabilities = link_.capabilities(common_.now());
    if (!capabilities.ok()) {
      line_.failed(link_.settings().name, "connection", "", capabilities.error());
      bell_.wait(stop, kNoCapabilities);
      continue;
    }
    line_.worked(link_.settings().name, "connection", "");
    const bool more = fill_in_.fetch(*all, stop);  // what is missing here, whoever polls
    const bool ours = take_turns(*ehr, **capabilities, stop);
    const auto rest = ours ? next_turn() - Clock::now() : Clock::duration(kNotOurs);
    if (!more) bell_.wait(stop, std::max(Clock::duration::zero(), rest));
  }
}

// All that is due. False: another replica polls this source.
bool Poller::take_turns(flow::Ehr& ehr, const flow::Capabilities& capabilities, const std::stop_token& stop) {
  const flow::Underway ours(common_.leases, source_job(source()));
  if (!ours) {
    was_ours_ = false;
    return false;
  }
  if (!std::exchange(was_ours_, true)) begin_anew();
  for (auto& turn : turns_) {
    if (hurry_.take(turn->type) && turn->failures == 0) turn->next = Clock::now();
    if (stop.stop_requested() || turn->next > Clock::now()) continue;
    if (held(*turn)) {
      turn->next = Clock::now() + kHeldAgain;
    } else {
      poll(*turn, ehr, capabilities);
    }
  }
  return true;
}

// The source was another replica's, or nobody's: every type is asked for from where the store says.
void Poller::begin_anew() {
  if (common_.leases == nullptr) return;
  remember_staleness();
  for (auto& turn : turns_) {
    turn->next = Clock::now();
    turn->failures = 0;
    turn->rounds = {};
  }
}

flow::PollSettings Poller::settings_for(const Turn& turn) const {
  const auto& settings = link_.settings();
  flow::PollSettings how;
  how.source = settings.name;
  how.overlap = std::chrono::seconds(settings.overlap_secs);
  how.page_size = settings.page_size;
  for (const auto& filter : settings.filters) {
    const auto mark = filter.find('?');
    if (filter.substr(0, mark) == turn.type) how.filter += (how.filter.empty() ? "" : "&") + filter.substr(mark + 1);
  }
  return how;
}

void Poller::choose(Turn& turn, const flow::Capabilities& capabilities) {
  const auto& settings = link_.settings();
  flow::PollWishes wishes;
  wishes.cohort = settings.cohort != CohortType::Everybody;
  wishes.sweep_types = settings.sweep_types;
  wishes.created_date_types = settings.created_date_types;
  const auto* detour = turn.detour.at(common_.now());
  auto choice = detour != nullptr ? *detour : flow::choose_poll(capabilities, turn.type, wishes);
  if (turn.without_count) choice.with_count = false;
  const std::lock_guard lock(mutex_);
  if (choice.mode != turn.choice.mode || choice.reason != turn.choice.reason) {
    const bool doubtful =
        (choice.mode == flow::PollMode::None && settings.types_listed) || choice.mode == flow::PollMode::CreatedDate;
    log_event(doubtful ? LogLevel::Warn : LogLevel::Info, "how a type is asked for",
              JsonObject()
                  .text("source", settings.name)
                  .text("type", turn.type)
                  .text("mode", flow::name(choice.mode))
                  .text("reason", choice.reason));
  }
  turn.choice = std::move(choice);
}

// A type that nobody asked for by name and that this EHR does not have: no failure, it may come one day.
bool Poller::left_out(const std::string& type, const flow::Capabilities& capabilities) const {
  const auto* capability = capabilities.of(type);
  const bool absent = capability == nullptr || (!capability->search && capability->read_withheld.empty());
  return absent && !link_.settings().types_listed;
}

void Poller::poll(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities) {
  choose(turn, capabilities);
  switch (turn.choice.mode) {
    case flow::PollMode::None:
      if (left_out(turn.type, capabilities)) {
        turn.next = Clock::now() + kUnsupportedAgain;
        return;
      }
      failed(turn, nullptr, {Kind::Unsupported, turn.type + ": " + turn.choice.reason});
      return;
    case flow::PollMode::LastUpdated:
    case flow::PollMode::CreatedDate: poll_window(turn, ehr, capabilities); return;
    case flow::PollMode::Sweep:
      turn.choice.by_patient ? sweep_patients(turn, ehr) : sweep_all(turn, ehr, capabilities);
      return;
  }
}

void Poller::poll_window(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities) {
  const Instant asked = common_.now();
  turn.whole = hurry_.wants_whole(turn.type);
  if (turn.whole) {  // as if it had never been asked for
    flow::Accepted anew;
    for (const char* kind : {"", "|created"})
      anew.more_cursors.push_back({link_.settings().name, turn.type + kind, ""});
    static_cast<void>(common_.store.accept(anew));  // asked for again when it fails
  }
  const auto summary = flow::poll(common_.store, ehr, settings_for(turn), turn.choice, asked);
  if (!summary.ok()) {
    failed(turn, &capabilities, summary.error());
    return;
  }
  turn.without_count = turn.without_count || summary->count_refused;
  count(turn, summary->seen, summary->stored, summary->complete);
  ended(turn, asked, summary->issues, summary->complete);
}

void Poller::sweep_all(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities) {
  const Instant asked = common_.now();
  const auto summary = flow::sweep(common_.store, ehr, settings_for(turn), turn.choice, {}, asked);
  if (!summary.ok()) {
    failed(turn, &capabilities, summary.error());
    return;
  }
  turn.without_count = turn.without_count || summary->count_refused;
  count(turn, summary->seen, summary->stored, summary->complete);
  ended(turn, asked, summary->issues, summary->complete);
}

Result<std::vector<std::string>> Poller::cohort(flow::Ehr& ehr) const {
  const auto& settings = link_.settings();
  const auto chosen = [&]() -> Result<std::vector<std::string>> {
    switch (settings.cohort) {
      case CohortType::Everybody:
      case CohortType::Known: return flow::known_patients(common_.store, settings.name);
      case CohortType::Enrolled: return flow::enrolled_patients(common_.store, settings.name);
      case CohortType::Search: return flow::patients_of_search(ehr, settings.cohort_search, settings.page_size);
      case CohortType::Group: return flow::patients_of_group(ehr, settings.cohort_group);
      case CohortType::List: break;
    }
    BHI_TRY(const auto text, read_file(settings.cohort_file));
    return flow::patients_of_list(text);
  };
  BHI_TRY(auto patients, chosen());
  return flow::with_survivors(common_.store, settings.name, std::move(patients));
}

// Some patients, then the next type may go on; the round continues where it was.
void Poller::sweep_patients(Turn& turn, flow::Ehr& ehr) {
  if (!turn.rounds.under_way()) {
    const auto patients = cohort(ehr);
    if (!patients.ok()) {
      failed(turn, nullptr, patients.error());
      return;
    }
    turn.rounds.begin(*patients);
    turn.next_round = Clock::now() + std::chrono::seconds(link_.settings().poll_interval_secs);
  }
  const auto settings = settings_for(turn);
  for (int i = 0; i < kPatientsATurn && turn.rounds.under_way(); ++i) {
    const Instant asked = common_.now();
    const auto summary = flow::sweep(common_.store, ehr, settings, turn.choice, turn.rounds.next(), asked);
    if (!summary.ok()) {
      const Error& error = summary.error();
      const bool of_this_patient = error.kind == Kind::Incorrect || error.kind == Kind::NotFound;
      failed(turn, nullptr, error);
      if (!of_this_patient) return;  // the same patient again, later
      turn.rounds.done(std::nullopt);
      turn.next = Clock::now();
      continue;
    }
    if (summary->count_refused) turn.without_count = true, turn.choice.with_count = false;
    count(turn, summary->seen, summary->stored, summary->complete);
    turn.rounds.done(summary->complete ? std::optional(asked) : std::nullopt);
    turn.next = Clock::now();
  }
  if (!turn.rounds.under_way()) {
    ended(turn, turn.rounds.complete_until(), {}, turn.rounds.complete_until().has_value());
    turn.next = turn.next_round;
  } else if (const auto until = turn.rounds.complete_until()) {
    const std::lock_guard lock(mutex_);
    turn.known_until = until;
  }
}

bool Poller::failed(Turn& turn, const flow::Capabilities* capabilities, const Error& error) {
  const auto& settings = link_.settings();
  common_.metrics.count(Metric::Polls, 1, {settings.name, turn.type, std::string(name(error.kind))});
  const auto now = Clock::now();
  const bool straight = turn.detour.at(common_.now()) == nullptr;
  if (capabilities != nullptr && !turn.choice.by_patient && straight && is_refused(error)) {
    turn.detour.take(flow::by_patient_instead(*capabilities, turn.choice, status_of(error)), common_.now());
    turn.next = now;
    return false;
  }
  turn.line.failed(settings.name, "poll", turn.type, error);
  ++turn.failures;
  turn.next = now + (error.kind == Kind::Unsupported ? std::chrono::milliseconds(kUnsupportedAgain)
                                                     : flow::retry_delay(turn.failures, settings.name + turn.type));
  return true;
}

void Poller::count(const Turn& turn, std::size_t seen, std::size_t stored, bool complete) {
  const auto& source = link_.settings().name;
  common_.metrics.count(Metric::Polls, 1, {source, turn.type, complete ? "complete" : "incomplete"});
  common_.metrics.count(Metric::ReceivedResources, seen, {source, "poll"});
  common_.metrics.count(Metric::StoredResources, stored, {source, "poll"});
  common_.metrics.count(Metric::UnchangedResources, seen - std::min(seen, stored), {source, "poll"});
  if (stored > 0) wake_lanes_();
}

// A whole window, or a whole round. `asked`: up to when nothing is missing.
void Poller::ended(Turn& turn, std::optional<Instant> asked, const Issues& issues, bool complete) {
  const auto& settings = link_.settings();
  const auto now = Clock::now();
  turn.next = now + std::chrono::seconds(settings.poll_interval_secs);
  if (!complete) {
    const auto reason = issues.empty() ? std::string("something is left to be asked again") : issues.back().text;
    turn.line.failed(settings.name, "poll", turn.type, {Kind::Unavailable, reason});
    ++turn.failures;
    return;
  }
  turn.failures = 0;
  turn.line.worked(settings.name, "poll", turn.type);
  {
    const std::lock_guard lock(mutex_);
    turn.complete = now;
    turn.known_until = asked;
  }
  const bool sweep = turn.choice.mode == flow::PollMode::Sweep;
  if (asked) hurry_.done(turn.type, *asked, sweep || turn.whole, turn.choice);
  if (!sweep || !asked) return;
  flow::Accepted note;  // a window has it in its cursor
  note.cursor = flow::Cursor{settings.name, "swept|" + turn.type, to_text(*asked)};
  static_cast<void>(common_.store.accept(note));  // only told after the next start
}

// How old our picture was when we stopped is how old it is.
void Poller::remember_staleness() {
  for (auto& turn : turns_) {
    auto window = flow::last_window(common_.store, link_.settings().name, turn->type);
    const auto swept = common_.store.cursor(link_.settings().name, "swept|" + turn->type);
    auto until = window.ok() ? *window : std::nullopt;
    if (swept.ok() && *swept) {
      const auto at = instant_from(**swept);
      if (at && (!until || *at > *until)) until = at;
    }
    const std::lock_guard lock(mutex_);
    turn->known_until = until;
  }
}

void Poller::want(const std::string& form) {
  if (fill_in_.want_form(form)) bell_.ring();
}

void Poller::fill_in(const flow::Missing& missing) {
  if (fill_in_.want(missing)) bell_.ring();
}

Poller::Clock::time_point Poller::next_turn() const {
  auto next = Clock::now() + kFormAgain;
  for (const auto& turn : turns_) next = std::min<Clock::time_point>(next, turn->next);
  return next;
}

std::optional<BulkWork::Held> Poller::held(const Turn& turn) const {
  return bulk_ == nullptr ? std::nullopt : bulk_->held(turn.type);
}

void Poller::report(Metrics& metrics) const {
  if (bulk_ != nullptr) bulk_->report(metrics);
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  for (const auto& turn : turns_) {
    const auto by_bulk = held(*turn);
    // A type that nobody listed and that the EHR does not have is not late.
    const bool nowhere = turn->choice.mode == flow::PollMode::None;
    if (!by_bulk && nowhere && !link_.settings().types_listed) continue;
    if (!by_bulk) {
      metrics.set(Metric::PollLag, std::chrono::duration<double>(now - turn->complete).count(),
                  {link_.settings().name, turn->type});
      if (nowhere) continue;
    }
    const auto until = by_bulk ? by_bulk->known_until : turn->known_until;
    const auto age =
        until ? std::chrono::duration<double>(common_.now() - *until).count() : std::numeric_limits<double>::infinity();
    metrics.set(Metric::Staleness, age, {link_.settings().name, turn->type});
  }
  if (link_.traffic() == nullptr) return;
  const auto state = link_.traffic()->state(common_.now());
  metrics.set(Metric::Circuit, static_cast<double>(state.circuit), {link_.settings().name});
  metrics.set(Metric::MinuteCalls, state.used, {link_.settings().name});
}

std::string Poller::status() const {
  const auto now = common_.now();
  std::vector<std::string> types;
  const std::lock_guard lock(mutex_);
  for (const auto& turn : turns_) {
    const auto by_bulk = held(*turn);
    const auto until = by_bulk ? by_bulk->known_until : turn->known_until;
    JsonObject row;
    row.text("type", turn->type)
        .text("mode", by_bulk ? "bulk" : flow::name(turn->choice.mode))
        .flag("by_patient", turn->choice.by_patient && !by_bulk)
        .text_if("reason", by_bulk ? by_bulk->reason : turn->choice.reason);
    if (until) {
      row.text("complete_until", to_text(*until))
          .number("staleness_secs", std::chrono::floor<std::chrono::seconds>(now - *until).count());
    }
    types.push_back(row.str());
  }
  JsonObject source;
  source.text("name", link_.settings().name);
  if (link_.traffic() != nullptr) {
    const auto state = link_.traffic()->state(now);
    source.text("circuit", ehr::name(state.circuit)).number("calls_this_minute", state.used);
    source.text_if("not_asked_because", state.reason);
    if (state.until) source.text("asked_again", to_text(*state.until));
  }
  if (bulk_ != nullptr) source.raw("bulk", bulk_->status());
  source.number("wanted", static_cast<std::int64_t>(fill_in_.open()));  // forms and resources that were not there yet
  return source.raw("types", json_array(types)).str();
}

}  // namespace bhi::service
