// One connection of the HTTP server, from its first byte to its close.
#pragma once

#include "service/http/head.h"
#include "service/http/server.h"

#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace bhi::service::http {

// Bytes of request bodies in memory, of all connections together.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t most) : most_(most) {}
  bool take(std::size_t bytes);
  void give_back(std::size_t bytes) { used_ -= bytes; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> used_{0};
};

class Connection {
 public:
  // All references outlive the connection.
  Connection(Poco::Net::StreamSocket socket, const LimitSettings& limits, const Application& application,
             BodyBudget& budget, const std::atomic<bool>& stopping)
      : socket_(std::move(socket)), limits_(limits), application_(application), budget_(budget), stopping_(stopping) {}

  void serve();

 private:
  using Clock = std::chrono::steady_clock;
  enum class More : std::uint8_t { Yes, End, Late, Stop };
  enum class Next : std::uint8_t { Keep, Close };

  Next serve_one();
  Next exchange(Head head);
  Next answer(const Request* request, const Response& response, bool keep);
  Next refuse(const Request* request, Trace trace, Clock::time_point began, const Refusal& refusal);
  std::optional<Refusal> read_body(const Framing& framing, std::string& body, std::size_t& taken);
  std::optional<Refusal> read_exactly(std::uint64_t bytes, std::string& body, std::size_t& taken,
                                      Clock::time_point until);
  std::optional<Refusal> read_chunks(std::string& body, std::size_t& taken, Clock::time_point until);
  std::optional<Refusal> read_line(std::string& line, Clock::time_point until);
  More read_more(Clock::time_point until, bool idle = false);
  void send(std::string_view bytes);
  void linger();
  std::string_view unread() const { return std::string_view(buffer_).substr(used_); }

  Poco::Net::StreamSocket socket_;
  const LimitSettings& limits_;
  const Application& application_;
  BodyBudget& budget_;
  const std::atomic<bool>& stopping_;
  std::string buffer_;  // received
  std::size_t used_ =
      0;  // of it; the rest is unread(). Cut off only when more is received, so small pieces cost nothing
};

}  // namespace bhi::service::http
