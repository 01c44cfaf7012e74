#include "ehr_sim/samples.h"

#include "base/hash.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

namespace bhi::sim {

namespace {

using namespace std::chrono;

std::string seconds_text(Instant instant) {
  std::string text = to_text(floor<seconds>(instant));
  text.erase(text.size() - 5, 4);  // ".000"
  return text;
}

std::optional<milliseconds> unit_length(std::string_view unit) {
  if (unit == "d") return days{1};
  if (unit == "h") return hours{1};
  if (unit == "m") return minutes{1};
  return std::nullopt;
}

// "today-3", "now-2d"
std::optional<std::string> expand_one(std::string_view word, Instant now) {
  const bool today = word.starts_with("today");
  if (!today && !word.starts_with("now")) return std::nullopt;
  std::string_view rest = word.substr(today ? 5 : 3);
  Instant moment = now;
  if (!rest.empty()) {
    const bool back = rest.front() == '-';
    if (!back && rest.front() != '+') return std::nullopt;
    rest.remove_prefix(1);
    unsigned count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc{} || count > 100'000) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto unit = unit_length(today && rest.empty() ? "d" : rest);
    if (!unit) return std::nullopt;
    moment += *unit * (back ? -static_cast<int>(count) : static_cast<int>(count));
  }
  return today ? to_text(year_month_day{floor<days>(moment)}) : seconds_text(moment);
}

Result<std::string> file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Kind::NotFound, path.string() + ": cannot be read"};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::size_t> load_text(Simulator& simulator, std::string text, Instant now) {
  constexpr fhir::ReadLimits kFileLimits{.max_bytes = std::size_t{1} << 30};
  BHI_TRY(const auto document, fhir::read_json(std::move(text), kFileLimits));
  return simulator.load(document->root(), now);
}

Result<std::size_t> load_lines(Simulator& simulator, std::string_view text, Instant now) {
  std::size_t count = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    BHI_TRY(const std::size_t one, load_text(simulator, std::string(line), now));
    count += one;
  }
  return count;
}

}  // namespace

Result<std::string> expand_dates(std::string_view text, Instant now) {
  std::string expanded;
  while (true) {
    const auto open = text.find("{{");
    expanded += text.substr(0, open);
    if (open == std::string_view::npos) return expanded;
    text.remove_prefix(open + 2);
    const auto close = text.find("}}");
    const auto date = close == std::string_view::npos ? std::nullopt : expand_one(text.substr(0, close), now);
    if (!date) return Error{Kind::Incorrect, "expected a placeholder like {{today-3}} or {{now-2d}}"};
    expanded += *date;
    text.remove_prefix(close + 2);
  }
}

Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& where) {
  std::error_code failed;
  if (!std::filesystem::is_directory(where, failed)) return std::vector{where};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(where, failed)) {
    const auto extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".json" || extension == ".ndjson")) files.push_back(entry.path());
  }
  if (failed) return Error{Kind::NotFound, where.string() + ": " + failed.message()};
  std::ranges::sort(files);
  return files;
}

Result<std::size_t> load_files(Simulator& simulator, const std::filesystem::path& where, Dates dates, Instant now,
                               Journal* journal) {
  BHI_TRY(const auto files, files_of(where));
  std::size_t count = 0;
  for (const auto& path : files) {
    BHI_TRY(auto text, file_text(path));
    const std::string digest = to_hex(sha256(text));
    if (journal != nullptr && journal->has_loaded(digest)) continue;
    if (dates == Dates::Expanded) {
      auto expanded = expand_dates(text, now);
      if (!expanded) return Error{Kind::Incorrect, path.string() + ": " + expanded.error().message};
      text = *std::move(expanded);
    }
    const auto loaded =
        path.extension() == ".ndjson" ? load_lines(simulator, text, now) : load_text(simulator, std::move(text), now);
    if (!loaded) return Error{loaded.error().kind, path.string() + ": " + loaded.error().message};
    count += *loaded;
    if (journal != nullptr) BHI_CHECK(journal->mark_loaded(digest));
  }
  return count;
}

}  // namespace bhi::sim
