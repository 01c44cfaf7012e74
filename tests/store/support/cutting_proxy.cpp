#include "tests/store/support/cutting_proxy.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace bhi::store::test {

namespace {

constexpr const char* kSocket = "/.s.PGSQL.5432";

sockaddr_un address_of(const std::string& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + kSocket;
  EXPECT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

const sockaddr* plain(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

bool pass_on(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

CuttingProxy::CuttingProxy(std::string folder, std::string servers_folder)
    : servers_folder_(std::move(servers_folder)) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(folder);
  EXPECT_EQ(::bind(listener_, plain(address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_, 16), 0);
  thread_ = std::thread([this] { serve(); });
}

CuttingProxy::~CuttingProxy() {
  ending_ = true;
  thread_.join();
  for (auto& forward : forwards_) forward.join();
  ::close(listener_);
}

void CuttingProxy::keep_back(std::string text) {
  const std::lock_guard lock(mutex_);
  keep_back_ = std::move(text);
}

bool CuttingProxy::is_kept_back(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (keep_back_.empty() || bytes.find(keep_back_) == std::string_view::npos) return false;
  keep_back_.clear();
  return true;
}

void CuttingProxy::deliver() {
  deliver_ = true;
  while (!delivered_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void CuttingProxy::deliver_to(int server, std::string_view bytes) {
  while (!deliver_ && !ending_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::array<char, 65536> answer{};
  if (pass_on(server, bytes)) static_cast<void>(::read(server, answer.data(), answer.size()));
  delivered_ = true;
}

void CuttingProxy::serve() {
  while (!ending_) {
    pollfd wait{listener_, POLLIN, 0};
    if (::poll(&wait, 1, 20) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) forwards_.emplace_back([this, client] { forward(client); });
  }
}

void CuttingProxy::forward(int client) {
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(servers_folder_);
  bool open = ::connect(server, plain(address), sizeof address) == 0;
  std::array<char, 65536> buffer{};
  bool deaf = false;  // the client hears no more
  while (open && !ending_) {
    std::array<pollfd, 2> waits{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), 20) <= 0) continue;
    if (waits[0].revents != 0 && !deaf) {
      const auto size = ::read(client, buffer.data(), buffer.size());
      if (size <= 0) break;
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
      if (is_kept_back(bytes)) {
        ::close(client);
        deliver_to(server, bytes);
        ::close(server);
        return;
      }
      // A statement's text travels once in a connection, when it is prepared.
      if (bytes.find(std::string_view("COMMIT\0", 7)) != std::string_view::npos && cut_ != Cut::No) {
        const Cut how = cut_.exchange(Cut::No);
        if (how != Cut::No) ++cuts_;
        if (how == Cut::BeforeCommit) break;
        deaf = how == Cut::AfterCommit;
      }
      open = pass_on(server, bytes);
    }
    if (waits[1].revents != 0) {
      const auto size = ::read(server, buffer.data(), buffer.size());
      if (size <= 0 || deaf) break;  // it has answered, so it has committed
      open = pass_on(client, {buffer.data(), static_cast<std::size_t>(size)});
    }
  }
  ::close(client);
  ::close(server);
}

}  // namespace bhi::store::test
