// Stands between a client and PostgreSQL's socket and cuts connections at COMMIT: before the server gets it, or after
// it has done it and before the client hears. Or it delivers what was sent long after the client has gone.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bhi::store::test {

class CuttingProxy {
 public:
  enum class Cut { No, BeforeCommit, AfterCommit };
  // Both are folders with a socket `.s.PGSQL.5432`; ours is made.
  CuttingProxy(std::string folder, std::string servers_folder);
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy();

  // The next connection that commits for its first time is cut so.
  void cut_next(Cut cut) { cut_ = cut; }
  int cuts() const { return cuts_; }

  // The next message that holds this text is kept back and its client cut off, the server not. Once.
  void keep_back(std::string text);
  // The server gets what was kept back; returns when it has answered.
  void deliver();

 private:
  void serve();
  void forward(int client);
  bool is_kept_back(std::string_view bytes);
  void deliver_to(int server, std::string_view bytes);

  std::string servers_folder_;
  int listener_ = -1;
  std::atomic<Cut> cut_ = Cut::No;
  std::atomic<int> cuts_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<bool> deliver_ = false, delivered_ = false;
  std::mutex mutex_;
  std::string keep_back_;  // guarded by mutex_
  std::thread thread_;
  std::vector<std::thread> forwards_;
};

}  // namespace bhi::store::test
