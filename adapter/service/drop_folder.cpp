#include "service/drop_folder.h"

#include "base/failpoint.h"
#include "base/hash.h"
#include "service/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::chrono::seconds kRest{60};     // after a file could not be read, stored or moved
constexpr std::size_t kFilesListed = 10'000;  // of one look; the others wait for the next
constexpr std::size_t kLongestName = 255;

// An open file or folder, closed at the end.
class Handle {
 public:
  explicit Handle(int number) : number_(number) {}
  ~Handle() {
    if (number_ >= 0) close(number_);
  }
  Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  int operator*() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// Never the name of the file: `what` says which kind of thing it was.
Error failure(const std::string& what) { return {Kind::Unavailable, what + ": " + std::strerror(errno)}; }

Result<Handle> open_folder(int parent, const char* name, const std::string& shown) {
  const int opened = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return failure(shown);
  return Handle(opened);
}

// done/ or failed/: made when it is not there, and never a link to elsewhere.
Result<Handle> open_or_make(int parent, const char* name) {
  if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST) return failure(std::string(name) + "/ cannot be made");
  return open_folder(parent, name, std::string(name) + "/ is not a folder of ours");
}

std::string state_of(const struct stat& found) {
  const auto time = [](const timespec& at) { return std::to_string(at.tv_sec) + "." + std::to_string(at.tv_nsec); };
  return std::to_string(found.st_dev) + " " + std::to_string(found.st_ino) + " " + std::to_string(found.st_size) + " " +
         time(found.st_mtim) + " " + time(found.st_ctim);
}

// The name of a file in done/ or failed/: its own, with a number when that is taken, cut when it would be too long.
std::string numbered(const std::string& name, int number, std::size_t room) {
  const std::string mark = number == 0 ? "" : "." + std::to_string(number);
  const auto most = kLongestName - room - mark.size();
  const auto dot = std::min(name.find('.', 1), name.size());
  const auto stem = std::min(dot, name.size());
  const auto ending = name.substr(stem);
  if (name.size() <= most) return name.substr(0, stem) + mark + ending;
  const auto tail = ending.size() < most ? ending : std::string();
  return name.substr(0, most - tail.size()) + mark + tail;
}

bool is_free(int folder, const std::string& name) {
  struct stat found {};
  return fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

Result<void> write_notes(int folder, const std::string& name, const DropOutcome& outcome) {
  std::string text = std::to_string(outcome.documents) + " documents, " + std::to_string(outcome.refused) +
                     " refused; " + std::to_string(outcome.resources) + " resources, " +
                     std::to_string(outcome.stored) + " stored, " + std::to_string(outcome.unchanged) + " unchanged\n";
  for (const auto& note : outcome.notes) text += note + "\n";
  if (outcome.more_notes > 0) text += "and " + std::to_string(outcome.more_notes) + " more\n";
  const Handle file(openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (*file < 0) return failure("a file of errors cannot be written");
  for (std::string_view rest = text; !rest.empty();) {
    const auto written = write(*file, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const auto problem = failure("a file of errors cannot be written");
      unlinkat(folder, name.c_str(), 0);
      return problem;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

DropFolder::DropFolder(const Common& common, const SourceSettings& source, const LimitSettings& limits,
                       std::function<void()> wake_lanes)
    : common_(common),
      source_(source.name),
      folder_(source.drop_folder),
      settle_(source.drop_settle_secs),
      max_file_bytes_(source.drop_max_file_bytes),
      wake_lanes_(std::move(wake_lanes)),
      watch_(settle_) {
  limits_.max_bytes = limits.max_body_bytes;
  limits_.max_depth = limits.max_depth;
  limits_.max_values = limits.max_values;
}

void DropFolder::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    look(std::chrono::steady_clock::now(), stop);
    bell_.wait(stop, std::max(settle_, std::chrono::seconds(1)));
  }
}

Result<std::vector<DropEntry>> DropFolder::list(int folder, std::size_t& ignored) const {
  const Handle again(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (*again < 0) return failure("the drop folder cannot be read");
  const int own = dup(*again);  // closedir() closes it
  const std::unique_ptr<DIR, int (*)(DIR*)> open(fdopendir(own), closedir);
  if (open == nullptr) return failure("the drop folder cannot be read");
  std::vector<DropEntry> files;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(open.get());
    if (entry == nullptr) break;
    const std::string name(static_cast<const char*>(entry->d_name));
    if (name == "done" || name == "failed" || DropWatch::on_its_way(name)) continue;
    struct stat found {};
    if (fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    if (!S_ISREG(found.st_mode) || !drop_form(name)) {
      ++ignored;
      continue;
    }
    if (files.size() == kFilesListed) break;
    files.push_back({name, state_of(found), found.st_mtim.tv_sec * 1'000'000'000L + found.st_mtim.tv_nsec});
  }
  if (errno != 0) return failure("the drop folder cannot be read");
  return files;
}

void DropFolder::look(DropWatch::Time now, const std::stop_token& stop) {
  std::string reason;
  const auto failed = [&](const Error& error) {
    reason = error.message;
    line_.failed(source_, "drop folder", "", error);
  };
  bool well = false;
  std::size_t waiting = 0, ignored = 0;
  const auto folder = open_folder(AT_FDCWD, folder_.c_str(), "the drop folder cannot be opened");
  auto files = folder.ok() ? list(**folder, ignored) : Result<std::vector<DropEntry>>(folder.error());
  if (!files.ok()) {
    failed(files.error());
  } else {
    waiting = files->size();
    std::erase_if(moving_, [&](const auto& one) {
      return std::ranges::none_of(*files, [&](const DropEntry& file) { return file.name == one.first; });
    });
    for (const auto& entry : watch_.due(*files, now)) {
      if (stop.stop_requested()) break;
      if (const auto taken = take(**folder, entry, stop); !taken.ok()) {
        failed(taken.error());
        watch_.rest(entry.name, now + kRest);
      } else {
        --waiting;
      }
    }
    well = reason.empty() && !watch_.any_rests(now);  // a file that rests is no success
    if (well) line_.worked(source_, "drop folder", "");
  }
  const std::lock_guard lock(mutex_);
  waiting_ = waiting;
  ignored_ = ignored;
  if (!reason.empty() || well) reason_ = reason;
}

Result<void> DropFolder::take(int folder, const DropEntry& entry, const std::stop_token& stop) {
  auto known = moving_.find(entry.name);
  if (known == moving_.end() || known->second.state != entry.state) {
    Handle file(openat(folder, entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (*file < 0) return failure("a file cannot be read");
    struct stat found {};
    if (fstat(*file, &found) != 0 || !S_ISREG(found.st_mode)) return failure("a file cannot be read");
    if (state_of(found) != entry.state) return {};  // written to since: it has to settle again
    DropJob job;
    job.file = file.release();
    job.form = drop_form(entry.name).value_or(DropForm::Document);
    job.source = source_;
    job.key = stable_id({entry.name, entry.state});
    job.max_file_bytes = max_file_bytes_;
    job.limits = limits_;
    BHI_TRY(auto outcome, take_file(common_, job, stop));
    if (outcome.stored > 0) wake_lanes_();
    if (!outcome.whole) return {};
    tell(outcome);
    known = moving_.insert_or_assign(entry.name, Done{entry.state, std::move(outcome)}).first;
  }
  failpoint("drop.kept");
  BHI_CHECK(move(folder, entry, known->second.outcome));
  moving_.erase(known);
  return {};
}

// The errors first: a file in failed/ always has them beside it.
Result<void> DropFolder::move(int folder, const DropEntry& entry, const DropOutcome& outcome) {
  constexpr std::string_view kNotes = ".errors.txt";
  const char* where = outcome.refused > 0 ? "failed" : "done";
  BHI_TRY(const Handle to, open_or_make(folder, where));
  std::string name;
  const auto both_free = [&] { return is_free(*to, name) && is_free(*to, name + std::string(kNotes)); };
  for (int number = 0; name.empty() || !both_free(); ++number) {
    if (number > 10'000) return Error{Kind::Unavailable, std::string(where) + "/ holds this name too often"};
    name = numbered(entry.name, number, kNotes.size());
  }
  struct stat found {};
  if (fstatat(folder, entry.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return failure("a taken file is gone");
  if (state_of(found) != entry.state) return {};  // written to meanwhile: it is new, and taken once it has settled
  const auto notes = name + std::string(kNotes);
  if (!outcome.notes.empty()) BHI_CHECK(write_notes(*to, notes, outcome));
  int moved = renameat2(folder, entry.name.c_str(), *to, name.c_str(), RENAME_NOREPLACE);
  if (moved != 0 && (errno == EINVAL || errno == ENOSYS))
    moved = renameat(folder, entry.name.c_str(), *to, name.c_str());
  if (moved == 0) return {};
  const auto problem = failure("a file was taken but cannot be moved to " + std::string(where) + "/");
  if (!outcome.notes.empty()) unlinkat(*to, notes.c_str(), 0);
  return problem;
}

void DropFolder::tell(const DropOutcome& outcome) {
  const bool refused = outcome.refused > 0;
  common_.metrics.count(Metric::DroppedFiles, 1, {source_, refused ? "failed" : "done"});
  const auto count = [](std::size_t number) { return static_cast<std::int64_t>(number); };
  log_event(refused ? LogLevel::Warn : LogLevel::Info,
            refused ? "a dropped file was refused, or a part of it; see failed/" : "a dropped file was taken",
            JsonObject()
                .text("source", source_)
                .number("documents", count(outcome.documents))
                .number("refused", count(outcome.refused))
                .number("resources", count(outcome.resources))
                .number("stored", count(outcome.stored))
                .text_if("reason", outcome.notes.empty() ? "" : outcome.notes.front()));
  const std::lock_guard lock(mutex_);
  ++(refused ? failed_ : taken_);
}

std::string DropFolder::status() const {
  const std::lock_guard lock(mutex_);
  const auto count = [](std::size_t number) { return static_cast<std::int64_t>(number); };
  return JsonObject()
      .text("state", reason_.empty() ? "watching" : "failing")
      .number("waiting", count(waiting_))
      .number("ignored", count(ignored_))
      .number("taken", count(taken_))
      .number("failed", count(failed_))
      .text_if("reason", reason_)
      .str();
}

void DropFolder::report(Metrics& metrics) const {
  const std::lock_guard lock(mutex_);
  metrics.set(Metric::DropWaiting, static_cast<double>(waiting_), {source_});
}

}  // namespace bhi::service
