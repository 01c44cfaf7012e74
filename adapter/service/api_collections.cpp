// Everything the care model holds, by the tables of collections.h: listed, read, posted, corrected.
#include "flow/entries.h"
#include "flow/practice.h"
#include "flow/redact.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/collections.h"
#include "service/json_text.h"
#include "service/pages.h"

#include <algorithm>
#include <utility>

namespace bhi::service {

namespace {

Error no_collection() { return {Kind::NotFound, "no such collection"}; }

http::Response not_that_way(const Collection& collection) {
  const bool posted = collection.way != Way::Read;
  auto answer = error_answer(405, "not-supported", std::string(collection.path) + ": is not written this way");
  answer.fields.push_back({"Allow", posted ? "GET, POST" : "GET"});
  return answer;
}

// In order of time, a page behind the entry `after`.
Result<std::pair<std::vector<flow::StoredEntity>, std::string>> page_of(std::vector<flow::StoredEntity> entities,
                                                                        std::string_view after, std::size_t limit) {
  std::vector<std::pair<std::string, std::size_t>> in_time;
  for (std::size_t i = 0; i < entities.size(); ++i) in_time.emplace_back(time_of(entities[i]), i);
  std::ranges::stable_sort(in_time, {}, &std::pair<std::string, std::size_t>::first);
  std::size_t at = 0;
  if (!after.empty()) {
    while (at < in_time.size() && entities[in_time[at].second].id != after) ++at;
    if (at == in_time.size()) return Error{Kind::Incorrect, "after: expected the `next` of a former page"};
    ++at;
  }
  std::vector<flow::StoredEntity> found;
  while (at < in_time.size() && found.size() < limit) found.push_back(std::move(entities[in_time[at++].second]));
  std::string next = at < in_time.size() && !found.empty() ? found.back().id : std::string();
  return std::pair(std::move(found), std::move(next));
}

Result<std::int64_t> if_match_of(const Call& call) {
  const auto given = call.request.field("if-match");
  const auto version = given ? version_of(*given) : std::nullopt;
  if (!version) return Error{Kind::Incorrect, "If-Match: expected one ETag of the entry"};
  return *version;
}

http::Response if_match_missing() {
  return error_answer(428, "required", "If-Match: expected the ETag of the entry that is to be changed, found none");
}

}  // namespace

http::Response Api::list_entities(const Call& call, const Who& who, std::string_view patient,
                                  const Collection& collection) {
  const auto limit = limit_of(call, 100);
  if (!limit.ok()) return error_answer(limit.error());
  auto entities = parts_.store.entities_of(patient, collection.kind);
  if (!entities.ok()) return error_answer(entities.error());
  if (entities->empty() && !patient.empty()) {
    const auto known = parts_.store.entity("Patient", patient);
    if (!known.ok()) return error_answer(known.error());
    if (!known->has_value()) return error_answer({Kind::NotFound, "no such patient"});
  }
  auto found = page_of(*std::move(entities), call.request.parameter("after").value_or(""), *limit);
  if (!found.ok()) return error_answer(found.error());
  std::vector<std::string> elements;
  for (auto& entity : found->first) {
    auto body = flow::redacted(entity, [&](std::string_view right) { return who.may(right); });
    if (!body.ok()) return error_answer(body.error());
    entity.body = *std::move(body);
    elements.push_back(shown(entity));
  }
  const std::string subject = patient.empty() ? std::string(collection.kind)
                                              : "Patient/" + std::string(patient) + " " + std::string(collection.kind);
  return audited(who, subject, page(collection.path, elements, found->second));
}

http::Response Api::one_entity(const Who& who, std::string_view patient, const Collection& collection,
                               std::string_view id) {
  const auto found = parts_.store.entity(collection.kind, id);
  if (!found.ok()) return error_answer(found.error());
  if (!found->has_value() || (*found)->patient != patient) return error_answer({Kind::NotFound, "no such entry"});
  return audited(who, std::string(collection.kind) + "/" + std::string(id), entity_for(who, 200, **found));
}

// ---- of a patient ---------------------------------------------------------------------------------------------------

http::Response Api::collection(const Call& call) {
  const auto* of = find_collection(patient_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  return as(call, At::Patients, of->read, [&](const Who& who) { return list_entities(call, who, call.at("id"), *of); });
}

http::Response Api::entry(const Call& call) {
  const auto* of = find_collection(patient_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  return as(call, At::Patients, of->read,
            [&](const Who& who) { return one_entity(who, call.at("id"), *of, call.at("entry")); });
}

http::Response Api::write_entry(const Call& call, const Collection& of, std::string_view id,
                                std::optional<std::int64_t> version) {
  return as(call, At::Patients, of.write, [&](const Who& who) {
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto written = flow::write_entry(*parts_.engine.get(), parts_.store, parts_.destinations,
                                           {call.at("id"), of.kind, id, version}, (*body)->root(), who.practice->record,
                                           who.actor(), parts_.now());
    auto answer = written_answer(who, written, !version);
    if (answer.status == 201) {
      answer.fields.push_back(
          {"Location", "/care/patients/" + call.at("id") + "/" + std::string(of.path) + "/" + written->entity->id});
    }
    if (answer.status < 300) parts_.wake_deliveries();
    return answer;
  });
}

http::Response Api::post_entry(const Call& call) {
  const auto* of = find_collection(patient_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  if (of->way != Way::Entered && of->way != Way::Told) return not_that_way(*of);
  return write_entry(call, *of, "", std::nullopt);
}

http::Response Api::put_entry(const Call& call) {
  const auto* of = find_collection(patient_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  if (of->way != Way::Entered) return not_that_way(*of);
  if (!call.request.field("if-match")) return if_match_missing();
  const auto version = if_match_of(call);
  if (!version.ok()) return error_answer(version.error());
  return write_entry(call, *of, call.at("entry"), *version);
}

http::Response Api::revoke_consent(const Call& call) {
  return as(call, At::Patients, "record-consent", [&](const Who& who) {
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto written = flow::revoke_consent(*parts_.engine.get(), parts_.store, parts_.destinations, call.at("id"),
                                              call.at("entry"), (*body)->root(), who.actor(), parts_.now());
    auto answer = written_answer(who, written, false);
    if (written.ok() && answer.status < 300) parts_.wake_deliveries();
    return answer;
  });
}

// ---- of the practice ------------------------------------------------------------------------------------------------

http::Response Api::practice_collection(const Call& call) {
  const auto* of = find_collection(practice_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  return as(call, At::Practice, of->read, [&](const Who& who) { return list_entities(call, who, "", *of); });
}

http::Response Api::practice_entry(const Call& call) {
  const auto* of = find_collection(practice_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  return as(call, At::Practice, of->read, [&](const Who& who) { return one_entity(who, "", *of, call.at("entry")); });
}

http::Response Api::write_practice(const Call& call, const Collection& of, std::string_view id,
                                   std::optional<std::int64_t> version) {
  return as(call, At::Practice, of.write, [&](const Who& who) {
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto written =
        flow::write_practice(parts_.store, of.kind, id, version, (*body)->root(), who.actor(), parts_.now());
    if (written.ok() && written->changed) parts_.board.forget_practice();
    auto answer = written_answer(who, written, !version);
    if (answer.status == 201) {
      answer.fields.push_back({"Location", "/care/practice/" + std::string(of.path) + "/" + written->entity->id});
    }
    return answer;
  });
}

http::Response Api::post_practice(const Call& call) {
  const auto* of = find_collection(practice_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  return write_practice(call, *of, "", std::nullopt);
}

http::Response Api::put_practice(const Call& call) {
  const auto* of = find_collection(practice_collections(), call.at("collection"));
  if (of == nullptr) return error_answer(no_collection());
  if (!call.request.field("if-match")) return if_match_missing();
  const auto version = if_match_of(call);
  if (!version.ok()) return error_answer(version.error());
  return write_practice(call, *of, call.at("entry"), *version);
}

}  // namespace bhi::service
