#include "tests/ehr_sim/support/socket_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <utility>

namespace bhi::sim::testing {

SocketClient::SocketClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

SocketClient::~SocketClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool SocketClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool SocketClient::receive(std::chrono::milliseconds most) {
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(most.count())) <= 0) return false;
  std::array<char, 16384> piece{};
  const ssize_t size = ::recv(socket_, piece.data(), piece.size(), 0);
  if (size <= 0) {
    closed_ = true;
    return false;
  }
  received_.append(piece.data(), static_cast<std::size_t>(size));
  return true;
}

std::string SocketClient::answer() {
  std::size_t head = std::string::npos;
  while ((head = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(std::chrono::seconds(10))) return std::exchange(received_, {});
  }
  std::size_t length = 0;
  if (const auto found = received_.find("Content-Length: "); found < head)
    length = std::stoul(received_.substr(found + 16));
  while (received_.size() < head + 4 + length) {
    if (!receive(std::chrono::seconds(10))) return std::exchange(received_, {});
  }
  std::string whole = received_.substr(0, head + 4 + length);
  received_.erase(0, whole.size());
  return whole;
}

std::string SocketClient::rest(std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!closed_ && std::chrono::steady_clock::now() < end) {
    receive(std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()));
  }
  return std::exchange(received_, {});
}

std::string request_text(std::string_view method, std::string_view path, std::string_view body,
                         std::string_view headers) {
  std::string text =
      std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: ehr.example:80\r\n" + std::string(headers);
  if (!body.empty() || method == "POST" || method == "PUT") {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (headers.find("Content-Type") == std::string_view::npos) text += "Content-Type: application/fhir+json\r\n";
  }
  return text + "\r\n" + std::string(body);
}

std::string exchange(std::uint16_t port, std::string_view method, std::string_view path, std::string_view body,
                     std::string_view headers) {
  SocketClient client(port);
  if (!client.connected() || !client.send(request_text(method, path, body, headers))) return "";
  return client.answer();
}

int status_of(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(std::string(answer.substr(9, 3))) : 0;
}

}  // namespace bhi::sim::testing
