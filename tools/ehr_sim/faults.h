// What goes wrong on purpose. One table of kinds of fault; each knows how to read its settings and what it does to a
// request.
//
//   {"lose_answer": {"method": "POST", "type": "Observation", "times": 1},   done, and never answered
//    "delay_ms": {"ms": 300, "after": true},                                 waits before (or after) the work
//    "status": {"code": 503, "retry_after": 2, "times": 3},                  this status instead of the work
//                                                                           (or "rate_limit": 60: a RateLimit header)
//    "stale": {"method": "PUT"},                                            412 instead of the work
//    "conflict": {"method": "POST"},                                        409 instead: somebody else was writing
//    "expire_next": {"type": "Patient"},                                    410 for the next of a list's further pages
//    "loop_pages": true, "repeat_page": true, "empty_page": true,           a next link to the page itself; the page a
//                                                                           second time; an empty one after the last
//    "forge_next": {"to": "http://127.0.0.2:9"},                            a next link to another host
//    "late_commit": {"secs": 120, "method": "POST"},                        done and answered, and seen by others only
//                                                                           then, with the lastUpdated of now
//    "html": {"method": "GET"},                                             200 with a page of HTML instead of the work
//    "cut": {"at": 100}}                                                     done, but the answer ends there (bytes)
//
// Every kind may state `method`, `type` ("Bundle" for transactions, "metadata") and `times` (1 when absent, "always").
// Or a rate: {"lose_answer": {"method": "POST", "percent": 10, "seed": 7}} strikes one of ten such requests, which ones
// is a matter of the seed; without `times` always.
// A list makes several of one kind. A short form, "delay_ms": 300 or "html": true, means always and every request.
#pragma once

#include "base/result.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/page_faults.h"
#include "fhir/node.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

// What shall happen to one request.
struct Effect {
  std::chrono::milliseconds wait_before{0};
  std::chrono::milliseconds wait_after{0};
  std::optional<Response> instead;    // the work is not done
  bool lose_answer = false;           // the work is done
  std::optional<std::size_t> cut_at;  // the work is done
  std::chrono::seconds late{0};       // the work is done, and is seen later
  LinkFault link = LinkFault::None;   // of the answer
  std::string link_to;                // for Foreign
  std::vector<std::string> names;     // of the faults that struck, for the log
};

struct Fault;

// Safe from any thread.
class FaultTable {
 public:
  FaultTable();
  ~FaultTable();
  // Adds the faults of a settings object. Error kind Incorrect names the key; then none is added.
  Result<void> add(const fhir::Node& settings);
  void clear();
  std::size_t size() const;
  // Takes what strikes this request; counts its times down. `further_page`: of a list.
  Effect take(std::string_view method, std::string_view type, bool further_page = false);

 private:
  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
};

}  // namespace bhi::sim
