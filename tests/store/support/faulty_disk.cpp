#include "tests/store/support/faulty_disk.h"

#include <sqlite3.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

namespace bhi::store::test {

namespace {

FaultyDisk* disk = nullptr;
sqlite3_vfs* real = nullptr;
sqlite3_vfs layer;

// SQLite gives us szOsFile bytes: ours first, the real file's behind.
struct Opened {
  sqlite3_file base;
  const char* path;  // SQLite's own, lives as long as the file; null for temporary files
};

sqlite3_file* inner(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<Opened*>(file) + 1); }
std::string_view path_of(sqlite3_file* file) {
  const char* path = reinterpret_cast<Opened*>(file)->path;
  return path == nullptr ? std::string_view() : std::string_view(path);
}

int close(sqlite3_file* file) { return inner(file)->pMethods->xClose(inner(file)); }
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  if (const int code = disk->before_read(path_of(file)); code != SQLITE_OK) return code;
  return inner(file)->pMethods->xRead(inner(file), to, size, offset);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  if (const int code = disk->before_write(path_of(file), from, size, offset); code != SQLITE_OK) return code;
  return inner(file)->pMethods->xWrite(inner(file), from, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = inner(file)->pMethods->xTruncate(inner(file), size);
  if (code == SQLITE_OK) disk->after_truncate(path_of(file), size);
  return code;
}
int sync(sqlite3_file* file, int flags) {
  if (const int code = disk->before_sync(path_of(file)); code != SQLITE_OK) return code;
  const int code = inner(file)->pMethods->xSync(inner(file), flags);
  if (code == SQLITE_OK) disk->after_sync(path_of(file));
  return code;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return inner(file)->pMethods->xFileSize(inner(file), size); }
int lock(sqlite3_file* file, int level) { return inner(file)->pMethods->xLock(inner(file), level); }
int unlock(sqlite3_file* file, int level) { return inner(file)->pMethods->xUnlock(inner(file), level); }
int check_lock(sqlite3_file* file, int* held) { return inner(file)->pMethods->xCheckReservedLock(inner(file), held); }
int control(sqlite3_file* file, int what, void* argument) {
  return inner(file)->pMethods->xFileControl(inner(file), what, argument);
}
int sector(sqlite3_file* file) { return inner(file)->pMethods->xSectorSize(inner(file)); }
int character(sqlite3_file* file) { return inner(file)->pMethods->xDeviceCharacteristics(inner(file)); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** to) {
  return inner(file)->pMethods->xShmMap(inner(file), page, size, extend, to);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return inner(file)->pMethods->xShmLock(inner(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { inner(file)->pMethods->xShmBarrier(inner(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return inner(file)->pMethods->xShmUnmap(inner(file), remove); }

constexpr sqlite3_io_methods kMethods = {2,        close,       read,       write,   truncate, sync,      file_size,
                                         lock,     unlock,      check_lock, control, sector,   character, shm_map,
                                         shm_lock, shm_barrier, shm_unmap,  nullptr, nullptr};

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out) {
  auto* opened = reinterpret_cast<Opened*>(file);
  opened->base.pMethods = nullptr;
  opened->path = path;
  const int code = real->xOpen(real, path, inner(file), flags, out);
  if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) disk->after_open(path);
  if (inner(file)->pMethods != nullptr) opened->base.pMethods = &kMethods;
  return code;
}
int remove(sqlite3_vfs*, const char* path, int sync_folder) {
  disk->after_delete(path);
  return real->xDelete(real, path, sync_folder);
}

constexpr std::size_t kSector = 512;

}  // namespace

FaultyDisk::FaultyDisk() {
  disk = this;
  real = sqlite3_vfs_find(nullptr);
  layer = *real;
  layer.szOsFile = static_cast<int>(sizeof(Opened)) + real->szOsFile;
  layer.pNext = nullptr;
  layer.zName = "faulty";
  layer.xOpen = open;
  layer.xDelete = remove;
  sqlite3_vfs_register(&layer, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&layer);
  sqlite3_vfs_register(real, 1);
  disk = nullptr;
}

void FaultyDisk::fail_syncs(std::string suffix) {
  const std::lock_guard guard(mutex_);
  suffix_ = std::move(suffix);
  failing_syncs_ = true;
}
void FaultyDisk::fill_up(std::string suffix) {
  const std::lock_guard guard(mutex_);
  suffix_ = std::move(suffix);
  full_ = true;
}
void FaultyDisk::fail_reads(std::string suffix) {
  const std::lock_guard guard(mutex_);
  suffix_ = std::move(suffix);
  failing_reads_ = true;
}
void FaultyDisk::heal() {
  const std::lock_guard guard(mutex_);
  failing_syncs_ = full_ = failing_reads_ = false;
}

void FaultyDisk::watch(std::function<void(std::uint64_t)> moment) {
  const std::lock_guard guard(mutex_);
  watching_ = true;
  moment_ = std::move(moment);
}

void FaultyDisk::put(std::string& to, std::int64_t offset, std::string_view bytes) {
  const auto from = static_cast<std::size_t>(offset);
  if (to.size() < from + bytes.size()) to.resize(from + bytes.size(), '\0');
  to.replace(from, bytes.size(), bytes);
}

void FaultyDisk::lose_power_into(const std::string& folder, std::mt19937_64& random) {
  for (const auto& [path, file] : files_) {
    std::string left = file.synced;
    for (const Write& write : file.since) {
      for (std::size_t from = 0; from < write.bytes.size(); from += kSector) {
        if (random() % 2 == 0) continue;
        put(left, write.offset + static_cast<std::int64_t>(from), std::string_view(write.bytes).substr(from, kSector));
      }
    }
    std::ofstream out(std::filesystem::path(folder) / std::filesystem::path(path).filename(), std::ios::binary);
    out.write(left.data(), static_cast<std::streamsize>(left.size()));
  }
}

void FaultyDisk::after_open(std::string_view file) {
  const std::lock_guard guard(mutex_);
  if (!watching_ || files_.contains(file)) return;
  std::ifstream in(std::string(file), std::ios::binary);
  files_[std::string(file)].synced.assign(std::istreambuf_iterator<char>(in), {});
}

int FaultyDisk::before_write(std::string_view file, const void* bytes, int size, std::int64_t offset) {
  const std::lock_guard guard(mutex_);
  if (full_ && file.ends_with(suffix_)) return SQLITE_FULL;
  if (!watching_ || file.empty()) return SQLITE_OK;
  if (moment_) moment_(++moments_);
  auto& kept = files_[std::string(file)];
  kept.since.push_back({offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))});
  return SQLITE_OK;
}

int FaultyDisk::before_sync(std::string_view file) {
  if (sync_ms_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(sync_ms_));
  ++syncs_;
  const std::lock_guard guard(mutex_);
  if (watching_ && moment_) moment_(++moments_);
  return failing_syncs_ && file.ends_with(suffix_) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

int FaultyDisk::before_read(std::string_view file) {
  const std::lock_guard guard(mutex_);
  return failing_reads_ && file.ends_with(suffix_) ? SQLITE_IOERR_READ : SQLITE_OK;
}

void FaultyDisk::after_sync(std::string_view file) {
  const std::lock_guard guard(mutex_);
  const auto found = files_.find(file);
  if (found == files_.end()) return;
  for (const Write& write : found->second.since) put(found->second.synced, write.offset, write.bytes);
  found->second.since.clear();
}

void FaultyDisk::after_truncate(std::string_view file, std::int64_t size) {
  const std::lock_guard guard(mutex_);
  const auto found = files_.find(file);
  if (found == files_.end()) return;
  for (const Write& write : found->second.since) put(found->second.synced, write.offset, write.bytes);
  found->second.since.clear();
  found->second.synced.resize(static_cast<std::size_t>(size), '\0');
}

void FaultyDisk::after_delete(std::string_view file) {
  const std::lock_guard guard(mutex_);
  const auto found = files_.find(file);
  if (found != files_.end()) files_.erase(found);
}

}  // namespace bhi::store::test
