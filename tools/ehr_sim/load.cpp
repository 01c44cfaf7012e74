// Simulator::load: how files come in at the start.
#include "ehr_sim/bundle_entry.h"
#include "ehr_sim/references.h"
#include "ehr_sim/router.h"
#include "ehr_sim/search_parameters.h"
#include "ehr_sim/simulator.h"

#include "fhir/bundle.h"

namespace bhi::sim {

namespace {

using fhir::Node;

struct Loaded {
  const Node* resource = nullptr;
  std::string type;
  std::string id;
  std::string place;
};

Result<std::vector<Loaded>> resources_of(const Node& document, Versions& versions, ReferenceMap& references) {
  std::vector<Loaded> found;
  const auto take = [&](const Node* resource, std::string place, std::string_view full_url) -> Result<void> {
    const std::string type(resource == nullptr ? "" : fhir::resource_type(*resource));
    if (!is_resource_type(type))
      return Error{Kind::Incorrect, place + ": expected a resource of a type that this server has"};
    std::string id(resource->text_of("id"));
    if (!id.empty() && !fhir::is_safe_id(id))
      return Error{Kind::Incorrect, place + ".id: expected 1 to 64 of A-Z a-z 0-9 - ."};
    if (id.empty()) id = versions.new_id(type);
    if (!full_url.empty()) references.emplace(full_url, type + "/" + id);
    found.push_back({resource, type, id, std::move(place)});
    return {};
  };
  if (fhir::resource_type(document) != "Bundle") {
    BHI_CHECK(take(&document, std::string(fhir::resource_type(document).substr(0, 64)), {}));
    return found;
  }
  std::size_t index = 0;
  for (const Node& entry : fhir::each(document.find("entry"))) {
    BHI_CHECK(take(entry.find("resource"), "Bundle.entry[" + std::to_string(index++) + "].resource",
                   entry.text_of("fullUrl")));
  }
  return found;
}

}  // namespace

Result<std::size_t> Simulator::load(const Node& document, Instant now, const Timing& timing) {
  publish_late(now + timing.behind);
  const std::size_t before = version_count();
  const std::string_view bundle_type = fhir::resource_type(document) == "Bundle" ? document.text_of("type") : "";
  Request request{.method = "POST", .path = std::string(kBasePath), .query = {}, .headers = {}, .body = {}, .base = {}};
  request.inside = true;
  request.timing = timing;
  Response response;
  if (bundle_type == "transaction" || bundle_type == "batch") {
    request.headers.emplace_back("Content-Type", "application/fhir+json");
    request.body = fhir::write_json(document);
    response = handle(request, now);
  } else {
    response = change(
        [&](Versions& versions) {
          ReferenceMap references;
          const auto all = resources_of(document, versions, references);
          if (!all) return refuse(all.error());
          for (const Loaded& one : *all) {
            Arena arena;
            const auto put = versions.put(one.type, one.id, with_references(*one.resource, references, arena),
                                          Method::Put, now + timing.skew);
            if (!put) return refuse(put.error(), one.place);
          }
          return Response{};
        },
        request, now);
  }
  if (response.status >= 400) return Error{Kind::Incorrect, first_issue(response).text};
  return version_count() - before;
}

}  // namespace bhi::sim
