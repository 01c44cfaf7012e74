#include "service/http/server.h"

#include "service/http/connection.h"

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Runnable.h>
#include <Poco/ThreadPool.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace bhi::service::http {

struct Server::Parts {
  Parts(LimitSettings limits_given, Application application_given)
      : limits(limits_given),
        application(std::move(application_given)),
        budget(limits.max_buffered_bytes),
        threads("http", 2, static_cast<int>(limits.max_connections) + 8, 60) {}

  LimitSettings limits;
  Application application;
  BodyBudget budget;
  Poco::Net::ServerSocket socket;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable ended;
  std::size_t open = 0;      // guarded by mutex
  Poco::ThreadPool threads;  // last: its threads end before what they use

  // Held by this side until the job has it, by the job from then on.
  using Accepted = std::shared_ptr<Poco::Net::StreamSocket>;
  void serve(Accepted accepted);
  void refuse(Poco::Net::StreamSocket& accepted);
};

namespace {

// Runs a function in a thread of the pool and then deletes itself.
class Job : public Poco::Runnable {
 public:
  explicit Job(std::function<void()> work) : work_(std::move(work)) {}
  void run() override {
    const std::unique_ptr<Job> self(this);
    work_();
  }

 private:
  std::function<void()> work_;
};

}  // namespace

void Server::Parts::serve(Accepted accepted) {
  const bool full = [&] {
    const std::lock_guard lock(mutex);
    if (open >= limits.max_connections) return true;
    ++open;
    return false;
  }();
  if (full) return refuse(*accepted);
  auto job = std::make_unique<Job>([this, accepted] {
    try {
      Connection(*accepted, limits, application, budget, stopping).serve();
    } catch (...) {  // out of memory, at most; the connection is lost, the daemon is not
    }
    const std::lock_guard lock(mutex);
    --open;
    ended.notify_all();
  });
  try {
    threads.start(*job);
    job.release();  // it owns itself from here
  } catch (const Poco::Exception&) {
    refuse(*accepted);
    const std::lock_guard lock(mutex);
    --open;
  }
}

void Server::Parts::refuse(Poco::Net::StreamSocket& accepted) {
  try {
    constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
    application.finished({"-", "-", "-", 503, {}});
    accepted.setSendTimeout(Poco::Timespan(0, 100'000));
    accepted.sendBytes(kFull.data(), static_cast<int>(kFull.size()));
    accepted.shutdownSend();
    accepted.close();
  } catch (const Poco::Exception&) {
  }
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
  stop();
  parts_->threads.joinAll();
}

Result<std::unique_ptr<Server>> Server::open(const Address& address, const LimitSettings& limits,
                                             Application application) {
  auto parts = std::make_unique<Parts>(limits, std::move(application));
  try {
    // The port is ours alone: SO_REUSEPORT would let a second daemon take half of the requests.
    parts->socket.bind(Poco::Net::SocketAddress(address.host, address.port), true, false);
    parts->socket.listen(64);
    parts->port = parts->socket.address().port();
  } catch (const Poco::Exception& problem) {
    return Error{Kind::Unavailable, "cannot listen on " + address.text() + ": " + problem.displayText()};
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::uint16_t Server::port() const { return parts_->port; }

void Server::run() {
  auto& socket = parts_->socket;
  while (!parts_->stopping) {
    try {
      if (!socket.poll(Poco::Timespan(0, 100'000), Poco::Net::Socket::SELECT_READ)) continue;
      parts_->serve(std::make_shared<Poco::Net::StreamSocket>(socket.acceptConnection()));
    } catch (const Poco::Exception&) {
      // Out of descriptors, or the peer was gone before we looked: the next one may fare better.
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  socket.close();
}

void Server::stop() { parts_->stopping = true; }

bool Server::wait_idle(std::chrono::milliseconds time) {
  std::unique_lock lock(parts_->mutex);
  return parts_->ended.wait_for(lock, time, [this] { return parts_->open == 0; });
}

}  // namespace bhi::service::http
