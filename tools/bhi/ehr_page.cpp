#include "bhi/ehr_page.h"

#include "ehr/smart_discovery.h"
#include "flow/write_plan.h"
#include "service/ehr_auth.h"

#include <algorithm>
#include <iomanip>
#include <string>
#include <vector>

namespace bhi::tools {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "not said" : text;
}

std::string duration(long seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  return std::to_string((seconds + 59) / 60) + " min";
}

std::string how(const flow::PollChoice& choice) {
  return std::string(flow::name(choice.mode)) + (choice.by_patient ? " by patient" : "");
}

void print_reading(const std::vector<flow::PollChoice>& choices, std::ostream& out) {
  out << "\nReading\n";
  for (const auto& choice : choices) {
    out << "  " << std::left << std::setw(24) << choice.type << std::setw(18) << how(choice) << choice.reason << "\n";
  }
}

// The worst-case age of what is shown: the time of one round, and the pause between two.
void print_age(const std::vector<flow::PollChoice>& choices, const service::SourceSettings& source, int patients,
               std::ostream& out) {
  const auto by_patient = std::ranges::count_if(choices, &flow::PollChoice::by_patient);
  const auto whole = std::ranges::count_if(
      choices, [](const auto& choice) { return choice.mode != flow::PollMode::None && !choice.by_patient; });
  const long calls = static_cast<long>(by_patient) * patients + static_cast<long>(whole);
  out << "\nHow old the picture may be\n";
  if (by_patient == 0) {
    out << "  about " << duration(source.poll_interval_secs) << ": one search a type and round (poll_interval_secs)\n";
    return;
  }
  out << "  one round asks " << calls << " times (" << by_patient << " types x " << patients << " patients + " << whole
      << ")";
  const int usual = source.calls_per_minute - source.calls_per_minute / 10;
  if (source.calls_per_minute > 0) {
    const long seconds = (calls + usual - 1) / usual * 60;
    out << ", at " << source.calls_per_minute << " calls a minute (a tenth is kept for what is urgent) "
        << duration(seconds) << ":\n  what is shown of a patient may be "
        << duration(std::max<long>(seconds, source.poll_interval_secs)) << " old\n";
  } else {
    out << ";\n  set calls_per_minute to what the EHR allows, and the age can be told\n";
  }
}

void print_writing(const flow::Capabilities& capabilities, std::ostream& out) {
  out << "\nWriting\n";
  for (const auto name : flow::written_types()) {
    const std::string type(name);
    const auto* found = capabilities.of(type);
    std::string text;
    if (found != nullptr && found->create) text = "create";
    if (found != nullptr && found->update) text += text.empty() ? "update" : ", update";
    const bool withheld = found != nullptr && !found->write_withheld.empty();
    if (withheld) text += (text.empty() ? "" : "; ") + found->write_withheld;
    if (text.empty())
      text = found == nullptr ? "no: the type is not declared" : "no: neither create nor update is declared";
    if (found != nullptr && found->create && !found->conditional_create) text += "; no conditional create";
    const bool can_find = found != nullptr && found->search &&
                          std::ranges::find(found->search_params, "identifier") != found->search_params.end();
    if (found != nullptr && found->create && !found->conditional_create && !can_find) {
      text += ", and no search by identifier: a write whose answer is lost must be looked at by a person";
    }
    out << "  " << std::left << std::setw(24) << type << text << "\n";
  }
}

void print_advice(const std::vector<flow::PollChoice>& choices, const flow::Capabilities& capabilities,
                  const service::SourceSettings& source, std::ostream& out) {
  std::vector<std::string> advice;
  std::string unread;
  for (const auto& choice : choices) {
    if (choice.mode == flow::PollMode::None) unread += (unread.empty() ? "" : ", ") + choice.type;
    if (choice.type == "Patient" && choice.mode == flow::PollMode::Sweep && !choice.by_patient) {
      advice.push_back(
          "Patients cannot be asked for by change. Many such EHRs refuse to list them all: say by `cohort` (list, "
          "group, search) whose records are of interest.");
    }
  }
  // Of types that nobody asked for by name those that are not there are left without a word.
  if (!unread.empty() && source.types_listed)
    advice.push_back("Take out of `types` what cannot be read: " + unread + ".");
  const auto* plans = capabilities.of("CarePlan");
  if (plans == nullptr || (!plans->create && !plans->update)) {
    advice.push_back("Care plan updates cannot be written here; they are parked with this reason.");
  }
  const bool by_patient = std::ranges::any_of(choices, &flow::PollChoice::by_patient);
  if (by_patient && source.calls_per_minute == 0) {
    advice.push_back("One search for each patient and type: agree on `calls_per_minute` with the EHR's operator.");
  }
  out << "\nTo do\n";
  if (advice.empty()) out << "  nothing\n";
  for (const auto& one : advice) out << "  - " << one << "\n";
}

}  // namespace

flow::PollWishes wishes_of(const service::SourceSettings& source) {
  flow::PollWishes wishes;
  wishes.cohort = source.cohort != service::CohortType::Everybody;
  wishes.sweep_types = source.sweep_types;
  wishes.created_date_types = source.created_date_types;
  return wishes;
}

void print_discovery(const service::SourceSettings& source, std::ostream& out) {
  out << "Authorisation\n";
  const auto http = ehr::Http::open(service::http_of(source));
  const auto found = http ? ehr::discover(**http, {}) : Result<ehr::SmartConfiguration>(http.error());
  if (!found) {
    out << "  no token endpoint found: " << found.error().message << "\n";
    return;
  }
  out << "  token endpoint          " << found->token_endpoint << "  (" << found->said_by << ")\n"
      << "  ways to show who we are " << joined(found->auth_methods) << "\n"
      << "  signatures              " << joined(found->algorithms) << "\n"
      << "  forms of scopes         " << (found->v1 ? "v1 " : "") << (found->v2 ? "v2" : "")
      << (found->v1 || found->v2 ? "" : "not said") << "\n";
}

void print_page(const flow::Capabilities& capabilities, const service::SourceSettings& source, int patients,
                std::ostream& out) {
  out << "\nServer\n  " << (capabilities.software.empty() ? "software not said" : capabilities.software) << ", FHIR "
      << capabilities.fhir_version << ", " << capabilities.types.size() << " types declared\n";
  const flow::PollWishes wishes = wishes_of(source);
  std::vector<flow::PollChoice> choices;
  for (const auto& type : source.types) choices.push_back(flow::choose_poll(capabilities, type, wishes));
  print_reading(choices, out);
  print_age(choices, source, patients, out);
  print_writing(capabilities, out);
  print_advice(choices, capabilities, source, out);
}

}  // namespace bhi::tools
