// The HTTP/1.1 server: sockets and threads are Poco's, what a request is we read ourselves (head.h), so that every
// limit is ours: connections, bytes of head and body, and the time a whole head or body may take, however slowly it
// drips.
#pragma once

#include "base/result.h"
#include "service/http/message.h"
#include "service/settings.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::service::http {

// What is decided from the head alone. With an answer, the body is never looked at and the connection is closed.
struct Admission {
  std::optional<Response> answer;
  std::function<Response(Request&)> go_on;  // when there is no answer; the body is complete
  std::string route = "-";                  // pattern, never the path itself
  std::string actor = "-";
};

// One request, as logs, metrics and audit may know it.
struct Trace {
  std::string method = "-";
  std::string route = "-";
  std::string actor = "-";
  int status = 0;
  std::chrono::microseconds took{};
};

// What a server asks of its application. Called from many threads. `go_on` may throw: the answer is a bare 500.
struct Application {
  std::function<Admission(const Request&)> admit;
  // The answer to a request that breaks the protocol or a limit, or whose handler threw.
  std::function<Response(int status, std::string_view text)> refuse;
  // Before the answer goes out.
  std::function<void(const Trace&)> finished;
};

class Server {
 public:
  // Binds and listens. Error Unavailable: the address is taken or not ours.
  static Result<std::unique_ptr<Server>> open(const Address& address, const LimitSettings& limits,
                                              Application application);
  ~Server();  // closes what is open and waits for its threads

  std::uint16_t port() const;

  // Takes connections until stop() is called; belongs into a thread of its own.
  void run();
  // From any thread: no new connection, kept ones close after the request they are serving.
  void stop();
  // True when the last connection has ended before the time is up.
  bool wait_idle(std::chrono::milliseconds time);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bhi::service::http
