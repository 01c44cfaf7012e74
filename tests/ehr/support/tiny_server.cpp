#include "tests/ehr/support/tiny_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bhi::test {

namespace {

int listen_on_any_port(int& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || bind(listener, plain, size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, plain, &size) != 0) {
    throw std::runtime_error("no port for the test server");
  }
  port = ntohs(address.sin_port);
  return listener;
}

// One request from `buffer`, filled from the connection as needed; empty at the end of it.
std::optional<Heard> read_request(int connection, std::string& buffer) {
  const auto more = [&] {
    char chunk[8192];
    const ssize_t got = recv(connection, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(got));
    return true;
  };
  std::size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return std::nullopt;
  }
  Heard heard;
  std::string head = buffer.substr(0, end + 2);
  buffer.erase(0, end + 4);
  const std::string line = head.substr(0, head.find("\r\n"));
  heard.method = line.substr(0, line.find(' '));
  heard.target = line.substr(heard.method.size() + 1, line.rfind(' ') - heard.method.size() - 1);
  std::size_t at = line.size() + 2;
  while (at < head.size()) {
    const std::size_t stop = head.find("\r\n", at);
    const std::string field = head.substr(at, stop - at);
    std::string name = field.substr(0, field.find(':'));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string value = field.substr(field.find(':') + 1);
    value.erase(0, value.find_first_not_of(' '));
    heard.headers[name] = value;
    at = stop + 2;
  }
  const auto length = heard.headers.find("content-length");
  const std::size_t size = length == heard.headers.end() ? 0 : std::stoul(length->second);
  while (buffer.size() < size) {
    if (!more()) return std::nullopt;
  }
  heard.body = buffer.substr(0, size);
  buffer.erase(0, size);
  return heard;
}

}  // namespace

std::string answer(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

std::string json_answer(int status, const std::string& body, const std::string& more_headers) {
  return answer(status, "Content-Type: application/fhir+json\r\n" + more_headers, body);
}

TinyServer::TinyServer(Script script) : script_(std::move(script)) {
  listener_ = listen_on_any_port(port_);
  acceptor_ = std::thread([this] { run(); });
}

TinyServer::~TinyServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int connection : open_) shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& worker : workers_) worker.join();
  for (const int connection : open_) close(connection);
  close(listener_);
}

void TinyServer::run() {
  while (!stopping_) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(connection);
    workers_.emplace_back([this, connection] { serve(connection); });
  }
}

void TinyServer::serve(int connection) {
  std::string buffer;
  while (const auto request = read_request(connection, buffer)) {
    {
      const std::lock_guard lock(mutex_);
      heard_.push_back(*request);
    }
    const std::string bytes = script_(*request);
    if (bytes.empty()) break;
    if (send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) break;
    if (bytes.find("\r\nConnection: close\r\n") != std::string::npos) break;
  }
  shutdown(connection, SHUT_RDWR);
}

std::vector<Heard> TinyServer::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

int silent_port() {
  int port = 0;
  close(listen_on_any_port(port));
  return port;
}

}  // namespace bhi::test
