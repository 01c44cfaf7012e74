// The BHI side of the API: the care model is read and changed. Every answer that shows a person leaves an audit record.
#include "fhir/json.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"
#include "service/pages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bhi::service {

http::Response Api::as(const Call& call, At at, std::string_view right,
                       const std::function<http::Response(const Who&)>& run) {
  auto practice = parts_.board.practice();
  if (!practice.ok()) return error_answer(practice.error());
  const auto who = who_acts(call.caller, call.request, *std::move(practice), at, parts_.now());
  if (!who.ok()) return error_answer(who.error());
  if (const auto may = who->must(right); !may.ok()) return error_answer(may.error());
  return run(*who);
}

http::Response Api::audited(const Who& who, std::string subject, http::Response answer) {
  const auto kept = parts_.store.audit({"read", who.actor().name_in_audit(), std::move(subject), "ok", parts_.now()});
  return kept.ok() ? std::move(answer) : error_answer(kept.error());
}

Result<fhir::DocumentPtr> Api::body_of(const Call& call) const {
  const LimitSettings& limits = parts_.settings.limits;
  fhir::ReadLimits read;
  read.max_bytes = limits.max_body_bytes;
  read.max_depth = limits.max_depth;
  read.max_values = limits.max_values;
  return fhir::read_json(call.request.body, read);
}

http::Response Api::audited(const Call& call, std::string subject, http::Response answer) {
  const auto kept = parts_.store.audit({"read", call.caller.name, std::move(subject), "ok", parts_.now()});
  return kept.ok() ? std::move(answer) : error_answer(kept.error());
}

Result<std::size_t> Api::limit_of(const Call& call, std::size_t fallback) const {
  const auto given = call.request.parameter("limit");
  if (!given) return fallback;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), limit);
  if (error != std::errc() || end != given->data() + given->size() || limit < 1 || limit > kMaxPage) {
    return Error{Kind::Incorrect, "limit: expected a whole number from 1 to " + std::to_string(kMaxPage)};
  }
  return limit;
}

http::Response Api::patients(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    const auto listing = parts_.store.list("Patient", call.request.parameter("after").value_or(""), *limit);
    if (!listing.ok()) return error_answer(listing.error());
    std::vector<std::string> elements;
    for (const auto& entity : listing->entities) elements.push_back(shown(entity));
    return audited(who, "Patient", page("patients", elements, listing->next));
  });
}

http::Response Api::patient(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto& id = call.at("id");
    const auto found = parts_.store.entity("Patient", id);
    if (!found.ok()) return error_answer(found.error());
    if (!found->has_value()) return error_answer({Kind::NotFound, "no such patient"});
    return audited(who, "Patient/" + id, entity_answer(200, **found));
  });
}

http::Response Api::post_screening(const Call& call) {
  return as(call, At::Patients, "record-screening", [&](const Who& who) {
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto made = flow::post_screening(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                           (*body)->root(), who.actor(), parts_.now());
    if (!made.ok()) return error_answer(made.error());
    parts_.wake_deliveries();
    auto answer = entity_for(who, 201, *made);
    answer.fields.push_back({"Location", "/care/patients/" + made->patient + "/screenings/" + made->id});
    return answer;
  });
}

http::Response Api::post_plan(const Call& call) {
  return as(call, At::Patients, "change-plan", [&](const Who& who) {
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto made = flow::post_plan(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                      (*body)->root(), who.actor(), parts_.now());
    if (!made.ok()) return error_answer(made.error());
    parts_.wake_deliveries();
    auto answer = entity_for(who, 201, *made);
    answer.fields.push_back({"Location", "/care/patients/" + made->patient + "/plans/" + made->id});
    return answer;
  });
}

http::Response Api::patch_plan(const Call& call) {
  return as(call, At::Patients, "change-plan", [&](const Who& who) {
    const auto given = call.request.field("if-match");
    if (!given)
      return error_answer(428, "required", "If-Match: expected the ETag of the plan that is to be changed, found none");
    const auto version = version_of(*given);
    if (!version) return error_answer({Kind::Incorrect, "If-Match: expected one ETag of a plan"});
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto made = flow::patch_plan(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                       call.at("plan"), (*body)->root(), *version, who.actor(), parts_.now());
    if (!made.ok() && made.error().kind == Kind::Conflict) return error_answer(412, "conflict", made.error().message);
    if (!made.ok()) return error_answer(made.error());
    parts_.wake_deliveries();
    return entity_for(who, 200, *made);
  });
}

http::Response Api::safety(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    constexpr std::array<std::string_view, 4> kStates = {"open", "acknowledged", "review", "all"};
    const auto state = call.request.parameter("state").value_or("open");
    if (std::ranges::find(kStates, state) == kStates.end()) {
      return error_answer({Kind::Incorrect, "state: expected open, acknowledged, review or all"});
    }
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    std::vector<std::string> elements;
    std::string after(call.request.parameter("after").value_or(""));
    // Few events are open among many that are closed: pages are read until one is full.
    do {
      const auto listing = parts_.store.list("SafetyEvent", after, *limit - elements.size());
      if (!listing.ok()) return error_answer(listing.error());
      for (const auto& entity : listing->entities) {
        const auto document = fhir::read_json(entity.body);
        if (!document.ok()) return error_answer(document.error());
        if (state == "all" || (*document)->root().text_of("state") == state) elements.push_back(shown(entity));
      }
      after = listing->next;
    } while (!after.empty() && elements.size() < *limit);
    return audited(who, "SafetyEvent", page("safety", elements, after));
  });
}

http::Response Api::safety_event(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto& id = call.at("id");
    const auto found = parts_.store.entity("SafetyEvent", id);
    if (!found.ok()) return error_answer(found.error());
    if (!found->has_value()) return error_answer({Kind::NotFound, "no such safety event"});
    return audited(who, "SafetyEvent/" + id, entity_for(who, 200, **found));
  });
}

http::Response Api::acknowledge(const Call& call) {
  return as(call, At::Patients, "acknowledge-safety", [&](const Who& who) {
    const auto made = flow::acknowledge(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                        who.actor(), parts_.now());
    if (!made.ok()) return error_answer(made.error());
    parts_.wake_deliveries();
    return entity_for(who, 200, *made);
  });
}

}  // namespace bhi::service
