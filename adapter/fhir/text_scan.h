// One look over the bytes of a JSON text before they are parsed in place: are they UTF-8, is there a control character,
// may an escape make something that must not be, and where do the lines begin.
//
// RFC 3629 (UTF-8), RFC 8259 section 7 (control characters must be escaped). Debian's RapidJSON 1.1.0 with SSE2 misses
// U+001A to U+001F in strings and takes a NUL for the end of the text, so these are settled here for good.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bhi::fhir {

// The text must be followed by this many bytes that may be read.
inline constexpr std::size_t kScanPadding = 32;

struct LineColumn {
  std::size_t line = 1;    // from 1
  std::size_t column = 1;  // from 1, in bytes
};

class TextScan {
 public:
  explicit TextScan(std::string_view padded_text);

  bool ok() const { return fault_.empty(); }
  std::string_view fault() const { return fault_; }  // "expected UTF-8, found byte 0x.."
  std::size_t fault_offset() const { return fault_offset_; }

  // Is there an escape that may stand for NUL or half a surrogate pair? Then each unescaped string needs a look.
  bool has_suspicious_escape() const { return suspicious_escape_; }

  // Of an offset into the text as it was when scanned.
  LineColumn line_column(std::size_t offset) const;

 private:
  void refuse(std::size_t offset, std::string fault);

  std::unique_ptr<std::uint16_t[]> newlines_;  // a bit for every byte: parsing in place overwrites the text itself
  std::string fault_;
  std::size_t fault_offset_ = 0;
  bool suspicious_escape_ = false;
};

// Where the first byte lies that cannot be UTF-8; npos when there is none.
std::size_t find_not_utf8(std::string_view text);

// Well-formed UTF-8: shortest form, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace bhi::fhir
