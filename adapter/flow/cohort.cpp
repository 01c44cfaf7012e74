#include "flow/cohort.h"

#include "care/episode.h"
#include "care/model.h"
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/inbound.h"
#include "flow/moves.h"
#include "flow/pages.h"

#include <algorithm>
#include <set>
#include <variant>

namespace bhi::flow {

namespace {

constexpr std::size_t kListed = 500;

std::string id_of_reference(std::string_view reference) {
  const auto parsed = fhir::parse_reference(reference);
  return parsed && parsed->type == "Patient" && fhir::is_safe_id(parsed->id) ? std::string(parsed->id) : std::string();
}

}  // namespace

Result<std::vector<std::string>> known_patients(Store& store, std::string_view source) {
  std::vector<std::string> patients;
  std::string after;
  for (;;) {
    BHI_TRY(const Listing listing, store.list("Patient", after, kListed));
    for (const StoredEntity& entity : listing.entities) {
      const auto read = fhir::read_json(entity.body);
      const fhir::Node* from = read ? (*read)->root().find("source") : nullptr;
      if (from == nullptr || from->text_of("system") != source || !fhir::is_safe_id(from->text_of("id"))) continue;
      patients.emplace_back(from->text_of("id"));
    }
    if (listing.next.empty()) return patients;
    after = listing.next;
  }
}

Result<std::vector<std::string>> enrolled_patients(Store& store, std::string_view source) {
  std::set<std::string, std::less<>> on_caseload;  // care ids
  std::string after;
  do {
    BHI_TRY(const Listing listing, store.list("Episode", after, kListed));
    for (const StoredEntity& row : listing.entities) {
      BHI_TRY(const auto entity, entity_from_json(row.body));
      const auto* episode = std::get_if<care::Episode>(&entity);
      if (episode != nullptr && care::is_on_caseload(episode->state)) on_caseload.insert(row.patient);
    }
    after = listing.next;
  } while (!after.empty());
  std::vector<std::string> patients;
  for (const std::string& id : on_caseload) {
    BHI_TRY(const auto row, store.entity("Patient", id));
    if (!row) continue;
    BHI_TRY(const auto entity, entity_from_json(row->body));
    const auto& from = std::get<care::Patient>(entity).source;
    if (from.system == source && fhir::is_safe_id(from.id)) patients.push_back(from.id);
  }
  return patients;
}

Result<std::vector<std::string>> with_survivors(Store& store, std::string_view source,
                                                std::vector<std::string> patients) {
  std::set<std::string, std::less<>> asked(patients.begin(), patients.end());
  Persons persons(store);
  for (std::size_t i = 0, count = patients.size(); i < count; ++i) {
    const std::string own = care_id(source, "Patient", patients[i]);
    BHI_TRY(const std::string stands, persons.now(own));
    if (stands == own) continue;
    BHI_TRY(const auto row, store.entity("Patient", stands));
    if (!row) continue;
    BHI_TRY(const auto entity, entity_from_json(row->body));
    const auto& from = std::get<care::Patient>(entity).source;
    if (fhir::is_safe_id(from.id) && asked.insert(from.id).second) patients.push_back(from.id);
  }
  return patients;
}

Result<std::vector<std::string>> patients_of_search(Ehr& ehr, std::string_view search, int page_size) {
  constexpr int kMostPages = 10'000;
  const auto mark = std::min(search.find('?'), search.size());
  const std::string type(search.substr(0, mark));
  const std::string query(search.substr(std::min(mark + 1, search.size())));
  BHI_TRY(Page first, ehr.search(type, "_count=" + std::to_string(page_size) + (query.empty() ? "" : "&" + query)));
  std::vector<std::string> patients;
  std::set<std::string, std::less<>> seen;
  Issues issues;
  const auto take = [&](const Page& page, bool) -> Result<void> {
    for (const fhir::Node& entry : fhir::each(page.bundle->root().find("entry"))) {
      const fhir::Node* found = entry.find("resource");
      if (found == nullptr || fhir::resource_type(*found) != type) continue;  // an outcome, something included
      std::string id =
          type == "Patient" ? std::string(found->text_of("id")) : id_of_reference(fhir::patient_reference(*found));
      if (fhir::is_safe_id(id) && seen.insert(id).second) patients.push_back(std::move(id));
    }
    return {};
  };
  BHI_TRY(const PageWalk walk, walk_pages(ehr, std::move(first), kMostPages, type, issues, take));
  if (walk.complete) return patients;
  return Error{Kind::Unavailable, "cohort.search: " + (issues.empty() ? "not every page came" : issues.back().text)};
}

Result<std::vector<std::string>> patients_of_group(Ehr& ehr, std::string_view group) {
  BHI_TRY(const auto document, ehr.read("Group", group));
  std::vector<std::string> patients;
  const fhir::Node* members = document->root().find("member");
  if (members == nullptr) {
    return Error{Kind::Incorrect, "cohort: the Group lists no members; some EHRs keep them to themselves"};
  }
  for (const fhir::Node& member : fhir::each(members)) {
    const fhir::Node* inactive = member.find("inactive");
    if (inactive != nullptr && inactive->text() == "true") continue;
    const fhir::Node* entity = member.find("entity");
    std::string id = entity == nullptr ? "" : id_of_reference(entity->text_of("reference"));
    if (!id.empty() && std::ranges::find(patients, id) == patients.end()) patients.push_back(std::move(id));
  }
  return patients;
}

Result<std::vector<std::string>> patients_of_list(std::string_view text) {
  std::vector<std::string> patients;
  std::set<std::string, std::less<>> seen;
  int line = 0;
  while (!text.empty()) {
    ++line;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!word.empty() && (word.back() == '\r' || word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
    while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
    if (word.empty() || word.front() == '#') continue;
    if (word.starts_with("Patient/")) word.remove_prefix(8);
    if (!fhir::is_safe_id(word)) {
      return Error{Kind::Incorrect, "cohort: line " + std::to_string(line) + ": expected a patient id"};
    }
    if (seen.emplace(word).second) patients.emplace_back(word);
  }
  return patients;
}

}  // namespace bhi::flow
