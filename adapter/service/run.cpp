// The story of the process: open, load, start, wait, drain, stop.
#include "ehr/fhir_ehr.h"
#include "service/assets.h"
#include "service/daemon.h"
#include "service/ehr_link.h"
#include "service/log.h"
#include "service/notify.h"
#include "store/sqlite_store.h"

#include <csignal>
#include <cstdlib>
#include <ctime>

namespace bhi::service {

namespace {

using std::chrono::milliseconds;

Instant system_now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

// Blocked here and in every thread started afterwards; only the main thread waits for them.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

// Where each source's own absolute references begin. A source that only sends, from nowhere we know, has none.
flow::SourceBases own_bases(const Settings& settings) {
  flow::SourceBases bases;
  for (const SourceSettings& source : settings.sources) {
    if (source.base_url.empty()) continue;
    auto& own = bases[source.name] = source.other_base_urls;
    own.push_back(source.base_url);
  }
  return bases;
}

Result<DaemonParts> open_parts(const Settings& settings, const std::string& version) {
  DaemonParts parts;
  BHI_TRY(const auto texts, load_assets(settings.assets));
  BHI_TRY(parts.engine, flow::make_engine(settings.instance_id, settings.policy, texts, own_bases(settings)));
  BHI_TRY(parts.store, store::open_sqlite(settings.store_path));
  parts.connect = [limits = settings.limits, version](const SourceSettings& source) {
    return connect_ehr(source, limits, version);
  };
  parts.now = system_now;
  parts.version = version;
  return parts;
}

Result<std::unique_ptr<Daemon>> open(const Settings& settings, const std::string& version) {
  BHI_TRY(auto parts, open_parts(settings, version));
  return Daemon::start(settings, std::move(parts));
}

// Until somebody asks us to stop, or the daemon cannot go on. The service manager hears from us as long as work moves.
void wait(const sigset_t& signals, const Daemon& daemon) {
  const auto period = std::min(watchdog_period().value_or(milliseconds(1000)) / 2, milliseconds(500));
  const timespec slice{0, static_cast<long>(period.count()) * 1'000'000};
  while (!daemon.failed()) {
    if (sigtimedwait(&signals, nullptr, &slice) > 0) return;
    if (daemon.alive()) notify_alive();
  }
}

}  // namespace

int run(const Settings& settings, const std::string& version) {
  const auto signals = block_signals();
  start_log(settings.log_level);
  auto daemon = open(settings, version);
  if (!daemon.ok()) {
    log_event(LogLevel::Error, "cannot start",
              JsonObject().text("kind", name(daemon.error().kind)).text("reason", daemon.error().message));
    stop_log();
    return 2;
  }
  notify_ready();
  log_event(LogLevel::Info, "ready");

  wait(signals, **daemon);

  notify_stopping();
  log_event(LogLevel::Info, "stopping");
  const bool drained = (*daemon)->drain(std::chrono::seconds(settings.drain_secs));
  const bool failed = (*daemon)->failed();
  log_event(failed ? LogLevel::Error : LogLevel::Info, "stopped",
            JsonObject().flag("drained", drained).flag("failed", failed));
  if (!drained) {
    // Something outside does not let go of a thread. Whatever it is doing continues or is looked up after the next
    // start.
    stop_log();
    std::_Exit(failed ? 1 : 0);
  }
  daemon->reset();
  stop_log();
  return failed ? 1 : 0;
}

}  // namespace bhi::service
