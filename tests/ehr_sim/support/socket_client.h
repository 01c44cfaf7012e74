// A client that sends bytes and takes bytes, so that a test sees exactly what comes over the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::sim::testing {

class SocketClient {
 public:
  explicit SocketClient(std::uint16_t port);
  ~SocketClient();
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  bool connected() const { return socket_ >= 0; }
  bool send(std::string_view bytes);
  // Headers and body of one answer (by Content-Length), or what came before the connection closed.
  std::string answer();
  // Everything until the connection closes or `most` time went by.
  std::string rest(std::chrono::milliseconds most = std::chrono::seconds(5));
  bool closed() const { return closed_; }

 private:
  bool receive(std::chrono::milliseconds most);

  int socket_ = -1;
  std::string received_;
  bool closed_ = false;
};

// "GET /fhir/Patient HTTP/1.1" with the usual headers, and a body when there is one.
std::string request_text(std::string_view method, std::string_view path, std::string_view body = {},
                         std::string_view headers = {});

// One request on a connection of its own.
std::string exchange(std::uint16_t port, std::string_view method, std::string_view path, std::string_view body = {},
                     std::string_view headers = {});

int status_of(std::string_view answer);  // 0: no answer

}  // namespace bhi::sim::testing
