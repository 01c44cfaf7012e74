// A folder in which a site without an interface lays files: looked at again and again, each complete file taken and
// moved to done/ or failed/. A plain look instead of inotify: it works on network shares, too.
//
// Nothing here names a file in a log, a metric or an answer: names of files are often names of patients.
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/drop_file.h"
#include "service/drop_watch.h"
#include "service/ehr_link.h"
#include "service/settings.h"

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace bhi::service {

class DropFolder {
 public:
  // `wake_lanes`: something new was stored.
  DropFolder(const Common& common, const SourceSettings& source, const LimitSettings& limits,
             std::function<void()> wake_lanes);

  void run(std::stop_token stop);  // body of its thread
  // One look, and every complete file taken: durable first, then moved. A file that cannot be taken or moved now rests
  // for a minute; one that was taken and could not be moved is not taken again.
  void look(DropWatch::Time now, const std::stop_token& stop);

  const std::string& source() const { return source_; }
  // For people, as JSON: {state, waiting, ignored, taken, failed, reason}.
  std::string status() const;
  void report(Metrics& metrics) const;

 private:
  struct Done {  // what became of a file that is still to be moved
    std::string state;
    DropOutcome outcome;
  };
  Result<std::vector<DropEntry>> list(int folder, std::size_t& ignored) const;
  Result<void> take(int folder, const DropEntry& entry, const std::stop_token& stop);
  Result<void> move(int folder, const DropEntry& entry, const DropOutcome& outcome);
  void tell(const DropOutcome& outcome);

  const Common& common_;
  std::string source_, folder_;
  std::chrono::seconds settle_;
  std::size_t max_file_bytes_;
  fhir::ReadLimits limits_;
  std::function<void()> wake_lanes_;
  Bell bell_;
  DropWatch watch_;
  StateLine line_;
  std::map<std::string, Done> moving_;

  mutable std::mutex mutex_;  // guards what follows
  std::size_t waiting_ = 0, ignored_ = 0, taken_ = 0, failed_ = 0;
  std::string reason_;  // why the folder or a file in it cannot be worked on; empty: all is well
};

}  // namespace bhi::service
