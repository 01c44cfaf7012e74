#include "service/drop_file.h"

#include "fhir/xml.h"
#include "flow/intake.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::size_t kItemsAtOnce = 200;
constexpr std::size_t kBytesAtOnce = std::size_t{4} << 20;
constexpr std::size_t kNotes = 200;
constexpr const char* kCursor = "drop";

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() > ending.size() &&
         std::ranges::equal(text.substr(text.size() - ending.size()), ending,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// Bytes of the file, unpacked when it is gzip. zlib reads what is no gzip as it is.
class Bytes {
 public:
  explicit Bytes(int file) : gz_(gzdopen(file, "rb")) {
    if (gz_ == nullptr) close(file);
  }
  ~Bytes() {
    if (gz_ != nullptr) gzclose_r(gz_);
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  enum class Said : std::uint8_t { More, End, Damaged, Failed };
  Said read(std::string& onto) {
    if (gz_ == nullptr) return Said::Failed;
    std::array<char, kPiece> piece{};
    const int got = gzread(gz_, piece.data(), static_cast<unsigned>(piece.size()));
    int error = Z_OK;
    gzerror(gz_, &error);
    if (got > 0) onto.append(piece.data(), static_cast<std::size_t>(got));
    if (error == Z_ERRNO || error == Z_MEM_ERROR) return Said::Failed;
    if (got < 0 || error == Z_BUF_ERROR || error == Z_DATA_ERROR) return Said::Damaged;
    return got == 0 ? Said::End : Said::More;
  }

 private:
  gzFile gz_;
};

class Taking {
 public:
  Taking(const Common& common, const DropJob& job, const std::stop_token& stop)
      : common_(common), job_(job), stop_(stop), bytes_(job.file) {}

  Result<DropOutcome> run() {
    BHI_TRY(const auto cursor, common_.store.cursor(job_.source, kCursor));
    if (cursor) kept_before_ = kept_of(*cursor);
    BHI_CHECK(job_.form == DropForm::Lines ? lines() : document());
    BHI_CHECK(flush());
    return std::move(outcome_);
  }

 private:
  // Documents of this file that an earlier taking of it has kept.
  std::size_t kept_of(std::string_view cursor) const {
    std::size_t count = 0;
    const auto space = cursor.find(' ');
    if (space == std::string_view::npos || cursor.substr(0, space) != job_.key) return 0;
    std::from_chars(cursor.data() + space + 1, cursor.data() + cursor.size(), count);
    return count;
  }

  // False: the end, or nothing more can be read.
  Result<bool> more(std::string& onto) {
    const auto before = onto.size();
    const auto said = bytes_.read(onto);
    total_ += onto.size() - before;
    if (said == Bytes::Said::Failed) return Error{Kind::Unavailable, "a file cannot be read to its end"};
    damaged_ = said == Bytes::Said::Damaged;
    too_long_ = total_ > job_.max_file_bytes;
    return said == Bytes::Said::More && !too_long_;
  }

  // What stops the reading of a file; false: nothing did.
  bool stopped_short(const std::string& where) {
    if (damaged_) refuse(where, "expected gzip to its end, found it damaged or cut off");
    if (too_long_) refuse(where, "more than the " + std::to_string(job_.max_file_bytes) + " bytes a file may have");
    return damaged_ || too_long_;
  }

  Result<void> document() {
    std::string text;
    for (bool again = true; again && text.size() <= job_.limits.max_bytes;) {
      BHI_TRY(again, more(text));
    }
    if (text.size() > job_.limits.max_bytes) {
      ++outcome_.documents;
      refuse("", "more than the " + std::to_string(job_.limits.max_bytes) + " bytes a document may have");
      return {};
    }
    if (stopped_short("")) {
      ++outcome_.documents;
      return {};
    }
    return take(std::move(text), "");
  }

  Result<void> lines() {
    std::string text;
    std::size_t line = 0;
    bool skipping = false;  // inside a line that is too long
    for (bool again = true; again;) {
      BHI_TRY(again, more(text));
      std::size_t start = 0;
      for (;;) {
        auto end = text.find('\n', start);
        const bool last = end == std::string::npos;
        if (last && (again || damaged_ || too_long_)) break;  // the line goes on, or is cut off
        if (last) end = text.size();
        if (last && start == end) break;
        ++line;
        if (!std::exchange(skipping, false)) {
          BHI_CHECK(take(text.substr(start, end - start), "line " + std::to_string(line) + ": "));
        }
        start = std::min(end + 1, text.size());
        if (stop_.stop_requested()) {
          outcome_.whole = false;
          return {};
        }
        if (last) break;
      }
      text.erase(0, start);
      if (skipping) text.clear();
      if (text.size() > job_.limits.max_bytes) {
        ++outcome_.documents;
        refuse("line " + std::to_string(line + 1) + ": ",
               "more than the " + std::to_string(job_.limits.max_bytes) + " bytes a document may have");
        skipping = true;
        text.clear();
      }
    }
    stopped_short("after line " + std::to_string(line) + ": ");
    return {};
  }

  Result<void> take(std::string text, const std::string& where) {
    if (job_.form == DropForm::Lines && text.find_first_not_of(" \t\r") == std::string::npos) return {};
    ++outcome_.documents;
    Issues left_out;
    const auto read = fhir::read_document(std::move(text), job_.limits, &left_out);
    if (!read.ok()) return refuse(where, read.error().message), Result<void>();
    auto taken =
        flow::take_in((*read)->root(), job_.source, "drop", common_.now(), *common_.engine.get()->types, left_out);
    if (!taken.ok()) return refuse(where, taken.error().message), Result<void>();
    for (const auto& issue : taken->issues) {
      note(where + (issue.path.empty() ? "" : issue.path + ": ") + issue.text);
    }
    if (taken->refused) return ++outcome_.refused, Result<void>();
    outcome_.resources += taken->items.size();
    if (outcome_.documents <= kept_before_) {
      outcome_.unchanged += taken->items.size();
      return {};
    }
    for (auto& item : taken->items) {
      waiting_bytes_ += item.resource.body.size();
      waiting_.items.push_back(std::move(item));
    }
    const bool full = waiting_.items.size() >= kItemsAtOnce || waiting_bytes_ >= kBytesAtOnce;
    return full ? flush() : Result<void>();
  }

  Result<void> flush() {
    if (waiting_.items.empty()) return {};
    const auto count = waiting_.items.size();
    waiting_.cursor = flow::Cursor{job_.source, kCursor, job_.key + " " + std::to_string(outcome_.documents)};
    waiting_.audit.push_back(
        {"accept", job_.source, "drop folder", std::to_string(count) + " from a file", common_.now()});
    BHI_TRY(const auto accepted, common_.store.accept(waiting_));
    waiting_ = {};
    waiting_bytes_ = 0;
    outcome_.stored += accepted.stored;
    outcome_.unchanged += accepted.unchanged;
    common_.metrics.count(Metric::ReceivedResources, count, {job_.source, "drop"});
    common_.metrics.count(Metric::StoredResources, accepted.stored, {job_.source, "drop"});
    common_.metrics.count(Metric::UnchangedResources, accepted.unchanged, {job_.source, "drop"});
    return {};
  }

  void refuse(const std::string& where, const std::string& why) {
    ++outcome_.refused;
    note(where + why);
  }

  void note(std::string text) {
    if (outcome_.notes.size() < kNotes) {
      outcome_.notes.push_back(std::move(text));
    } else {
      ++outcome_.more_notes;
    }
  }

  const Common& common_;
  const DropJob& job_;
  const std::stop_token& stop_;
  Bytes bytes_;
  std::size_t total_ = 0;
  bool damaged_ = false, too_long_ = false;
  std::size_t kept_before_ = 0;
  flow::Accepted waiting_;
  std::size_t waiting_bytes_ = 0;
  DropOutcome outcome_;
};

}  // namespace

std::optional<DropForm> drop_form(std::string_view name) {
  if (ends_with(name, ".gz")) name.remove_suffix(3);
  if (ends_with(name, ".json") || ends_with(name, ".xml")) return DropForm::Document;
  if (ends_with(name, ".ndjson") || ends_with(name, ".jsonl")) return DropForm::Lines;
  return std::nullopt;
}

Result<std::string> read_unpacked(const std::string& path, std::size_t max_bytes) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error{Kind::Unavailable, path + ": cannot be read: " + std::strerror(errno)};
  Bytes bytes(file);
  std::string text;
  for (;;) {
    const auto said = bytes.read(text);
    if (text.size() > max_bytes) {
      return Error{Kind::Incorrect, path + ": expected at most " + std::to_string(max_bytes) + " bytes, found more"};
    }
    if (said == Bytes::Said::End) return text;
    if (said == Bytes::Said::Failed) return Error{Kind::Unavailable, path + ": cannot be read"};
    if (said == Bytes::Said::Damaged) {
      return Error{Kind::Incorrect, path + ": expected gzip to its end, found it damaged or cut off"};
    }
  }
}

Result<DropOutcome> take_file(const Common& common, const DropJob& job, const std::stop_token& stop) {
  return Taking(common, job, stop).run();
}

}  // namespace bhi::service
