// The shell around the API: who is it, which route, may they, does the body fit; then the handler; and whatever
// happened, one log line, one count, and for a refusal one audit record.
#pragma once

#include "service/access.h"
#include "service/api.h"
#include "service/http/server.h"

#include <functional>

namespace bhi::service {

// All references outlive the application.
http::Application api_application(Api& api, const Access& access);

struct Health {
  std::function<std::string()> why_not_ready;  // empty: ready
  std::function<std::string()> metrics;
  std::function<std::vector<std::string>()> remarks = {};  // what somebody should know all the same, a line each
};

// /healthz, /readyz, /metrics; asks for no token and shows no patient.
http::Application management_application(Health health, Metrics& metrics);

}  // namespace bhi::service
