#include "fhir/text_scan.h"

#include <bit>
#include <cstdio>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bhi::fhir {

namespace {

constexpr std::size_t kBlock = 16;

unsigned byte_at(const char* at) { return static_cast<unsigned char>(*at); }

bool continues(const char* at) { return (byte_at(at) & 0xc0) == 0x80; }

// Length of the UTF-8 sequence at `at` (a byte with the high bit), 0 when it is malformed. Table 3-7 of the Unicode
// standard.
std::size_t sequence_length(const char* at, const char* end) {
  const unsigned lead = byte_at(at);
  const auto room = end - at;
  if (lead >= 0xc2 && lead <= 0xdf) return room >= 2 && continues(at + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (room < 3 || !continues(at + 1) || !continues(at + 2)) return 0;
    if (lead == 0xe0 && byte_at(at + 1) < 0xa0) return 0;  // longer than needed
    if (lead == 0xed && byte_at(at + 1) > 0x9f) return 0;  // surrogate
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (room < 4 || !continues(at + 1) || !continues(at + 2) || !continues(at + 3)) return 0;
    if (lead == 0xf0 && byte_at(at + 1) < 0x90) return 0;
    if (lead == 0xf4 && byte_at(at + 1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

// What a block of sixteen bytes holds; bit i is byte i.
struct Marks {
  unsigned high;  // not ASCII
  unsigned newline;
  unsigned control;  // below U+0020, other than tab, line feed, carriage return
  unsigned backslash;
};

#if defined(__SSE2__)

unsigned mask_of(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

Marks marks_of(const char* block) {
  __m128i bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  const auto equals = [&](char wanted) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)); };
  const __m128i newline = equals('\n');
  const __m128i below = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i blank = _mm_or_si128(newline, _mm_or_si128(equals('\r'), equals('\t')));
  return {mask_of(bytes), mask_of(newline), mask_of(_mm_andnot_si128(blank, below)), mask_of(equals('\\'))};
}

#else

Marks marks_of(const char* block) {
  Marks marks{};
  for (unsigned i = 0; i < kBlock; ++i) {
    const unsigned byte = byte_at(block + i);
    if (byte >= 0x80) marks.high |= 1u << i;
    if (byte == '\n') marks.newline |= 1u << i;
    if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') marks.control |= 1u << i;
    if (byte == '\\') marks.backslash |= 1u << i;
  }
  return marks;
}

#endif

// "\u0000", "\uD8xx" to "\uDFxx"; also after an escaped backslash, which does no harm.
bool is_suspicious(const char* backslash) {
  if (backslash[1] != 'u') return false;
  if (std::memcmp(backslash + 2, "0000", 4) == 0) return true;
  const char second = backslash[3];
  return (backslash[2] == 'd' || backslash[2] == 'D') && !(second >= '0' && second <= '7');
}

std::string hex(unsigned byte) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02X", byte & 0xffu);
  return text;
}

}  // namespace

TextScan::TextScan(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const std::size_t blocks = (text.size() + kBlock - 1) / kBlock;
  newlines_.reset(new std::uint16_t[blocks + 1]);
  if (text.starts_with("\xef\xbb\xbf")) {
    refuse(0, "expected JSON, found a byte order mark");
    return;
  }

  const char* valid_until = begin;  // a sequence may reach into the next block
  for (std::size_t block = 0; block < blocks; ++block) {
    const char* const at = begin + block * kBlock;
    Marks marks = marks_of(at);
    if (static_cast<std::size_t>(end - at) < kBlock) {
      const unsigned inside = (1u << (end - at)) - 1;
      marks = {marks.high & inside, marks.newline & inside, marks.control & inside, marks.backslash & inside};
    }
    newlines_[block] = static_cast<std::uint16_t>(marks.newline);
    if ((marks.high | marks.control | marks.backslash) == 0) [[likely]]
      continue;

    for (unsigned left = marks.high; left != 0; left &= left - 1) {
      const char* const lead = at + std::countr_zero(left);
      if (lead < valid_until) continue;
      const std::size_t length = sequence_length(lead, end);
      if (length == 0) {
        refuse(static_cast<std::size_t>(lead - begin), "expected UTF-8, found byte " + hex(byte_at(lead)));
        return;
      }
      valid_until = lead + length;
    }
    if (marks.control != 0) {
      const char* const found = at + std::countr_zero(marks.control);
      refuse(static_cast<std::size_t>(found - begin),
             "expected a character that JSON allows, found control character " + hex(byte_at(found)));
      return;
    }
    for (unsigned left = marks.backslash; left != 0 && !suspicious_escape_; left &= left - 1) {
      suspicious_escape_ = is_suspicious(at + std::countr_zero(left));
    }
  }
}

void TextScan::refuse(std::size_t offset, std::string fault) {
  fault_offset_ = offset;
  fault_ = std::move(fault);
}

LineColumn TextScan::line_column(std::size_t offset) const {
  LineColumn found;
  std::size_t line_start = 0;
  for (std::size_t block = 0; block * kBlock < offset; ++block) {
    unsigned bits = newlines_[block];
    if (offset - block * kBlock < kBlock) bits &= (1u << (offset - block * kBlock)) - 1;
    if (bits == 0) continue;
    found.line += static_cast<std::size_t>(std::popcount(bits));
    line_start = block * kBlock + static_cast<std::size_t>(std::bit_width(bits));
  }
  found.column = offset - line_start + 1;
  return found;
}

std::size_t find_not_utf8(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const std::size_t length = byte_at(at) < 0x80 ? 1 : sequence_length(at, end);
    if (length == 0) return static_cast<std::size_t>(at - text.data());
    at += length;
  }
  return std::string_view::npos;
}

bool is_utf8(std::string_view text) { return find_not_utf8(text) == std::string_view::npos; }

}  // namespace bhi::fhir
