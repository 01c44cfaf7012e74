#include "service/shell.h"

#include "service/answers.h"
#include "service/json_text.h"
#include "service/log.h"

#include <algorithm>
#include <array>

namespace bhi::service {

namespace {

http::Admission refused(http::Response answer, std::string route, std::string actor) {
  return {std::move(answer), {}, std::move(route), std::move(actor)};
}

http::Admission admit(Api& api, const Access& access, const http::Request& request) {
  auto caller = access.identify(request);
  if (!caller.ok()) {
    const auto open = match(Api::routes(), request);
    if (open.route != nullptr && open.route->roles.open()) caller = Caller{"-", false, Role::Ehr, {}};
  }
  if (!caller.ok()) {
    auto answer = error_answer(401, "login", caller.error().message);
    answer.fields.push_back({"WWW-Authenticate", "Bearer realm=\"bhi-adapter\""});
    return refused(std::move(answer), "-", "-");
  }
  auto matched = match(Api::routes(), request);
  if (matched.route == nullptr) {
    if (matched.allow.empty()) return refused(error_answer({Kind::NotFound, "no such address"}), "-", caller->name);
    auto answer = error_answer(405, "not-supported", "method: expected " + matched.allow);
    answer.fields.push_back({"Allow", matched.allow});
    return refused(std::move(answer), "-", caller->name);
  }
  const Route& route = *matched.route;
  const std::string pattern(route.pattern);
  if (!caller->has(route.roles)) {
    return refused(error_answer({Kind::Forbidden, "the token's role does not allow this"}), pattern, caller->name);
  }
  if (const auto wrong = wrong_content(request, route.body); !wrong.empty()) {
    return refused(error_answer(415, "not-supported", wrong), pattern, caller->name);
  }
  auto go_on = [&api, &route, caller = *caller, parameters = std::move(matched.parameters)](http::Request& whole) {
    const Call call{whole, caller, parameters};
    if (route.pattern.starts_with("/care/patients/{id}/") && route.run != &Api::patient_links) {
      if (auto gone = api.merged_away(call)) return *std::move(gone);
    }
    return (api.*route.run)(call);
  };
  return {std::nullopt, std::move(go_on), pattern, caller->name};
}

http::Response protocol_refusal(int status, std::string_view text) {
  switch (status) {
    case 413: return error_answer(status, "too-long", text);
    case 408: return error_answer(status, "timeout", text);
    case 500: return error_answer(status, "exception", text);
    case 503: return error_answer(status, "throttled", text);
    default: return error_answer(status, "structure", text);
  }
}

// Few values, whatever strangers send.
std::string method_label(const std::string& method) {
  constexpr std::array<std::string_view, 5> kKnown = {"GET", "POST", "PUT", "PATCH", "-"};
  return std::ranges::find(kKnown, method) == kKnown.end() ? "other" : method;
}

void finish(const ApiParts& parts, const http::Trace& trace) {
  parts.metrics.count(Metric::HttpRequests, 1, {method_label(trace.method), trace.route, std::to_string(trace.status)});
  parts.metrics.observe(Metric::HttpSeconds, trace.took, {trace.route});
  log_event(trace.status >= 500 ? LogLevel::Error : LogLevel::Debug, "request",
            JsonObject()
                .text("method", method_label(trace.method))
                .text("route", trace.route)
                .text("actor", trace.actor)
                .number("status", trace.status)
                .number("took_us", trace.took.count()));
  // Ours to mend (500) and not now (503) are no refusals.
  if (trace.status < 400 || trace.status == 500 || trace.status == 503) return;
  const auto kept = parts.store.audit({"refuse", trace.actor, method_label(trace.method) + " " + trace.route,
                                       std::to_string(trace.status), parts.now()});
  if (!kept.ok())
    log_event(LogLevel::Error, "audit of a refusal failed", JsonObject().text("reason", kept.error().message));
}

http::Response plain(int status, std::string body) {
  return json_answer(status, std::move(body), "text/plain; charset=utf-8");
}

http::Admission admit_management(const Health& health, const http::Request& request) {
  const auto say = [](std::string route, http::Response answer) {
    return refused(std::move(answer), std::move(route), "-");
  };
  if (request.method != "GET" && request.method != "HEAD") return say("-", plain(405, "GET only\n"));
  if (request.path == std::vector<std::string>{"healthz"}) return say("/healthz", plain(200, "ok\n"));
  if (request.path == std::vector<std::string>{"metrics"}) {
    return say("/metrics", json_answer(200, health.metrics(), "text/plain; version=0.0.4; charset=utf-8"));
  }
  if (request.path == std::vector<std::string>{"readyz"}) {
    const auto reason = health.why_not_ready();
    std::string text = reason.empty() ? "ready\n" : reason + "\n";
    if (health.remarks) {
      for (const auto& remark : health.remarks()) text += remark + "\n";
    }
    return say("/readyz", plain(reason.empty() ? 200 : 503, text));
  }
  return say("-", plain(404, "not here\n"));
}

}  // namespace

http::Application api_application(Api& api, const Access& access) {
  return {
      [&api, &access](const http::Request& request) { return admit(api, access, request); },
      protocol_refusal,
      [&api](const http::Trace& trace) { finish(api.parts(), trace); },
  };
}

http::Application management_application(Health health, Metrics& metrics) {
  return {
      [health = std::move(health)](const http::Request& request) { return admit_management(health, request); },
      [](int status, std::string_view text) { return plain(status, std::string(text) + "\n"); },
      [&metrics](const http::Trace& trace) {
        metrics.count(Metric::HttpRequests, 1, {method_label(trace.method), trace.route, std::to_string(trace.status)});
      },
  };
}

}  // namespace bhi::service
