// A disk that can be slow, full, broken, or lose its power: a layer between SQLite and the real file system, in force
// for every database opened while it lives.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::test {

class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  // What fails, for files whose name ends with `suffix` ("" all, "-wal" the log, ".db" the database itself).
  void fail_syncs(std::string suffix);    // sync answers an I/O error
  void fill_up(std::string suffix = {});  // writes answer "disk full"
  void fail_reads(std::string suffix);
  void heal();

  void slow_syncs(int milliseconds) { sync_ms_ = milliseconds; }
  std::size_t syncs() const { return syncs_; }

  // From now on remembers which writes were synced. `moment` is called before every write and sync, numbered from 1.
  void watch(std::function<void(std::uint64_t)> moment);
  // What a loss of power at this moment would leave: synced bytes, and each 512-byte sector written since with one
  // chance in two. Written as files of the same names into `folder`.
  void lose_power_into(const std::string& folder, std::mt19937_64& random);

  // ---- called by the layer ----
  void after_open(std::string_view file);  // of a database: what it holds already counts as synced
  int before_write(std::string_view file, const void* bytes, int size, std::int64_t offset);
  int before_sync(std::string_view file);
  int before_read(std::string_view file);
  void after_sync(std::string_view file);
  void after_truncate(std::string_view file, std::int64_t size);
  void after_delete(std::string_view file);

 private:
  struct Write {
    std::int64_t offset;
    std::string bytes;
  };
  struct File {
    std::string synced;
    std::vector<Write> since;  // a truncation is kept as synced at once: it can only lose what nobody needs
  };
  static void put(std::string& to, std::int64_t offset, std::string_view bytes);

  std::mutex mutex_;
  std::map<std::string, File, std::less<>> files_;
  std::function<void(std::uint64_t)> moment_;
  std::uint64_t moments_ = 0;
  bool watching_ = false;
  bool failing_syncs_ = false, full_ = false, failing_reads_ = false;
  std::string suffix_;
  std::atomic<int> sync_ms_ = 0;
  std::atomic<std::size_t> syncs_ = 0;
};

}  // namespace bhi::store::test
