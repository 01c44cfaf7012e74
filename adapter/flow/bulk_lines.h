// NDJSON cut into lines as it streams in, in bounded memory. https://github.com/ndjson/ndjson-spec
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace bhi::flow {

struct BulkLine {
  std::string_view text;     // without its end; of one that is too long the beginning only
  std::uint64_t number = 0;  // from 1
  bool too_long = false;
};

class BulkLines {
 public:
  // False: no more.
  using Take = std::function<bool(const BulkLine&)>;

  // A line of more than `most_bytes` is told by its beginning; the rest of it is passed over.
  explicit BulkLines(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  bool feed(std::string_view bytes, const Take& take);
  // A last line without an end.
  bool finish(const Take& take);

  // Of all lines so far, to tell later whether the same file came again. Not for secrets.
  std::uint64_t digest() const { return digest_; }

 private:
  bool end_line(const Take& take);

  const std::size_t most_bytes_;
  std::string open_;
  std::uint64_t number_ = 0;
  std::uint64_t digest_ = 14'695'981'039'346'656'037u;
  bool too_long_ = false;
  bool begun_ = false;
};

}  // namespace bhi::flow
