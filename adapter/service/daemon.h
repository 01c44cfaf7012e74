// The daemon: the only place where threads are started and parts are put together.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr/traffic.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "service/map_watch.h"
#include "service/settings.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace bhi::service {

// What a daemon is made of. run() takes the real ones; tests put in their own.
struct DaemonParts {
  std::unique_ptr<flow::Store> store;
  std::shared_ptr<const flow::Engine> engine;
  std::function<Result<std::shared_ptr<flow::Ehr>>(const SourceSettings&, std::shared_ptr<ehr::Traffic>)> connect;
  std::function<Instant()> now;
  // Scopes of a source's token of the moment; none: nobody knows.
  std::function<std::string(const std::string& source)> granted = {};
  MapSource maps = {};  // where changed maps come from; none: they never change
  std::string version;
};

class Daemon {
 public:
  // Recovers the store, listens, and works until it is drained. Errors: Unavailable (address in use), those of the
  // store.
  static Result<std::unique_ptr<Daemon>> start(Settings settings, DaemonParts parts);
  ~Daemon();  // waits for its threads, however long they take

  std::uint16_t port() const;
  std::uint16_t management_port() const;

  // The store or a thread has failed: nothing is promised any more, and the process should end.
  bool failed() const;
  // Does the part that everything goes through still move?
  bool alive() const;

  // Reads the maps again, soon and on another thread.
  void reload_maps();

  // Takes nothing new, finishes what is being done. False: the time is over and something is still running.
  bool drain(std::chrono::milliseconds time);

 private:
  struct Inside;
  explicit Daemon(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

// The whole life of the process, from the settings to the exit code: 0 drained, 1 ended by a fault, 2 could not start.
int run(const Settings& settings, const std::string& version);

}  // namespace bhi::service
