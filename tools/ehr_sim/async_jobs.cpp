#include "ehr_sim/async_jobs.h"

#include "ehr_sim/router.h"

namespace bhi::sim {

namespace {

constexpr std::string_view kStatus = "/status";

std::string prefix() { return std::string(kBasePath) + "/job/"; }

}  // namespace

bool AsyncJobs::is_job(std::string_view path) { return path.starts_with(prefix()); }

Response AsyncJobs::accept(std::string_view base, Response answer) {
  const std::lock_guard lock(mutex_);
  const std::string id = std::to_string(next_++);
  jobs_[id].answer = std::move(answer);
  Response response;
  response.status = 202;
  response.headers.emplace_back("Content-Location", std::string(base) + "/job/" + id + std::string(kStatus));
  return response;
}

Response AsyncJobs::status(std::string_view path) {
  path.remove_prefix(prefix().size());
  const std::lock_guard lock(mutex_);
  const auto job = path.ends_with(kStatus) ? jobs_.find(path.substr(0, path.size() - kStatus.size())) : jobs_.end();
  if (job == jobs_.end()) return refuse(404, "not-found", "there is no such job");
  if (job->second.asked) return job->second.answer;
  job->second.asked = true;
  Response response;
  response.status = 202;
  return response;
}

}  // namespace bhi::sim
