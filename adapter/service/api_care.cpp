// The BHI side of the API: the care model is read and changed. Every answer that shows a person leaves an audit record.
#include "base/instant.h"
#include "fhir/json.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::size_t kMaxPage = 500;

std::string shown(const flow::StoredEntity& entity) { return with_member(entity.body, "version", entity.version); }

http::Response entity_answer(int status, const flow::StoredEntity& entity) {
  auto response = json_answer(status, shown(entity));
  response.fields.push_back({"ETag", etag(entity.version)});
  return response;
}

// When it happened, as a text that sorts: lists of a patient are in the order of time, what has no time first.
std::string time_of(const flow::StoredEntity& entity) {
  const auto document = fhir::read_json(entity.body);
  if (!document.ok()) return {};
  for (const std::string_view member : {"authored", "occurred", "start"}) {
    if (const auto instant = instant_from((*document)->root().text_of(member))) return to_text(*instant);
  }
  return {};
}

http::Response page(std::string_view member, const std::vector<std::string>& elements, std::string_view next) {
  JsonObject answer;
  answer.raw(member, json_array(elements));
  return json_answer(200, answer.raw("next", next.empty() ? "null" : quote(next)).str());
}

}  // namespace

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
  const auto limit = limit_of(call, 100);
  if (!limit.ok()) return error_answer(limit.error());
  const auto listing = parts_.store.list("Patient", call.request.parameter("after").value_or(""), *limit);
  if (!listing.ok()) return error_answer(listing.error());
  std::vector<std::string> elements;
  for (const auto& entity : listing->entities) elements.push_back(shown(entity));
  return audited(call, "Patient", page("patients", elements, listing->next));
}

http::Response Api::patient(const Call& call) {
  const auto& id = call.at("id");
  const auto found = parts_.store.entity("Patient", id);
  if (!found.ok()) return error_answer(found.error());
  if (!found->has_value()) return error_answer({Kind::NotFound, "no such patient"});
  return audited(call, "Patient/" + id, entity_answer(200, **found));
}

http::Response Api::entities_of(const Call& call, std::string_view kind, std::string_view member) {
  const auto& id = call.at("id");
  const auto record = parts_.store.record(id);
  if (!record.ok()) return error_answer(record.error());
  if (record->empty()) return error_answer({Kind::NotFound, "no such patient"});
  std::vector<std::pair<std::string, std::string>> in_time;  // when, what is shown
  for (const auto& entity : *record) {
    if (entity.kind == kind) in_time.emplace_back(time_of(entity), shown(entity));
  }
  std::ranges::stable_sort(in_time, {}, &std::pair<std::string, std::string>::first);
  std::vector<std::string> elements;
  for (auto& [when, element] : in_time) elements.push_back(std::move(element));
  return audited(call, "Patient/" + id + " " + std::string(kind), page(member, elements, ""));
}

http::Response Api::screenings(const Call& call) { return entities_of(call, "Screening", "screenings"); }
http::Response Api::medications(const Call& call) { return entities_of(call, "MedicationTherapy", "medications"); }
http::Response Api::plans(const Call& call) { return entities_of(call, "CarePlan", "plans"); }
http::Response Api::patient_safety(const Call& call) { return entities_of(call, "SafetyEvent", "safety"); }
http::Response Api::episodes(const Call& call) { return entities_of(call, "Episode", "episodes"); }

http::Response Api::plan(const Call& call) {
  const auto found = parts_.store.entity("CarePlan", call.at("plan"));
  if (!found.ok()) return error_answer(found.error());
  if (!found->has_value() || (*found)->patient != call.at("id")) {
    return error_answer({Kind::NotFound, "no such plan of this patient"});
  }
  return audited(call, "CarePlan/" + call.at("plan"), entity_answer(200, **found));
}

namespace {

Result<fhir::DocumentPtr> body_of(const Call& call, const LimitSettings& limits) {
  fhir::ReadLimits read;
  read.max_bytes = limits.max_body_bytes;
  read.max_depth = limits.max_depth;
  read.max_values = limits.max_values;
  return fhir::read_json(call.request.body, read);
}

}  // namespace

http::Response Api::post_screening(const Call& call) {
  const auto body = body_of(call, parts_.settings.limits);
  if (!body.ok()) return error_answer(body.error());
  const auto made = flow::post_screening(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                         (*body)->root(), {call.caller.name}, parts_.now());
  if (!made.ok()) return error_answer(made.error());
  parts_.wake_deliveries();
  return entity_answer(201, *made);
}

http::Response Api::post_plan(const Call& call) {
  const auto body = body_of(call, parts_.settings.limits);
  if (!body.ok()) return error_answer(body.error());
  const auto made = flow::post_plan(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                    (*body)->root(), {call.caller.name}, parts_.now());
  if (!made.ok()) return error_answer(made.error());
  parts_.wake_deliveries();
  auto answer = entity_answer(201, *made);
  answer.fields.push_back({"Location", "/care/patients/" + made->patient + "/plans/" + made->id});
  return answer;
}

http::Response Api::patch_plan(const Call& call) {
  const auto given = call.request.field("if-match");
  if (!given)
    return error_answer(428, "required", "If-Match: expected the ETag of the plan that is to be changed, found none");
  const auto version = version_of(*given);
  if (!version) return error_answer({Kind::Incorrect, "If-Match: expected one ETag of a plan"});
  const auto body = body_of(call, parts_.settings.limits);
  if (!body.ok()) return error_answer(body.error());
  const auto made = flow::patch_plan(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                     call.at("plan"), (*body)->root(), *version, {call.caller.name}, parts_.now());
  if (!made.ok() && made.error().kind == Kind::Conflict) return error_answer(412, "conflict", made.error().message);
  if (!made.ok()) return error_answer(made.error());
  parts_.wake_deliveries();
  return entity_answer(200, *made);
}

http::Response Api::safety(const Call& call) {
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
  return audited(call, "SafetyEvent", page("safety", elements, after));
}

http::Response Api::acknowledge(const Call& call) {
  const auto made = flow::acknowledge(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                      {call.caller.name}, parts_.now());
  if (!made.ok()) return error_answer(made.error());
  parts_.wake_deliveries();
  return entity_answer(200, *made);
}

}  // namespace bhi::service
