#include "bhi/ehr_page.h"

#include "ehr/smart_discovery.h"
#include "flow/ladder_text.h"
#include "service/ehr_auth.h"

#include <algorithm>
#include <array>
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

struct ModeMeaning {
  flow::PollMode mode;
  std::string_view meaning;
};
constexpr std::array kModes = std::to_array<ModeMeaning>({
    {flow::PollMode::LastUpdated,
     "what was changed since the last time, with an overlap (overlap_secs) for what is seen late; no deletions "
     "(sweep_types)"},
    {flow::PollMode::Sweep, "everything again and compared: additions, edits, disappearances, at the price of time"},
    {flow::PollMode::CreatedDate, "what was created since the last time; edits are missed"},
    {flow::PollMode::None, "not read"},
});

void print_reading(const std::vector<flow::PollChoice>& choices, std::ostream& out) {
  out << "\nReading\n";
  for (const auto& choice : choices) {
    out << "  " << std::left << std::setw(24) << choice.type << std::setw(18) << how(choice) << choice.reason << "\n";
  }
  for (const ModeMeaning& row : kModes) {
    if (std::ranges::find(choices, row.mode, &flow::PollChoice::mode) == choices.end()) continue;
    out << "  = " << std::left << std::setw(14) << flow::name(row.mode) << row.meaning << "\n";
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
    out << "; what is shown of a patient may be as old as that takes:\n ";
    for (const long allowed : {60, 250, 1000}) {
      const long minutes = (calls + allowed - allowed / 10 - 1) / (allowed - allowed / 10);
      out << (allowed == 60 ? " " : ", ") << duration(std::max<long>(minutes * 60, source.poll_interval_secs)) << " at "
          << allowed << " calls a minute";
    }
    out << "\n  set calls_per_minute to what the EHR's operator allows\n";
  }
}

void print_bulk(const flow::Capabilities& capabilities, std::ostream& out) {
  out << "\nBulk Data export\n  ";
  if (capabilities.exports.empty()) {
    out << "not declared\n";
  } else {
    out << "$export of " << joined(capabilities.exports)
        << " declared: `bulk.use: first-load` saves most of the first searches\n";
  }
}

void print_subscriptions(const flow::Capabilities& capabilities, std::ostream& out) {
  out << "\nSubscriptions\n  ";
  const auto* found = capabilities.of("Subscription");
  if (found == nullptr || !found->create) {
    out << "cannot be made by us" << (found == nullptr ? ": the type is not declared" : "") << "\n";
    return;
  }
  const bool events = std::ranges::find(found->operations, "events") != found->operations.end();
  out << "can be made (`subscriptions`): news at once; what is lost is found by " << (events ? "$events and " : "")
      << "polls\n";
}

bool finds_by_identifier(const flow::TypeCapability& type) {
  return type.search && std::ranges::find(type.search_params, "identifier") != type.search_params.end();
}

// Types that the write plan would create, and of which the EHR says neither "already there" nor where ours are.
std::vector<std::string> not_found_again(const flow::Capabilities& capabilities,
                                         const service::SourceSettings& source) {
  std::vector<std::string> types;
  for (const auto type : flow::written_types(service::wishes_of(source.writing))) {
    const auto* found = capabilities.of(type);
    if (found == nullptr || !found->create || found->conditional_create || finds_by_identifier(*found)) continue;
    types.emplace_back(type);
  }
  return types;
}

bool has_rung(const flow::Capabilities& capabilities, const service::SourceSettings& source,
              std::string_view artifact) {
  return flow::plan_write(artifact, {}, capabilities, service::wishes_of(source.writing)).chosen.has_value();
}

void print_writing(const flow::Capabilities& capabilities, const service::SourceSettings& source, std::ostream& out) {
  out << "\nWriting\n" << flow::plans_text(flow::planned_cases(capabilities, service::wishes_of(source.writing)));
  print_lost_answers(capabilities, source, out);
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
  if (!has_rung(capabilities, source, "safety")) {
    advice.push_back(
        "Safety events cannot be written here: nobody sees them in the EHR. Say who watches /care/safety, day and "
        "night.");
  }
  if (!has_rung(capabilities, source, "screening-result")) {
    advice.push_back("Screening results cannot be written here; they are parked with this reason.");
  }
  if (!has_rung(capabilities, source, "care-plan")) {
    advice.push_back("Care plan updates cannot be written here; they are parked with this reason.");
  }
  if (!not_found_again(capabilities, source).empty())
    advice.push_back("Say who looks at parked writes: a lost answer cannot always be cleared up by itself.");
  const bool by_patient = std::ranges::any_of(choices, &flow::PollChoice::by_patient);
  if (by_patient && source.calls_per_minute == 0) {
    advice.push_back("One search for each patient and type: agree on `calls_per_minute` with the EHR's operator.");
  }
  out << "\nTo do\n";
  if (advice.empty()) out << "  nothing\n";
  for (const auto& one : advice) out << "  - " << one << "\n";
}

std::vector<flow::PollChoice> choices_of(const flow::Capabilities& capabilities,
                                         const service::SourceSettings& source) {
  std::vector<flow::PollChoice> choices;
  for (const auto& type : source.types) choices.push_back(flow::choose_poll(capabilities, type, wishes_of(source)));
  return choices;
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
  if (!found && found.error().kind == Kind::Unsupported) {
    out << "  it names no token endpoint (.well-known/smart-configuration, oauth-uris). Does it ask for tokens all the "
           "same?\n  Then set auth.token_url; else auth.type is none.\n";
    return;
  }
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

void print_lost_answers(const flow::Capabilities& capabilities, const service::SourceSettings& source,
                        std::ostream& out) {
  const auto types = not_found_again(capabilities, source);
  if (types.empty()) return;
  out << "  no conditional create and no search by identifier: " << joined(types)
      << "; a lost answer is looked up by what was written, and in doubt by a person\n";
}

void print_page(const flow::Capabilities& capabilities, const service::SourceSettings& source, int patients,
                std::ostream& out) {
  out << "\nServer\n  " << (capabilities.software.empty() ? "software not said" : capabilities.software) << ", FHIR "
      << capabilities.fhir_version << ", " << capabilities.types.size() << " types declared\n";
  const auto choices = choices_of(capabilities, source);
  print_reading(choices, out);
  print_age(choices, source, patients, out);
  print_bulk(capabilities, out);
  print_subscriptions(capabilities, out);
  print_writing(capabilities, source, out);
  print_advice(choices, capabilities, source, out);
}

void print_block(const flow::Capabilities& capabilities, const service::SourceSettings& source, std::ostream& out) {
  const auto choices = choices_of(capabilities, source);
  std::string types;
  bool by_patient = false, lists_patients = false;
  for (const auto& choice : choices) {
    if (choice.mode != flow::PollMode::None) types += (types.empty() ? "" : ", ") + choice.type;
    by_patient = by_patient || choice.by_patient;
    lists_patients =
        lists_patients || (choice.type == "Patient" && choice.mode == flow::PollMode::Sweep && !choice.by_patient);
  }
  out << "\nTo begin with, below `sources:`\n"
      << "  - name: " << source.name << "\n    base_url: " << source.base_url << "\n    types: [" << types << "]\n";
  const auto& tls = source.tls;
  if (!tls.ca_file.empty()) out << "    tls: {ca_file: " << tls.ca_file << (tls.cert_file.empty() ? "}\n" : ", ");
  if (!tls.cert_file.empty()) {
    out << (tls.ca_file.empty() ? "    tls: {" : "") << "cert_file: " << tls.cert_file << ", key_file: " << tls.key_file
        << "}\n";
  }
  if (lists_patients) out << "    cohort: {type: list, file: /etc/bhi-adapter/cohort.txt}  # a patient's id a line\n";
  if (by_patient) {
    out << "    calls_per_minute: " << (source.calls_per_minute > 0 ? source.calls_per_minute : 60)
        << "  # what the EHR's operator allows\n";
  }
  out << "    write_back: false  # true when the writes above are agreed on\n";
}

}  // namespace bhi::tools
