// The story of the process: open, load, start, wait, drain, stop.
#include "ehr/fhir_ehr.h"
#include "service/assets.h"
#include "service/daemon.h"
#include "service/ehr_auth.h"
#include "service/ehr_link.h"
#include "service/load_engine.h"
#include "service/log.h"
#include "service/notify.h"
#include "service/store_keys.h"
#include "store/open_store.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>

namespace bhi::service {

namespace {

using std::chrono::milliseconds;

constexpr int kDrainOfFailed = 2;     // seconds
constexpr unsigned kEndOfFailed = 4;  // seconds; five are promised, from the failure

Instant system_now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

// Blocked here and in every thread started afterwards; only the main thread waits for them.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

std::string host_name() {
  std::array<char, 65> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != 0 ? std::string(name.data()) : "replica";
}

Result<DaemonParts> open_parts(const Settings& settings, const std::string& version) {
  DaemonParts parts;
  parts.maps.load = [settings] { return load_engine(settings); };
  if (!settings.maps_folder.empty() && settings.maps_watch) {
    parts.maps.signature = [folder = settings.maps_folder] { return signature_of(folder); };
    parts.maps.loaded = parts.maps.signature();
  }
  BHI_TRY(parts.engine, load_engine(settings));
  for (const auto& warning : warnings_of(*parts.engine)) {
    log_event(LogLevel::Warn, "maps", JsonObject().text("reason", warning));
  }
  BHI_TRY(const auto store_keys, read_store_keys(settings.store_key_files));
  store::AmongReplicas replicas;
  replicas.name = settings.replicas.name.empty() ? host_name() : settings.replicas.name;
  replicas.lease = std::chrono::seconds(settings.replicas.lease_secs);
  BHI_TRY(parts.store, store::open_store(settings.store_path, store_keys, replicas));
  // Filled while the daemon opens, before its threads start.
  const auto tokens = std::make_shared<std::map<std::string, std::shared_ptr<ehr::TokenSource>>>();
  parts.connect = [limits = settings.limits, version, tokens](const SourceSettings& source,
                                                              std::shared_ptr<ehr::Traffic> traffic) {
    auto& of_source = (*tokens)[source.name];
    of_source = token_source_of(source);
    return connect_ehr(source, limits, version, std::move(traffic), of_source);
  };
  parts.granted = [tokens](const std::string& source) {
    const auto found = tokens->find(source);
    return found == tokens->end() || !found->second ? std::string() : found->second->state().granted;
  };
  parts.now = system_now;
  parts.version = version;
  return parts;
}

Result<std::unique_ptr<Daemon>> open(const Settings& settings, const std::string& version) {
  BHI_TRY(auto parts, open_parts(settings, version));
  return Daemon::start(settings, std::move(parts));
}

// Until somebody asks us to stop, or the daemon cannot go on. SIGHUP asks to read the maps again. The service manager
// hears from us as long as work moves.
void wait(const sigset_t& signals, Daemon& daemon) {
  const auto period = std::min(watchdog_period().value_or(milliseconds(1000)) / 2, milliseconds(500));
  const timespec slice{0, static_cast<long>(period.count()) * 1'000'000};
  while (!daemon.failed()) {
    const int signal = sigtimedwait(&signals, nullptr, &slice);
    if (signal == SIGHUP) daemon.reload_maps();
    if (signal > 0 && signal != SIGHUP) return;
    if (daemon.alive()) notify_alive();
  }
}

// After a failure the process is gone in time, whatever of it does not come to an end: a thread in the library of a
// database that is away, a reader of our log that stands still.
void end_at_latest(unsigned seconds) {
  std::signal(SIGALRM, [](int) { std::_Exit(1); });
  alarm(seconds);
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

  if ((*daemon)->failed()) end_at_latest(kEndOfFailed);
  notify_stopping();
  log_event(LogLevel::Info, "stopping");
  // After a failure nothing is recorded any more: what somebody else does not let go of is not waited for.
  const auto patience = (*daemon)->failed() ? std::min(settings.drain_secs, kDrainOfFailed) : settings.drain_secs;
  const bool drained = (*daemon)->drain(std::chrono::seconds(patience));
  const bool failed = (*daemon)->failed();
  log_event(failed ? LogLevel::Error : LogLevel::Info, "stopped",
            JsonObject().flag("drained", drained).flag("failed", failed));
  if (!drained || failed) {
    // Something outside does not let go of a thread: whatever it is doing continues or is looked up after the next
    // start. Or the store has failed, and there is nothing to be put in order there: the next start begins at its log.
    stop_log();
    std::_Exit(failed ? 1 : 0);
  }
  daemon->reset();
  stop_log();
  return failed ? 1 : 0;
}

}  // namespace bhi::service
