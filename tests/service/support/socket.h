// A plain client on loopback that can say anything, for tests of the HTTP server.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::service::test {

class Socket {
 public:
  explicit Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // What comes until the other side closes, or until `most` has passed.
  std::string read_all(std::chrono::milliseconds most = std::chrono::seconds(10)) {
    std::string all;
    const auto until = std::chrono::steady_clock::now() + most;
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
      if (left <= 0 || !readable(left)) return all;
      char bytes[4096];
      const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
      if (count <= 0) return all;
      all.append(bytes, static_cast<std::size_t>(count));
    }
  }

  // One answer: head and as much body as its Content-Length says.
  std::string read_answer(std::chrono::milliseconds most = std::chrono::seconds(10)) {
    std::string all;
    const auto until = std::chrono::steady_clock::now() + most;
    while (!complete(all)) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
      if (left <= 0 || !readable(left)) return all;
      char byte = 0;
      if (::recv(fd_, &byte, 1, 0) <= 0) return all;
      all += byte;
    }
    return all;
  }

 private:
  bool readable(long milliseconds) const {
    pollfd wanted{fd_, POLLIN, 0};
    return ::poll(&wanted, 1, static_cast<int>(milliseconds)) > 0;
  }

  static bool complete(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto length = answer.find("Content-Length: ");
    if (length == std::string::npos || length > end) return true;
    return answer.size() >= end + 4 + std::stoul(answer.substr(length + 16));
  }

  int fd_;
  bool connected_ = false;
};

inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

}  // namespace bhi::service::test
