#include "store/place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace bhi::store {

namespace {

constexpr mode_t kOwnerOnly = 0600;

Error failure(std::string_view act, const std::string& path, int code) {
  const Kind kind = code == ENOSPC || code == EDQUOT ? Kind::Unavailable : Kind::Fault;
  return Error{kind, "store: cannot " + std::string(act) + " " + path + ": " + std::strerror(code)};
}

std::string first_line_of(int file) {
  std::array<char, 32> bytes{};
  const ssize_t size = ::pread(file, bytes.data(), bytes.size(), 0);
  const std::string_view text(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(text.substr(0, text.find('\n')));
}

Result<void> sync_folder_of(const std::string& to) {
  const std::string folder = std::filesystem::path(to).parent_path().string();
  const int place = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return failure("open the folder of", to, errno);
  const bool done = ::fsync(place) == 0;
  const int code = errno;
  ::close(place);
  if (!done) return failure("bring to disk the folder of", to, code);
  return {};
}

}  // namespace

Result<void> make_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::filesystem::path made;
  for (const auto& part : folder) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST && !std::filesystem::is_directory(made)) {
      return failure("make folder", made.string(), errno);
    }
  }
  return {};
}

Result<void> make_private_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure("replace", path, errno);
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return failure("make", path, errno);
  ::close(file);
  return {};
}

Result<std::uint64_t> sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return failure("open", path, errno);
  struct stat found {};
  const bool done = ::fsync(file) == 0 && ::fstat(file, &found) == 0;
  const int code = errno;
  ::close(file);
  if (!done) return failure("bring to disk", path, code);
  return static_cast<std::uint64_t>(found.st_size);
}

Result<void> rename_for_good(const std::string& from, const std::string& to) {
  // link() and unlink() instead of rename(): a file that appeared meanwhile is not replaced.
  if (::link(from.c_str(), to.c_str()) != 0) return failure("make", to, errno);
  forget_file(from);
  return sync_folder_of(to);
}

Result<void> replace_for_good(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure("replace", to, errno);
  return sync_folder_of(to);
}

void forget_log(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
}

void forget_file(const std::string& path) {
  ::unlink(path.c_str());
  forget_log(path);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<void> keep_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return failure("open", path, errno);
  ::close(file);
  // Files of SQLite beside it are made with the mode of the database; these are left from before.
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (::chmod((path + suffix).c_str(), kOwnerOnly) != 0 && errno != ENOENT) {
      return failure("set mode 0600 of", path + suffix, errno);
    }
  }
  return {};
}

Result<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0) return failure("look at the disk of", path, errno);
  return std::uint64_t{found.f_bavail} * found.f_frsize;
}

Result<std::unique_ptr<LockFile>> LockFile::take(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return failure("open", path, errno);
  std::unique_ptr<LockFile> lock(new LockFile(file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failure("lock", path, errno);
    return Error{Kind::Unavailable, "store: in use by process " + first_line_of(file) + ", which holds " + path +
                                        "; one store, one process"};
  }
  // For people only; the lock does not depend on it.
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) < 0)
    return failure("write", path, errno);
  return lock;
}

LockFile::~LockFile() { ::close(file_); }

}  // namespace bhi::store
