// The sockets: a Poco HTTP server with its own threads in front of a Front. Knows bytes and connections, nothing of
// FHIR.
#pragma once

#include "base/result.h"
#include "ehr_sim/front.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace bhi::sim {

struct ServerLimits {
  std::size_t max_body_bytes = 16u << 20;
  int threads = 32;                   // also the most connections served at a time; more wait
  std::chrono::seconds idle{15};      // keep-alive
  std::chrono::seconds patience{30};  // for a slow client
};

// PEM files. Empty `cert_file`: no TLS.
struct Tls {
  std::string cert_file, key_file;
  std::string client_ca_file;  // set: who cannot show a certificate of these authorities is not let in
};

// Ends waits early when the server stops.
class Pause {
 public:
  void wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, time, [&] { return stopped_; });
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    ended_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool stopped_ = false;
};

class Server {
 public:
  // Listens at "127.0.0.1:8080"; port 0 takes a free one. Error kind Unavailable: the address cannot be had, or a file
  // of TLS.
  static Result<std::unique_ptr<Server>> start(const std::string& listen, Front& front, Pause& pause,
                                               const ServerLimits& limits = {}, const Tls& tls = {});
  ~Server();  // stops

  std::uint16_t port() const;
  std::string base() const;  // "http://127.0.0.1:8080/fhir", or https
  // Closes all connections and joins the threads.
  void stop();

 private:
  Server();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace bhi::sim
