#include "flow/bulk_lines.h"

#include <algorithm>
#include <cstring>

namespace bhi::flow {

namespace {

// FNV-1a over words of eight bytes, the rest byte by byte: the same for the same bytes whatever the pieces were, since
// it is taken of whole lines.
std::uint64_t mixed(std::uint64_t digest, std::string_view text) {
  constexpr std::uint64_t kPrime = 1'099'511'628'211u;
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    digest = (digest ^ word) * kPrime;
    digest ^= digest >> 29;
    text.remove_prefix(8);
  }
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * kPrime;
  return (digest ^ '\n') * kPrime;
}

}  // namespace

bool BulkLines::end_line(const Take& take) {
  ++number_;
  digest_ = mixed(digest_, open_);
  std::string_view text = open_;
  if (text.ends_with('\r')) text.remove_suffix(1);
  const bool go_on = take({text, number_, too_long_});
  open_.clear();
  if (open_.capacity() > (std::size_t{1} << 20)) open_.shrink_to_fit();
  too_long_ = begun_ = false;
  return go_on;
}

bool BulkLines::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room = most_bytes_ - std::min(open_.size(), most_bytes_);
    open_.append(bytes.substr(0, std::min(end, room)));
    too_long_ = too_long_ || end > room;
    begun_ = begun_ || end > 0;
    if (end == bytes.size()) return true;
    bytes.remove_prefix(end + 1);
    if (!end_line(take)) return false;
  }
  return true;
}

bool BulkLines::finish(const Take& take) { return !begun_ || end_line(take); }

}  // namespace bhi::flow
