// bhi doctor: what a configuration really meets. Files, then for each source name by name: does it answer, do we get a
// token, what does the token allow, do the clocks agree, does a search of each type work. Changes nothing anywhere.
#include "bhi/commands.h"
#include "bhi/ehr_page.h"
#include "flow/ladder.h"
#include "service/ehr_auth.h"
#include "service/ehr_link.h"
#include "service/read_settings.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <string>

#include <unistd.h>

namespace bhi::tools {

namespace {

class Findings {
 public:
  void good(const std::string& what, const std::string& detail) { say("ok   ", what, detail); }
  void bad(const std::string& what, const std::string& detail) {
    say("WRONG", what, detail);
    ++wrong_;
  }
  int wrong() const { return wrong_; }

 private:
  static void say(const char* mark, const std::string& what, const std::string& detail) {
    std::cout << "  " << mark << "  " << std::left << std::setw(26) << what << detail << "\n";
  }
  int wrong_ = 0;
};

void check_token(ehr::TokenSource& tokens, Findings& findings) {
  const auto token = tokens.token();
  const auto state = tokens.state();
  if (!state.token_endpoint.empty()) {
    findings.good("token endpoint", state.token_endpoint + "  (" + state.said_by + ")");
  }
  if (!token) {
    findings.bad("token", token.error().message);
    std::cout << "         asked for: " << state.asked << "\n";
    return;
  }
  findings.good("token", "good for " + std::to_string(state.left.count()) + " s");
  std::cout << "         granted: " << state.granted << "\n";
  if (!state.skew) return;
  const auto seconds = state.skew->count();
  const std::string text = std::to_string(seconds) + " s (theirs minus ours)";
  seconds > 30 || seconds < -30 ? findings.bad("clocks", text + "; signatures are made by theirs")
                                : findings.good("clocks", text);
}

void check_searches(flow::Ehr& ehr, const flow::Capabilities& capabilities, const service::SourceSettings& source,
                    Findings& findings) {
  for (const auto& type : source.types) {
    const auto choice = flow::choose_poll(capabilities, type, wishes_of(source));
    if (choice.mode == flow::PollMode::None || choice.by_patient)
      continue;  // said on the page; or no patient to ask for
    bool count_refused = false;
    const auto page = flow::search_by(ehr, choice, 1, "", count_refused);
    if (page) {
      findings.good("search of " + type, count_refused ? "works, without _count" : "works");
      continue;
    }
    const auto at = page.error().message.find(": 4");
    const auto instead = flow::by_patient_instead(
        capabilities, choice, at == std::string::npos ? "" : page.error().message.substr(at + 2, 3));
    const bool refused = at != std::string::npos;
    if (refused && instead.mode != flow::PollMode::None) {
      findings.good("search of " + type, instead.reason);
    } else {
      findings.bad("search of " + type, refused ? instead.reason : page.error().message);
    }
  }
}

// A safety event has a way into the EHR, or somebody is called.
void check_safety(const flow::Capabilities& capabilities, const service::SourceSettings& source,
                  const service::OnCallSettings& on_call, Findings& findings) {
  const auto plan = flow::plan_write("safety", {}, capabilities, service::wishes_of(source.writing));
  const bool somebody = on_call.first.configured();
  if (plan.chosen) {
    findings.good("safety events", "go to the EHR as " + std::string(plan.ladder[*plan.chosen].rung->name));
  } else if (somebody) {
    findings.good("safety events", "no way into this EHR; the person on call is told of each");
  } else {
    findings.bad("safety events", "no way into this EHR and nobody on call (on_call.*); " + plan.why_not());
  }
}

void check_on_call(const service::OnCallSettings& on_call, Findings& findings) {
  if (!on_call.first.configured())
    return findings.good("on call", "nobody is told when a safety event does not get through (on_call.*)");
  bool good = true;
  for (const auto* contact : {&on_call.first, &on_call.backup}) {
    if (contact->command.empty() || access(contact->command.front().c_str(), X_OK) == 0) continue;
    findings.bad("on call", "cannot be run: " + contact->command.front());
    good = false;
  }
  if (good) findings.good("on call", on_call.backup.configured() ? "with a backup" : "without a backup");
}

void check_source(const service::Settings& settings, const service::SourceSettings& source, int patients,
                  Findings& findings) {
  std::cout << "\n== " << source.name << "  " << source.base_url << "\n";
  if (source.base_url.empty()) {
    std::cout << "  it only sends to us\n";
    return;
  }
  const auto tokens = service::token_source_of(source);
  const auto ehr = service::connect_ehr(source, settings.limits, BHI_VERSION, service::traffic_of(source), tokens);
  if (!ehr) return findings.bad("address", ehr.error().message);
  if (tokens) check_token(*tokens, findings);
  const auto capabilities = (*ehr)->capabilities();
  if (!capabilities) return findings.bad("CapabilityStatement", capabilities.error().message);
  findings.good("CapabilityStatement", "FHIR " + capabilities->fhir_version);
  check_searches(**ehr, *capabilities, source, findings);
  if (source.write_back) check_safety(*capabilities, source, settings.on_call, findings);
  print_page(*capabilities, source, patients, std::cout);
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  const auto settings = service::load_settings(options.config);
  if (!settings) {
    std::cerr << settings.error().message << "\n";
    return settings.error().kind == Kind::Unavailable ? 2 : 1;
  }
  Findings findings;
  std::cout << options.config << "\n";
  findings.good("configuration", std::to_string(settings->sources.size()) + " sources");
  const bool writes = std::ranges::any_of(settings->sources, &service::SourceSettings::write_back);
  if (writes) check_on_call(settings->on_call, findings);
  for (const auto& source : settings->sources) check_source(*settings, source, options.patients, findings);
  std::cout << "\n"
            << (findings.wrong() == 0 ? "nothing is wrong" : std::to_string(findings.wrong()) + " things are wrong")
            << "\n";
  return findings.wrong() == 0 ? 0 : 1;
}

}  // namespace bhi::tools
