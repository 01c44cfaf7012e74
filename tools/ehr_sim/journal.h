// The journal: what `--state FILE` writes, so that resources outlive the program. One line of JSON per write, whole or
// (when the program died in the middle) ignored. Written through to the kernel, not to the disk: it outlives a kill, no
// power cut.
//
//   {"versions": [{"type", "id", "version", "updated", "method", "created", "resource"?}, ...]}
//   {"loaded": "<digest>"}   a file that was loaded at a start; the next start leaves it out
//   {"keep": 17}   everything after the first 17 versions is void (a reset)
#pragma once

#include "base/result.h"
#include "ehr_sim/versions.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>

namespace bhi::sim {

class Journal {
 public:
  // Reads the versions of an existing file, in order, then opens it for appending. A broken last line is cut off; a
  // broken line before it is an error (Incorrect, with its number).
  static Result<std::unique_ptr<Journal>> open(const std::string& path, const std::function<void(VersionPtr)>& restore);

  Result<void> append(std::span<const VersionPtr> versions);
  Result<void> forget_after(std::size_t count);

  // Files given with --load and --samples come in once, by their content.
  bool has_loaded(const std::string& digest) const { return loaded_.contains(digest); }
  Result<void> mark_loaded(const std::string& digest);

 private:
  struct Closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  Result<void> write_line(std::string line);

  std::set<std::string> loaded_;  // used by the starting thread only
  std::mutex mutex_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace bhi::sim
