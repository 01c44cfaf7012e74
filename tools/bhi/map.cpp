// bhi map: files in; care model, write-back requests and issues out, or the care model as FHIR. Nothing is stored,
// nothing is sent.
#include "base/instant.h"
#include "bhi/engine.h"
#include "flow/fhir_export.h"
#include "flow/map_report.h"
#include "service/assets.h"
#include "service/files.h"

#include <chrono>
#include <iostream>
#include <iterator>

namespace bhi::tools {

namespace {

constexpr int kFine = 0;
constexpr int kInputHasErrors = 1;
constexpr int kUsage = 2;

int fail(const Error& error) {
  std::cerr << "bhi map: " << error.message << "\n";
  return kUsage;
}

Result<flow::InputText> read_input(const std::string& name) {
  if (name == "-") return flow::InputText{"stdin", std::string(std::istreambuf_iterator<char>(std::cin), {})};
  BHI_TRY(auto text, service::read_file(name));
  return flow::InputText{name.substr(name.find_last_of('/') + 1), std::move(text)};
}

int print_as_fhir(const MapOptions& options, const MapInputs& inputs, flow::MapReport report) {
  const auto bundle = flow::entities_as_fhir(*inputs.engine, report.care, inputs.now, report.issues, {options.part2});
  if (!bundle.ok()) return fail(bundle.error());
  std::cout << *bundle << "\n";
  for (const Issue& issue : report.issues) {
    std::cerr << name(issue.severity) << " " << issue.path << ": " << issue.text << "\n";
  }
  return has_errors(report.issues) ? kInputHasErrors : kFine;
}

}  // namespace

Result<MapInputs> read_inputs(const MapOptions& options) {
  MapInputs inputs;
  inputs.now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  if (!options.now.empty()) {
    const auto given = instant_from(options.now);
    if (!given) return Error{Kind::Incorrect, "--now: expected a date and time such as 2026-11-22T09:00:00Z"};
    inputs.now = *given;
  }
  BHI_TRY(const auto texts, service::load_assets(options.share, options.maps_folder));
  flow::SourceMaps overlays;
  if (!options.maps.empty()) overlays.emplace(options.source, options.maps);
  BHI_TRY(inputs.engine, flow::make_engine(options.instance, care::Policy{}, texts, {}, overlays));
  for (const std::string& file : options.files) {
    BHI_TRY(auto input, read_input(file));
    inputs.texts.push_back(std::move(input));
  }
  return inputs;
}

int run_map(const MapOptions& options) {
  const auto inputs = read_inputs(options);
  if (!inputs.ok()) return fail(inputs.error());
  if ((options.fhir && options.json) || (options.part2 && !options.fhir)) {
    std::cerr << "bhi map: expected --fhir or --json, not both; --part2 goes with --fhir\n";
    return kUsage;
  }
  flow::MapReport report = flow::map_files(*inputs->engine, inputs->texts, options.source, inputs->now);
  if (options.fhir) return print_as_fhir(options, *inputs, std::move(report));
  std::cout << (options.json ? to_json(report) : to_text(report));
  return has_errors(report.issues) ? kInputHasErrors : kFine;
}

}  // namespace bhi::tools
