// Which records are of one person: merged at their source, or linked between sources by configured identifiers.
#include "flow/binding.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"

#include <algorithm>
#include <variant>

namespace bhi::service {

namespace {

std::string shown(const IdentityPicture& picture, const std::string& id) {
  const auto& source = picture.source_of.at(id);
  return JsonObject().text("id", id).text("source", source.system).text("id_there", source.id).str();
}

std::string shown(const IdentityPicture& picture, const std::vector<std::string>& ids, const std::string& but = {}) {
  std::vector<std::string> list;
  for (const auto& id : ids) {
    if (id != but) list.push_back(shown(picture, id));
  }
  return json_array(list);
}

std::string shown(const IdentityPicture& picture, const flow::IdentityReview& review) {
  return JsonObject()
      .text("reason", review.reason)
      .text("system", review.system)
      .raw("patients", shown(picture, review.patients))
      .str();
}

// The record that a patient was merged into, to its end; empty: into none.
Result<std::string> stands_for(flow::Store& store, const std::string& id) {
  constexpr int kMostSteps = 16;
  std::string at = id;
  for (int step = 0; step < kMostSteps; ++step) {
    BHI_TRY(const auto row, store.entity("Patient", at));
    if (!row) break;
    BHI_TRY(const auto entity, flow::entity_from_json(row->body));
    const auto* patient = std::get_if<care::Patient>(&entity);
    if (patient == nullptr || patient->replaced_by.empty()) break;
    at = patient->replaced_by;
  }
  return at == id ? std::string() : at;
}

}  // namespace

std::optional<http::Response> Api::merged_away(const Call& call) {
  const auto& id = call.at("id");
  const auto into = stands_for(parts_.store, id);
  if (!into.ok()) return error_answer(into.error());
  if (into->empty()) return std::nullopt;
  const bool reads = call.request.method == "GET" || call.request.method == "HEAD";
  auto answer =
      error_answer(reads ? 301 : 409, "conflict", "this record was merged at its source; the patient is now " + *into);
  std::string rest;
  for (std::size_t i = 3; i < call.request.path.size(); ++i) rest += "/" + call.request.path[i];
  if (reads) answer.fields.push_back({"Location", "/care/patients/" + *into + rest});
  return answer;
}

http::Response Api::patient_links(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto& id = call.at("id");
    const auto found = parts_.store.entity("Patient", id);
    if (!found.ok()) return error_answer(found.error());
    if (!found->has_value()) return error_answer({Kind::NotFound, "no such patient"});
    const auto picture = identities_.now();
    if (!picture.ok()) return error_answer(picture.error());
    const auto into = stands_for(parts_.store, id);
    if (!into.ok()) return error_answer(into.error());
    const auto has = [&id](const std::vector<std::string>& ids) { return std::ranges::find(ids, id) != ids.end(); };
    std::string linked = "[]";
    std::vector<std::string> reviews;
    for (const auto& link : (*picture)->found.links) {
      if (has(link.patients)) linked = shown(**picture, link.patients, id);
    }
    for (const auto& review : (*picture)->found.reviews) {
      if (has(review.patients)) reviews.push_back(shown(**picture, review));
    }
    JsonObject body;
    body.text("id", id).text_if("replacedBy", *into).raw("linked", linked).raw("reviews", json_array(reviews));
    return audited(who, "Patient/" + id, json_answer(200, body.str()));
  });
}

http::Response Api::identity(const Call& call) {
  return as(call, At::Practice, "read-caseload", [&](const Who& who) {
    const auto picture = identities_.now();
    if (!picture.ok()) return error_answer(picture.error());
    std::vector<std::string> systems, links, reviews;
    for (const auto& system : identities_.systems()) systems.push_back(quote(system));
    for (const auto& link : (*picture)->found.links) {
      links.push_back(JsonObject().raw("patients", shown(**picture, link.patients)).str());
    }
    for (const auto& review : (*picture)->found.reviews) reviews.push_back(shown(**picture, review));
    JsonObject body;
    body.raw("systems", json_array(systems)).raw("links", json_array(links)).raw("reviews", json_array(reviews));
    return audited(who, "identity", json_answer(200, body.str()));
  });
}

void Api::report_identities(Metrics& metrics) {
  const auto picture = identities_.now();
  if (!picture.ok()) return;
  metrics.set(Metric::IdentityLinks, static_cast<double>((*picture)->found.links.size()));
  metrics.set(Metric::IdentityReviews, static_cast<double>((*picture)->found.reviews.size()));
}

}  // namespace bhi::service
