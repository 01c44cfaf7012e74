#include "service/map_watch.h"

#include "service/load_engine.h"
#include "service/log.h"

#include <utility>

namespace bhi::service {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTick{1};
constexpr std::size_t kLongestReason = 4000;

std::int64_t microseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

std::size_t count_of(const flow::Engine& engine) {
  std::size_t count = engine.maps->maps().size();
  for (const auto& [name, library] : engine.overlays) count += library->maps().size();
  return count;
}

}  // namespace

MapWatch::MapWatch(LiveEngine& live, Metrics& metrics, MapSource source)
    : live_(live), metrics_(metrics), source_(std::move(source)), seen_(source_.loaded) {
  tell_loaded(*live_.get());
}

void MapWatch::reload() {
  asked_ = true;
  bell_.ring();
}

void MapWatch::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    look();
    bell_.wait(stop, kTick);
  }
}

void MapWatch::look() {
  const std::string now = source_.signature ? source_.signature() : std::string();
  if (asked_.exchange(false)) {
    seen_ = now;
    load();
  } else if (now == seen_) {
    pending_.clear();
  } else if (now == pending_) {
    seen_ = now;  // whether it compiles or not: the same files are not tried again
    pending_.clear();
    load();
  } else {
    pending_ = now;  // wait until nothing changes any more
  }
}

void MapWatch::load() {
  const auto start = Clock::now();
  auto loaded = source_.load();
  const auto compiled_us = microseconds_since(start);
  if (!loaded.ok()) {
    metrics_.count(Metric::MapsRejected);
    log_event(LogLevel::Error, "maps rejected; those in use stay in use",
              JsonObject()
                  .text("kind", name(loaded.error().kind))
                  .text("reason", loaded.error().message.substr(0, kLongestReason)));
    return;
  }
  const auto before_swap = Clock::now();
  live_.put(*loaded);
  const auto swapped_us = microseconds_since(before_swap);
  tell_loaded(**loaded);
  metrics_.count(Metric::MapsReloaded);
  for (const auto& warning : warnings_of(**loaded)) {
    log_event(LogLevel::Warn, "maps", JsonObject().text("reason", warning));
  }
  log_event(LogLevel::Info, "maps loaded",
            JsonObject()
                .number("maps", static_cast<std::int64_t>(count_of(**loaded)))
                .number("compiled_us", compiled_us)
                .number("swapped_us", swapped_us));
}

void MapWatch::tell_loaded(const flow::Engine& engine) {
  metrics_.set(Metric::MapsLoaded, static_cast<double>(count_of(engine)));
}

}  // namespace bhi::service
