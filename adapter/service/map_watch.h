// Changed maps come into use without a restart: reads and compiles them on a thread of its own, then swaps the engine.
// What does not compile is rejected as a whole, and the maps in use stay in use.
#pragma once

#include "service/board.h"
#include "service/live_engine.h"
#include "service/metrics.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

namespace bhi::service {

// How to come to maps; the daemon knows no files.
struct MapSource {
  std::function<Result<std::shared_ptr<const flow::Engine>>()> load;  // absent: maps never change
  std::function<std::string()> signature;  // differs when files have changed; absent: only reload() loads
  std::string loaded;                      // the signature of what is in use at the start, taken before it was loaded
};

class MapWatch {
 public:
  MapWatch(LiveEngine& live, Metrics& metrics, MapSource source);

  bool watches() const { return source_.load != nullptr; }
  void run(std::stop_token stop);  // body of one thread
  void reload();                   // soon, changed or not

 private:
  void look();
  void load();
  void tell_loaded(const flow::Engine& engine);

  LiveEngine& live_;
  Metrics& metrics_;
  MapSource source_;
  Bell bell_;
  std::atomic<bool> asked_{false};
  std::string seen_;     // signature of what was last loaded, or tried
  std::string pending_;  // signature seen once: files may still be on their way
};

}  // namespace bhi::service
