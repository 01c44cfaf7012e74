#include "ehr_sim/profile.h"

#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace bhi::sim {

namespace {

using fhir::Node;

struct Row {
  std::string_view profile, type, allowed, parameters;
};
constexpr std::array kRows = std::to_array<Row>({
    {"epic", "CarePlan", "rs", "_id,_count,patient,subject,category,status,date,identifier"},
    {"epic", "Communication", "crs", "_id,_count,patient,subject,sent,status,identifier"},
    {"epic", "Condition", "crs", "_id,_count,patient,subject,category,clinical-status,code,identifier"},
    {"epic", "DocumentReference", "crsu", "_id,_count,patient,subject,category,type,date,status,identifier"},
    {"epic", "EpisodeOfCare", "rs", "_id,_count,patient,status,date,identifier"},
    {"epic", "Goal", "rs", "_id,_count,patient,subject,lifecycle-status,identifier"},
    {"epic", "Group", "rs", "_id,_count"},
    {"epic", "Medication", "rs", "_id,_count"},
    {"epic", "MedicationRequest", "rs", "_id,_count,patient,subject,status,intent,authoredon,identifier"},
    {"epic", "Observation", "crsu", "_id,_count,patient,subject,category,code,date,status,identifier"},
    {"epic", "Patient", "crs", "_id,_count,identifier,family,given,name,birthdate,gender"},
    {"epic", "Questionnaire", "rs", "_id,_count"},
    {"epic", "QuestionnaireResponse", "crs", "_id,_count,patient,subject,authored,status,questionnaire,identifier"},
    {"epic", "ServiceRequest", "crsu", "_id,_count,patient,subject,category,code,status,authored,intent,identifier"},
    {"oracle", "CarePlan", "rs", "_id,_count,patient,category,date"},
    {"oracle", "Communication", "crs", "_id,category,recipient"},
    {"oracle", "Condition", "crsu", "_id,patient,subject,category,clinical-status,_lastUpdated"},
    {"oracle", "DocumentReference", "crsu", "_id,_count,patient,category,type,date,_lastUpdated"},
    {"oracle", "Goal", "rs", "_id,patient"},
    {"oracle", "MedicationRequest", "crs", "_id,_count,patient,status,intent,_lastUpdated"},
    {"oracle", "Observation", "crsu", "_id,_count,patient,subject,category,code,date,_lastUpdated"},
    {"oracle", "Patient", "crs", "_id,_count,identifier,name,family,given,birthdate,gender"},
    {"oracle", "Questionnaire", "rs", "_id"},
    {"oracle", "QuestionnaireResponse", "rsu", "_id,patient"},
    {"athenahealth", "CarePlan", "rs", "_id,_count,patient,category,_lastUpdated"},
    {"athenahealth", "Condition", "rs", "_id,_count,patient,category,code,_lastUpdated"},
    {"athenahealth", "DocumentReference", "rs", "_id,_count,patient,category,type,date,_lastUpdated,_sort"},
    {"athenahealth", "Goal", "rs", "_id,_count,patient,_lastUpdated"},
    {"athenahealth", "Medication", "rs", "_id"},
    {"athenahealth", "MedicationRequest", "rs", "_id,_count,patient,status,intent,authoredon,_lastUpdated"},
    {"athenahealth", "Observation", "rs", "_id,_count,patient,category,code,date,_lastUpdated"},
    {"athenahealth", "Patient", "rs", "_id,_count,identifier,name,family,given,birthdate,gender,_lastUpdated"},
    {"athenahealth", "Questionnaire", "rs", "_id,code"},
    {"athenahealth", "QuestionnaireResponse", "crs", "_id,patient,authored,status,questionnaire,_lastUpdated"},
    {"eclinicalworks", "CarePlan", "rs", "_id,patient,category"},
    {"eclinicalworks", "Condition", "rs", "_id,patient,category"},
    {"eclinicalworks", "DocumentReference", "rs", "_id,patient,category,type,date"},
    {"eclinicalworks", "Goal", "rs", "_id,patient"},
    {"eclinicalworks", "Group", "s", ""},
    {"eclinicalworks", "Medication", "rs", "_id"},
    {"eclinicalworks", "MedicationRequest", "rs", "_id,patient,status,intent,authoredon"},
    {"eclinicalworks", "Observation", "rs", "_id,patient,category,code,date,status,identifier"},
    {"eclinicalworks", "Patient", "rs", "_id,identifier,name,family,given,birthdate,gender"},
    {"eclinicalworks", "Questionnaire", "rs", "_id,code"},
    {"eclinicalworks", "QuestionnaireResponse", "crs", "_id,patient,authored,status"},
});

using namespace std::chrono_literals;

// As Medplum 5.0.10 was seen to behave.
constexpr Manners kMedplum{
    .ids = Ids::Uuid,
    .uuid_versions = true,
    .client_ids = ClientIds::None,
    .meta_last = true,
    .cuts_zeros = true,
    .time_may_go_back = true,
    .paging = Paging::Offset,
    .usual_page = 20,
    .most_offset = 10'000,
    .total = false,
    .unchanged_put_is_none = true,
    .deleted_status = 200,
    .stale_code = "processing",
    .ignores_unquoted_if_match = true,
    .not_modified = false,
    .head = false,
    .ignores_accept = true,
    .outcome_wanted = false,
    .bare_locations = true,
    .respond_async = true,
    .most_body = 1u << 20,
    .strict_tokens = false,
    .search_cost = 20,
    .write_cost = 100,
    .rate_limit_header = true,
};

constexpr Manners without_transactions(Manners manners) {
  manners.transactions_as_batch = true;
  return manners;
}

// As the JPA server of HAPI FHIR behaves with the settings of its starter project.
constexpr Manners kHapi{
    .ids = Ids::Counted,
    .client_ids = ClientIds::Named,
    .time_may_go_back = true,
    .paging = Paging::SearchId,
    .usual_page = 20,
    .largest_page = 200,
    .page_life = 60min,
    .search_reuse = 60s,
    .unchanged_put_is_none = true,
    .deleted_status = 200,
    .stale_status = 409,
};

struct Manner {
  std::string_view profile;
  bool patient_required;
  int calls_per_minute;  // of cost
  Manners manners;
};
constexpr std::array kManners = std::to_array<Manner>({
    {"open", false, 0, {}},
    {"epic", true, 0, {}},
    {"oracle", true, 0, {}},
    {"athenahealth", false, 0, {}},
    {"eclinicalworks", true, 250, {}},
    {"medplum", false, 50'000, kMedplum},
    {"medplum-plain", false, 50'000, without_transactions(kMedplum)},
    {"hapi", false, 0, kHapi},
});

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    words.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

char letter_of(std::string_view code) {
  if (code == "search-type") return 's';
  return code == "read" || code == "create" || code == "update" ? code.front() : '\0';
}

}  // namespace

const ProfileType* Profile::of(std::string_view type) const {
  const auto found = std::ranges::find(types, type, &ProfileType::type);
  return found == types.end() ? nullptr : &*found;
}

Result<Profile> profile_named(std::string_view name) {
  const auto* manner = std::ranges::find(kManners, name, &Manner::profile);
  if (manner == kManners.end()) {
    return Error{Kind::Incorrect,
                 "profile: expected epic, oracle, athenahealth, eclinicalworks, medplum, medplum-plain, hapi or open"};
  }
  Profile profile;
  if (name == "open") return profile;
  profile.name = name;
  profile.patient_required = manner->patient_required;
  profile.calls_per_minute = manner->calls_per_minute;
  profile.manners = manner->manners;
  for (const Row& row : kRows) {
    if (row.profile == name) {
      profile.types.push_back({std::string(row.type), std::string(row.allowed), split(row.parameters)});
    }
  }
  return profile;
}

Result<void> take_statement(Profile& profile, std::string text) {
  const std::string kept = text;
  auto read = fhir::read_json(std::move(text));
  if (!read || fhir::resource_type((*read)->root()) != "CapabilityStatement") {
    return Error{Kind::Incorrect, "statement: expected a CapabilityStatement as JSON"};
  }
  std::vector<ProfileType> types;
  for (const Node& rest : fhir::each((*read)->root().find("rest"))) {
    for (const Node& resource : fhir::each(rest.find("resource"))) {
      ProfileType type;
      type.type = resource.text_of("type");
      for (const Node& one : fhir::each(resource.find("interaction"))) {
        if (const char letter = letter_of(one.text_of("code"))) type.allowed += letter;
      }
      for (const Node& one : fhir::each(resource.find("searchParam")))
        type.parameters.emplace_back(one.text_of("name"));
      types.push_back(std::move(type));
    }
  }
  profile.types = std::move(types);
  profile.statement = kept;
  if (profile.name.empty()) profile.name = "captured";
  return {};
}

}  // namespace bhi::sim
