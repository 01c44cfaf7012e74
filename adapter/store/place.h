// Where the store lies on disk: folder and files that only we may read, and the lock that keeps a second process out.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>

namespace bhi::store {

// Creates the folder of `path` (mode 0700, with its parents) when it is missing.
Result<void> make_folder_of(const std::string& path);

// An empty file of mode 0600; one of that name is replaced.
Result<void> make_private_file(const std::string& path);

// On disk when it returns: its content; its size in bytes.
Result<std::uint64_t> sync_file(const std::string& path);
// Under its new name for good: the folder is on disk too. Nothing may be of that name.
Result<void> rename_for_good(const std::string& from, const std::string& to);
// In place of the one of that name, in one step and for good.
Result<void> replace_for_good(const std::string& from, const std::string& to);
void forget_file(const std::string& path);
void forget_log(const std::string& path);  // what SQLite keeps beside it

// Bytes that we may still write beside `path`.
Result<std::uint64_t> free_bytes(const std::string& path);

bool exists(const std::string& path);

// Mode 0600 for a store's file whether it is there or not yet, and for what SQLite keeps beside it. Call it only while
// no connection to the file is open: closing a file descriptor would drop SQLite's locks.
Result<void> keep_private(const std::string& path);

// Held as long as it lives. The file itself stays: removing it would let two processes lock two files of one name.
class LockFile {
 public:
  // Error Unavailable: another process (or another store of this one) holds it; the message names its process id.
  static Result<std::unique_ptr<LockFile>> take(const std::string& path);
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int file) : file_(file) {}
  int file_;
};

}  // namespace bhi::store
