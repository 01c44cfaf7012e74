// bhi map: files in; care model, write-back requests and issues out. Nothing is stored, nothing is sent.
#include "base/instant.h"
#include "bhi/commands.h"
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

}  // namespace

int run_map(const MapOptions& options) {
  Instant now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  if (!options.now.empty()) {
    const auto given = instant_from(options.now);
    if (!given) return fail({Kind::Incorrect, "--now: expected a date and time such as 2026-11-22T09:00:00Z"});
    now = *given;
  }
  auto texts = service::load_assets(options.share, options.maps_folder);
  if (!texts.ok()) return fail(texts.error());
  flow::SourceMaps overlays;
  if (!options.maps.empty()) overlays.emplace(options.source, options.maps);
  auto engine = flow::make_engine(options.instance, care::Policy{}, *texts, {}, overlays);
  if (!engine.ok()) return fail(engine.error());

  std::vector<flow::InputText> inputs;
  for (const std::string& file : options.files) {
    auto input = read_input(file);
    if (!input.ok()) return fail(input.error());
    inputs.push_back(*std::move(input));
  }
  const flow::MapReport report = flow::map_files(**engine, inputs, options.source, now);
  std::cout << (options.json ? to_json(report) : to_text(report));
  return has_errors(report.issues) ? kInputHasErrors : kFine;
}

}  // namespace bhi::tools
