// bhi plan: by which way each artifact reaches an EHR, which ways do not go, and why. Of a live EHR, of a source of the
// configuration with its authorisation and wishes, or of a captured CapabilityStatement.
#include "bhi/commands.h"
#include "bhi/ehr_page.h"
#include "ehr/capability.h"
#include "fhir/json.h"
#include "flow/ladder_text.h"
#include "service/ehr_auth.h"
#include "service/ehr_link.h"
#include "service/files.h"
#include "service/read_settings.h"

#include <iostream>
#include <string>

namespace bhi::tools {

namespace {

constexpr int kFine = 0;
constexpr int kNoAnswer = 1;
constexpr int kUsage = 2;

int fail(const std::string& what, int code) {
  std::cerr << "bhi plan: " << what << "\n";
  return code;
}

struct Subject {
  service::SourceSettings source;
  service::LimitSettings limits;
};

std::string names_of(const service::Settings& settings) {
  std::string names;
  for (const auto& source : settings.sources) {
    if (!source.base_url.empty()) names += (names.empty() ? "" : ", ") + source.name;
  }
  return names.empty() ? "none has a base_url" : names;
}

Result<Subject> configured(const PlanOptions& options) {
  BHI_TRY(const auto settings, service::load_settings(options.config));
  std::string name = options.source;
  if (name.empty() && settings.sources.size() == 1) name = settings.sources.front().name;
  const auto* source = service::find_source(settings, name);
  if (source == nullptr || (source->base_url.empty() && options.statement.empty())) {
    return Error{Kind::Incorrect, "--source: expected one of the configured sources (" + names_of(settings) +
                                      "), found " + (name.empty() ? "none" : "'" + name + "'")};
  }
  return Subject{*source, settings.limits};
}

Result<flow::Capabilities> of_statement(const std::string& file) {
  BHI_TRY(auto text, service::read_file(file));
  const auto read = fhir::read_json(std::move(text));
  if (!read) return Error{Kind::Incorrect, file + ": " + read.error().message};
  auto capabilities = ehr::capabilities_from((*read)->root());
  if (!capabilities) return Error{Kind::Incorrect, file + ": " + capabilities.error().message};
  return capabilities;
}

Result<flow::Capabilities> of_ehr(const Subject& subject) {
  const auto tokens = service::token_source_of(subject.source);
  BHI_TRY(const auto ehr, service::connect_ehr(subject.source, subject.limits, BHI_VERSION, nullptr, tokens));
  if (tokens) {  // what is granted decides, too
    BHI_TRY([[maybe_unused]] const auto token, tokens->token());
  }
  return ehr->capabilities();
}

}  // namespace

int run_plan(const PlanOptions& options) {
  if (options.ehr.url.empty() == (options.config.empty() && options.statement.empty())) {
    return fail("expected an URL, or --config FILE (with --source NAME), or --statement FILE", kUsage);
  }
  Subject subject{source_of(options.ehr), {}};
  subject.limits.max_depth = 64;
  subject.limits.max_values = 4'000'000;
  if (!options.config.empty()) {
    auto found = configured(options);
    if (!found) return fail(found.error().message, kUsage);
    subject = *std::move(found);
  }
  const auto capabilities = options.statement.empty() ? of_ehr(subject) : of_statement(options.statement);
  if (!capabilities) return fail(capabilities.error().message, kNoAnswer);
  const auto cases = flow::planned_cases(*capabilities, service::wishes_of(subject.source.writing));
  if (options.json) {
    std::cout << "{\"plans\":" << flow::plans_json(cases) << "}\n";
    return kFine;
  }
  std::cout << "Writing to " << (options.statement.empty() ? subject.source.base_url : options.statement) << "\n"
            << flow::plans_text(cases);
  print_lost_answers(*capabilities, subject.source, std::cout);
  if (!options.config.empty() && !subject.source.write_back) {
    std::cout << "  nothing is written as long as write_back is false\n";
  }
  return kFine;
}

}  // namespace bhi::tools
