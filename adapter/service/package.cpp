#include "service/package.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <limits>

namespace bhi::service {

namespace {

constexpr std::size_t kBlock = 512;  // of a tar archive

// gzip, a piece at a time.
class Inflater {
 public:
  explicit Inflater(std::string_view bytes) : rest_(bytes) {
    good_ = inflateInit2(&stream_, 15 + 16) == Z_OK;  // 16: with a gzip header
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills `out` as far as there is something; false: not gzip, or damaged. Fewer bytes than asked for: the end.
  bool read(char* out, std::size_t wanted, std::size_t& got) {
    got = 0;
    while (good_ && got < wanted && !ended_) {
      if (stream_.avail_in == 0) feed();
      const std::size_t piece = std::min<std::size_t>(wanted - got, std::numeric_limits<uInt>::max());
      stream_.next_out = reinterpret_cast<Bytef*>(out + got);
      stream_.avail_out = static_cast<uInt>(piece);
      const int said = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t made = piece - stream_.avail_out;
      got += made;
      if (said == Z_STREAM_END) {
        ended_ = true;
      } else if (said != Z_OK || (made == 0 && stream_.avail_in == 0 && rest_.empty())) {
        good_ = false;  // damaged, or cut off
      }
    }
    return good_;
  }

 private:
  void feed() {
    const std::size_t piece = std::min<std::size_t>(rest_.size(), std::numeric_limits<uInt>::max());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(piece);
    rest_.remove_prefix(piece);
  }

  z_stream stream_{};
  std::string_view rest_;
  bool good_ = false;
  bool ended_ = false;
};

std::string_view field(const std::array<char, kBlock>& header, std::size_t at, std::size_t size) {
  const std::string_view whole(header.data() + at, size);
  return whole.substr(0, whole.find('\0'));
}

bool octal(std::string_view text, std::size_t& value) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return problem == std::errc{} && rest.find_first_not_of(' ') == std::string_view::npos;
}

bool checksum_fits(const std::array<char, kBlock>& header) {
  std::size_t stated = 0;
  if (!octal(field(header, 148, 8), stated)) return false;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    sum += i >= 148 && i < 156 ? std::size_t{' '} : static_cast<unsigned char>(header[i]);
  }
  return sum == stated;
}

bool is_resource_file(std::string_view name) {
  if (name.starts_with("./")) name.remove_prefix(2);
  constexpr std::string_view kFolder = "package/";
  if (!name.starts_with(kFolder) || !name.ends_with(".json")) return false;
  name.remove_prefix(kFolder.size());
  return name.find('/') == std::string_view::npos && !name.starts_with('.') && name != "package.json";
}

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& name, const PackageLimits& limits)
      : inflater_(bytes), name_(name), limits_(limits) {}

  Result<std::vector<PackageFile>> read() {
    std::vector<PackageFile> files;
    std::array<char, kBlock> header{};
    for (std::size_t count = 0;; ++count) {
      BHI_TRY(const bool more, read_block(header.data(), kBlock, count > 0));
      // The end: two empty blocks, or nothing more.
      if (!more || std::ranges::all_of(header, [](char c) { return c == 0; })) {
        BHI_CHECK(drain());
        return files;
      }
      if (count >= limits_.max_files)
        return wrong("expected at most " + std::to_string(limits_.max_files) + " files, found more");
      std::size_t size = 0;
      if (!checksum_fits(header) || !octal(field(header, 124, 12), size))
        return wrong("expected a tar archive, found a damaged header");
      std::string path(field(header, 0, 100));
      if (const auto prefix = field(header, 345, 155); field(header, 257, 5) == "ustar" && !prefix.empty())
        path = std::string(prefix) + "/" + path;
      const char type = header[156];
      const bool wanted = (type == '0' || type == '\0') && is_resource_file(path);
      if (wanted && size > limits_.max_file_bytes)
        return wrong("expected files of at most " + std::to_string(limits_.max_file_bytes) + " bytes, found one of " +
                     std::to_string(size));
      std::string text;
      BHI_CHECK(read_content(size, wanted ? &text : nullptr));
      if (wanted) files.push_back({std::move(path), std::move(text)});
    }
  }

 private:
  Error wrong(const std::string& text) const { return {Kind::Incorrect, name_ + ": " + text}; }

  Error too_large() const {
    return wrong("expected at most " + std::to_string(limits_.max_unpacked_bytes) + " bytes unpacked, found more");
  }

  // False: the archive ends here, where it may.
  Result<bool> read_block(char* out, std::size_t size, bool may_end) {
    std::size_t got = 0;
    if (!inflater_.read(out, size, got)) return wrong("expected a gzipped tar archive, found damaged or other data");
    unpacked_ += got;
    if (unpacked_ > limits_.max_unpacked_bytes) return too_large();
    if (got == size) return true;
    if (got == 0 && may_end) return false;
    return wrong("expected a whole tar archive, found one that is cut off");
  }

  // What stands behind the end says nothing, but gzip's checksum does: a file that is still being copied is not taken.
  Result<void> drain() {
    std::array<char, kBlock> rest{};
    for (std::size_t got = rest.size(); got > 0;) {
      if (!inflater_.read(rest.data(), rest.size(), got))
        return wrong("expected a whole file, found one that is cut off");
      unpacked_ += got;
      if (unpacked_ > limits_.max_unpacked_bytes) return too_large();
    }
    return {};
  }

  // Content is padded to whole blocks.
  Result<void> read_content(std::size_t size, std::string* text) {
    if (size > limits_.max_unpacked_bytes - std::min(unpacked_, limits_.max_unpacked_bytes)) return too_large();
    std::array<char, 64 * kBlock> piece{};
    for (std::size_t left = (size + kBlock - 1) / kBlock * kBlock; left > 0;) {
      const std::size_t now = std::min(left, piece.size());
      BHI_TRY([[maybe_unused]] const bool whole, read_block(piece.data(), now, false));
      if (text != nullptr) text->append(piece.data(), std::min(now, size - text->size()));
      left -= now;
    }
    return {};
  }

  Inflater inflater_;
  const std::string& name_;
  const PackageLimits& limits_;
  std::size_t unpacked_ = 0;
};

}  // namespace

Result<std::vector<PackageFile>> read_package(std::string_view bytes, const std::string& name,
                                              const PackageLimits& limits) {
  return Reader(bytes, name, limits).read();
}

}  // namespace bhi::service
