#include "service/bulk_work.h"

#include "service/log.h"

#include <algorithm>

namespace bhi::service {

namespace {

constexpr std::chrono::seconds kLongestSleep{60};
constexpr std::chrono::seconds kStoreAgain{5};
constexpr std::chrono::seconds kNotOurs{1};  // another replica loads: do we by now?

flow::BulkSettings settings_from(const SourceSettings& source, const LimitSettings& limits) {
  flow::BulkSettings settings;
  settings.source = source.name;
  settings.level = source.bulk.level;
  settings.group = source.bulk.group.empty() ? source.cohort_group : source.bulk.group;
  settings.form = source.bulk.kick_off;
  settings.types = source.bulk.types.empty() ? source.types : source.bulk.types;
  for (const auto& filter : source.filters) {
    const auto type = filter.substr(0, filter.find('?'));
    if (std::ranges::find(settings.types, type) != settings.types.end()) settings.filters.push_back(filter);
  }
  settings.since = instant_from(source.bulk.since);
  settings.overlap = std::chrono::seconds(source.overlap_secs);
  if (source.bulk.use == BulkUse::Only) settings.interval = std::chrono::seconds(source.bulk.interval_secs);
  settings.longest_poll = std::chrono::seconds(source.bulk.longest_poll_secs);
  settings.give_up = std::chrono::hours(24) * source.bulk.give_up_days;
  settings.begin_windows = source.bulk.use == BulkUse::FirstLoad;
  settings.line_limits.max_bytes = limits.max_body_bytes;
  settings.line_limits.max_depth = limits.max_depth;
  settings.line_limits.max_values = limits.max_values;
  return settings;
}

std::int64_t figure(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

BulkWork::BulkWork(const Common& common, EhrLink& link, const LimitSettings& limits, std::function<void()> wake_lanes)
    : common_(common),
      link_(link),
      settings_(settings_from(link.settings(), limits)),
      types_(settings_.types.begin(), settings_.types.end()),
      wake_lanes_(std::move(wake_lanes)) {}

void BulkWork::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto worked = work(stop);
    if (worked && *worked == Left::Ended) return;
    if (worked) {
      bell_.wait(stop, kNotOurs);
      continue;
    }
    line_.failed(link_.settings().name, "bulk export", "", worked.error());
    bell_.wait(stop, kStoreAgain);
  }
}

Result<BulkWork::Left> BulkWork::work(std::stop_token stop) {
  const auto& source = link_.settings();
  flow::BulkExport* bulk = link_.ehr().bulk();
  if (bulk == nullptr) {
    release("this connection has no Bulk Data export");
    return Left::Ended;
  }
  const flow::Underway ours(common_.leases, source_job(source.name));
  if (!ours) return Left::ToAnother;
  const auto lost = [&] { return !flow::holds(common_.leases, source_job(source.name)); };
  const auto stopping = [&] { return stop.stop_requested() || lost(); };
  const auto ehr = stoppable(link_.ehr(), stopping);
  BHI_TRY(auto run, flow::BulkRun::open(common_.store, settings_));
  {
    const std::lock_guard lock(mutex_);
    counted_seen_ = run.job().seen;
    counted_stored_ = run.job().stored;
  }
  look(run.job());
  const flow::BulkWorld world{common_.store, *ehr,     *bulk,
                              common_.now,   stopping, [this](const flow::BulkJob& job) { look(job); }};
  const bool once = source.bulk.use == BulkUse::FirstLoad;
  while (!stopping()) {
    if (once && run.job().loaded && run.job().phase == flow::BulkPhase::Idle) {
      release("loaded by one export; polling goes on behind it");
      return Left::Ended;
    }
    const flow::BulkPhase before = run.job().phase;
    BHI_TRY(const auto news, run.advance(world));
    look(run.job());
    if (news.problem.empty()) {
      line_.worked(source.name, "bulk export", "");
    } else {
      line_.failed(source.name, "bulk export", "", {Kind::Unavailable, news.problem});
    }
    {
      const std::lock_guard lock(mutex_);
      problem_ = news.problem;
    }
    if (before != run.job().phase) {
      log_event(LogLevel::Info, "bulk export",
                JsonObject()
                    .text("source", source.name)
                    .text("phase", flow::name(run.job().phase))
                    .text("kind", flow::name(run.job().kind)));
    }
    if (ended(news, run.job())) return Left::Ended;
    const auto again = std::min(news.again, common_.now() + kLongestSleep);
    // In naps, so that the source goes to another replica when it should.
    while (common_.now() < again && !stopping()) {
      const auto nap =
          common_.leases == nullptr ? std::chrono::milliseconds(kLongestSleep) : std::chrono::milliseconds(kNotOurs);
      bell_.wait(stop, std::min<std::chrono::milliseconds>(again - common_.now(), nap));
    }
  }
  return Left::ToAnother;
}

// After a step: is there nothing more to do?
bool BulkWork::ended(const flow::BulkNews& news, const flow::BulkJob& job) {
  const auto& source = link_.settings();
  if (news.refused) {
    common_.metrics.count(Metric::BulkExports, 1, {source.name, "refused"});
    if (source.bulk.use != BulkUse::FirstLoad) return false;
    log_event(LogLevel::Warn, "no bulk export here; polling loads instead",
              JsonObject().text("source", source.name).text("reason", news.problem));
    release("no bulk export here: " + news.problem);
    return true;
  }
  if (!news.ended) return false;
  common_.metrics.count(Metric::BulkExports, 1, {source.name, news.problem.empty() ? "complete" : "incomplete"});
  log_event(news.problem.empty() ? LogLevel::Info : LogLevel::Warn, "bulk export taken in",
            JsonObject()
                .text("source", source.name)
                .text("kind", flow::name(job.kind))
                .number("files", figure(job.files))
                .number("resources", figure(job.seen))
                .number("bad_lines", figure(job.bad))
                .number("deleted", figure(job.deleted))
                .number("passed_over", figure(job.unasked))
                .number("errors_told", figure(job.outcomes))
                .text_if("problem", news.problem));
  return false;
}

void BulkWork::release(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  released_ = true;
  state_ = reason;
}

void BulkWork::look(const flow::BulkJob& job) {
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    const auto& source = link_.settings().name;
    const auto seen = job.seen >= counted_seen_ ? job.seen - counted_seen_ : job.seen;
    const auto stored = job.stored >= counted_stored_ ? job.stored - counted_stored_ : job.stored;
    counted_seen_ = job.seen;
    counted_stored_ = job.stored;
    if (seen > 0) common_.metrics.count(Metric::ReceivedResources, seen, {source, "bulk"});
    if (stored > 0) common_.metrics.count(Metric::StoredResources, stored, {source, "bulk"});
    if (seen > stored) common_.metrics.count(Metric::UnchangedResources, seen - stored, {source, "bulk"});
    news = stored > 0;
    job_ = job;
    if (!released_) state_ = flow::name(job.phase);
  }
  if (news) wake_lanes_();
}

std::optional<BulkWork::Held> BulkWork::held(std::string_view type) const {
  if (!types_.contains(type)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (released_) return std::nullopt;
  if (link_.settings().bulk.use == BulkUse::Only) return Held{"by bulk export only", job_.complete_until};
  return Held{"waits for the first load by bulk export", std::nullopt};
}

void BulkWork::report(Metrics& metrics) const {
  const std::lock_guard lock(mutex_);
  metrics.set(Metric::BulkPhase, released_ ? 0.0 : static_cast<double>(job_.phase), {link_.settings().name});
}

std::string BulkWork::status() const {
  const std::lock_guard lock(mutex_);
  JsonObject state;
  state.text("use", link_.settings().bulk.use == BulkUse::Only ? "only" : "first-load")
      .text("state", state_)
      .text("kind", flow::name(job_.kind))
      .number("files", figure(job_.files))
      .number("lines_of_this_file", figure(job_.lines))
      .number("resources", figure(job_.seen))
      .number("new", figure(job_.stored))
      .number("bad_lines", figure(job_.bad))
      .number("deleted", figure(job_.deleted))
      .number("passed_over", figure(job_.unasked))
      .number("errors_told", figure(job_.outcomes))
      .text_if("progress", job_.progress)
      .text_if("problem", problem_.empty() ? job_.problem : problem_);
  if (job_.since) state.text("since", to_text(*job_.since));
  if (job_.complete_until) state.text("complete_until", to_text(*job_.complete_until));
  if (!released_ && job_.not_before > Instant{}) state.text("again", to_text(job_.not_before));
  return state.str();
}

}  // namespace bhi::service
