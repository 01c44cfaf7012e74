#include "ehr/gunzip.h"

#include <zlib.h>

#include <array>
#include <cstddef>

namespace bhi::ehr {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kPiece = std::size_t{64} << 10;

}  // namespace

struct Gunzip::Stream {
  z_stream z{};
  bool ready = false;   // inflateInit2 worked
  bool at_end = false;  // of a member
  bool broken = false;
  std::array<char, kPiece> out{};

  Stream() { ready = inflateInit2(&z, kGzipOnly) == Z_OK; }
  ~Stream() {
    if (ready) inflateEnd(&z);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};

Gunzip::Gunzip() : stream_(std::make_unique<Stream>()) {}
Gunzip::~Gunzip() = default;

bool Gunzip::whole() const { return stream_->at_end && !stream_->broken; }
bool Gunzip::broken() const { return stream_->broken; }

bool Gunzip::feed(std::string_view bytes, const Take& take) {
  Stream& stream = *stream_;
  if (!stream.ready || stream.broken) return false;
  // zlib wants its input without const; it does not write to it.
  stream.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.z.avail_in = static_cast<unsigned>(bytes.size());
  while (stream.z.avail_in > 0) {
    if (stream.at_end) {
      if (*stream.z.next_in == 0) return true;  // zeros that fill up a block
      inflateReset(&stream.z);                  // another member
      stream.at_end = false;
    }
    do {
      stream.z.next_out = reinterpret_cast<Bytef*>(stream.out.data());
      stream.z.avail_out = static_cast<unsigned>(stream.out.size());
      const int code = inflate(&stream.z, Z_NO_FLUSH);
      stream.broken = code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR;
      if (stream.broken) return false;
      const std::size_t made = stream.out.size() - stream.z.avail_out;
      if (made > 0 && !take(std::string_view(stream.out.data(), made))) return false;
      stream.at_end = code == Z_STREAM_END;
    } while (stream.z.avail_out == 0 && !stream.at_end);
  }
  return true;
}

}  // namespace bhi::ehr
