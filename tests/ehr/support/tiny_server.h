// A server that says exactly what a test wants, byte for byte, on a port of its own.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bhi::test {

struct Heard {
  std::string method;
  std::string target;                          // as in the request line
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Raw bytes to answer with; empty closes the connection without a word.
using Script = std::function<std::string(const Heard&)>;

std::string answer(int status, const std::string& headers, const std::string& body);
std::string json_answer(int status, const std::string& body, const std::string& more_headers = "");

class TinyServer {
 public:
  explicit TinyServer(Script script);
  ~TinyServer();

  int port() const { return port_; }
  std::string base() const { return "http://127.0.0.1:" + std::to_string(port_) + "/fhir"; }
  std::vector<Heard> heard() const;
  std::size_t connections() const { return connections_; }

 private:
  void run();
  void serve(int connection);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<Heard> heard_;
  std::vector<int> open_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

// A port nobody listens on.
int silent_port();

}  // namespace bhi::test
