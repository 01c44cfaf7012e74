// Requests that are answered later: the answer waits at an address of its own.
// https://hl7.org/fhir/R4/async.html
#pragma once

#include "ehr_sim/http_message.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace bhi::sim {

// Safe from any thread.
class AsyncJobs {
 public:
  // 202 with the address at which to ask. The work is done; the first question is still answered "not yet".
  Response accept(std::string_view base, Response answer);
  // What is at "/fhir/job/<id>/status"; 404 when that is no job of ours.
  Response status(std::string_view path);
  static bool is_job(std::string_view path);

 private:
  struct Job {
    Response answer;
    bool asked = false;
  };
  std::mutex mutex_;
  std::map<std::string, Job, std::less<>> jobs_;
  std::size_t next_ = 1;
};

}  // namespace bhi::sim
