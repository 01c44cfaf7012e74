// Bulk Data export of the simulator, with every accident that real servers are known for.
// https://hl7.org/fhir/uv/bulkdata/export.html
//
//   POST /_sim/bulk (or --bulk FILE) sets, GET /_sim/bulk shows what was asked:
//   {"waits": 1,                 202 answers before an export is ready
//    "retry_after": "",          of these: "", "1" (seconds), "date", "epoch", "epoch_ms"
//    "kick_off": "any",          or "get", "get-repeated", "post": other forms are 400
//    "patient": true,            the parameter `patient` is understood
//    "busy": 0,                  so many kick-offs are 429 first
//    "transient": 0,             so many status answers are 500 with an OperationOutcome code transient
//    "gateway": 0,               so many are 502 without a body
//    "fails": 0,                 so many exports fail for good
//    "forgets": 0,               so many exports are 404 when asked for
//    "export_status": false,     status by X-Export-Status of a 200
//    "expire_after": 0,          file addresses of a manifest are good for so many downloads, then 410; 0: for ever
//    "expires": false,           the manifest says when
//    "page_files": 0,            files on a page of the manifest; 0: all
//    "file_lines": 1000,         resources in a file
//    "deleted": ["Type/id"],
//    "errors": 0,                outcomes of severity error, in the list named by
//    "outcome_key": "error",     or "outcome"
//    "extension_list": false,    `extension` as a list
//    "organized": false,         all types in one file, a header before each patient
//    "gzip": "",                 "encoding", or "bare" (application/gzip and no Content-Encoding)
//    "bad_every": 0,             every so many lines one that is no JSON
//    "final_newline": true,
//    "count": true,
//    "all_types": false,         _type is ignored
//    "needs_token": false,
//    "files_at": "",             origin of the file addresses: "http://localhost:8181"
//    "redirect": false,          files are elsewhere: 307
//    "end_time": false,          transactionTime is the end of the export
//    "generate_bytes": 0, "generate_line": 2000}   a made file of about so many bytes, made while it is sent
//
// Status and files lie below /bulk. A file that needs no token refuses one that comes all the same.
#pragma once

#include "ehr_sim/http_message.h"
#include "ehr_sim/simulator.h"
#include "fhir/node.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

inline constexpr std::string_view kBulkPath = "/bulk/";

// The next piece of a body that is made while it is sent; empty at the end.
using Stream = std::function<std::string()>;

struct BulkAnswered {
  Response response;
  Stream stream{};
};

struct BulkSwitches {
  std::uint64_t waits = 1, busy = 0, transient = 0, gateway = 0, fails = 0, forgets = 0, expire_after = 0,
                page_files = 0, file_lines = 1000, errors = 0, bad_every = 0, generate_bytes = 0, generate_line = 2000;
  bool patient = true, export_status = false, expires = false, extension_list = false, organized = false,
       final_newline = true, count = true, all_types = false, needs_token = false, redirect = false, end_time = false;
  std::string retry_after, kick_off = "any", outcome_key = "error", gzip, files_at;
  std::vector<std::string> deleted;
};

class BulkServer {
 public:
  explicit BulkServer(Simulator& simulator) : simulator_(simulator) {}

  // "export", "bulk-status", "bulk-file"; empty: not ours.
  static std::string kind_of(const Request& request);
  // Must a token come with it? (A file's own switch decides.)
  bool needs_token(const std::string& kind) const;

  BulkAnswered handle(const Request& request, Instant now);

  Result<void> set(const fhir::Node& settings);
  Response show() const;

 private:
  struct Job;
  BulkAnswered kick_off(const Request& request, Instant now);
  BulkAnswered status(const Request& request, Job& job, std::string_view rest, Instant now);
  BulkAnswered file(const Request& request, const Job& job, std::string_view rest);
  Response manifest(const Request& request, Job& job, std::uint64_t page, Instant now);
  Result<std::vector<std::string>> lines_of(const Request& request, const std::string& type);

  Simulator& simulator_;  // lent
  mutable std::mutex mutex_;
  BulkSwitches switches_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::uint64_t last_job_ = 0;
  std::map<std::string, std::uint64_t> counts_;
  std::string last_kick_off_;
};

// What --bulk-generate makes: line `number` (from 0) of about `bytes` bytes. Every hundredth carries a PHQ-9 score of
// the patient gen-<number / 100 % 100>; the others are resources that no care model wants.
std::string generated_line(std::uint64_t number, std::uint64_t bytes);

}  // namespace bhi::sim
