#include "flow/poll_choice.h"

#include <algorithm>
#include <array>

namespace bhi::flow {

namespace {

// Which date of a record comes nearest to its creation. https://hl7.org/fhir/R4/searchparameter-registry.html
struct CreatedDate {
  std::string_view type, parameter;
};
constexpr std::array kCreatedDates = std::to_array<CreatedDate>({
    {"CarePlan", "date"},
    {"Communication", "sent"},
    {"Condition", "recorded-date"},
    {"DocumentReference", "date"},
    {"Encounter", "date"},
    {"EpisodeOfCare", "date"},
    {"Goal", "start-date"},
    {"MedicationRequest", "authoredon"},
    {"Observation", "date"},
    {"Procedure", "date"},
    {"QuestionnaireResponse", "authored"},
    {"ServiceRequest", "authored"},
});

// Epic writes `_lastupdated`; the parameter is asked for as it was declared.
std::string declared(const TypeCapability& type, std::string_view name) {
  const auto same = [name](const std::string& other) {
    return std::ranges::equal(name, other, [](char a, char b) {
      const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
      return low(a) == low(b);
    });
  };
  const auto found = std::ranges::find_if(type.search_params, same);
  return found == type.search_params.end() ? std::string() : *found;
}

bool holds(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

std::string patient_parameter(const TypeCapability& type) {
  const std::string patient = declared(type, "patient");
  return patient.empty() ? declared(type, "subject") : patient;
}

}  // namespace

std::string_view name(PollMode mode) {
  switch (mode) {
    case PollMode::LastUpdated: return "lastUpdated";
    case PollMode::Sweep: return "sweep";
    case PollMode::CreatedDate: return "created-date";
    case PollMode::None: return "none";
  }
  return "none";
}

Result<Page> search_by(Ehr& ehr, const PollChoice& choice, int count, const std::string& query, bool& count_refused) {
  if (!choice.with_count) return ehr.search(choice.type, query);
  auto page = ehr.search(choice.type, "_count=" + std::to_string(count) + (query.empty() ? "" : "&") + query);
  if (page || !choice.count_assumed || page.error().message.find(": 400") == std::string::npos) return page;
  auto without = ehr.search(choice.type, query);
  if (!without) return page;  // it was something else
  count_refused = true;
  return without;
}

PollChoice choose_poll(const Capabilities& capabilities, std::string_view type, const PollWishes& wishes) {
  PollChoice choice;
  choice.type = type;
  const auto none = [&](std::string reason) {
    choice.reason = std::move(reason);
    return choice;
  };
  const TypeCapability* capability = capabilities.of(type);
  if (capability == nullptr) return none("the EHR does not declare the type");
  if (!capability->search && !capability->read_withheld.empty()) return none(capability->read_withheld);
  if (!capability->search) return none("search is not declared by the EHR");

  const auto counts = [](const TypeCapability& one) { return !declared(one, "_count").empty(); };
  choice.count_assumed = std::ranges::none_of(capabilities.types, counts);
  choice.with_count = counts(*capability) || choice.count_assumed;

  if (holds(wishes.created_date_types, type)) {
    const auto row = std::ranges::find(kCreatedDates, type, &CreatedDate::type);
    const std::string parameter = row == kCreatedDates.end() ? "" : declared(*capability, row->parameter);
    if (parameter.empty()) return none("configured by created date, but the EHR declares no such date to search by");
    choice.mode = PollMode::CreatedDate;
    choice.parameter = parameter;
    choice.reason = "configured; edits of older records are not seen";
    return choice;
  }
  const std::string updated = declared(*capability, "_lastUpdated");
  const std::string patient = patient_parameter(*capability);
  const bool forced = holds(wishes.sweep_types, type);
  if (!updated.empty() && !wishes.cohort && !forced) {
    choice.mode = PollMode::LastUpdated;
    choice.parameter = updated;
    choice.reason = "_lastUpdated is declared";
    return choice;
  }
  const std::string why = forced            ? "configured"
                          : updated.empty() ? "_lastUpdated is not declared"
                                            : "a cohort is configured";
  choice.mode = PollMode::Sweep;
  if (type == "Patient" && wishes.cohort) {
    if (!capability->read) return choice.mode = PollMode::None, none("read is not declared by the EHR");
    choice.by_patient = true;
    choice.reason = why + "; each patient of the cohort is read";
  } else if (!patient.empty() && type != "Patient") {
    choice.by_patient = true;
    choice.parameter = patient;
    choice.reason = why + "; one search by " + patient + " for each";
  } else {
    choice.reason = why + (type == "Patient" ? "" : ", nor is patient") + "; everything is asked for again";
  }
  return choice;
}

PollChoice by_patient_instead(const Capabilities& capabilities, const PollChoice& refused, std::string_view status) {
  PollChoice choice = refused;
  choice.reason = "the EHR refuses a search of the whole type (" + std::string(status) + ")";
  const TypeCapability* capability = capabilities.of(refused.type);
  const std::string patient = capability == nullptr ? "" : patient_parameter(*capability);
  if (refused.type == "Patient" || patient.empty()) {
    choice.mode = PollMode::None;
    choice.reason += refused.type == "Patient" ? "; say by `cohort` which patients are of interest"
                                               : "; its records are fetched when another one names them";
    return choice;
  }
  choice.mode = PollMode::Sweep;
  choice.by_patient = true;
  choice.parameter = patient;
  choice.reason += "; one search by " + patient + " for each";
  return choice;
}

}  // namespace bhi::flow
