// Stands between a client and PostgreSQL's socket and cuts connections at COMMIT: before the server gets it, or after
// it has done it and before the client hears.
#pragma once

#include <atomic>
#include <string>
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

 private:
  void serve();
  void forward(int client);

  std::string servers_folder_;
  int listener_ = -1;
  std::atomic<Cut> cut_ = Cut::No;
  std::atomic<int> cuts_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
  std::vector<std::thread> forwards_;
};

}  // namespace bhi::store::test
