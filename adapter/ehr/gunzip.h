// gzip taken apart as it comes, for files that are packed without saying so in Content-Encoding. The one door to zlib
// in this room.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace bhi::ehr {

class Gunzip {
 public:
  using Take = std::function<bool(std::string_view)>;

  Gunzip();
  ~Gunzip();

  // Hands on what these bytes unpack to, in pieces of at most 64 KiB. False: no gzip, or the taker wants no more.
  bool feed(std::string_view bytes, const Take& take);
  // Did the last member end as it should? (A file may hold several.)
  bool whole() const;
  bool broken() const;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace bhi::ehr
