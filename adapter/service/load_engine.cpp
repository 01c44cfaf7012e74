#include "service/load_engine.h"

#include "service/assets.h"
#include "service/read_forms.h"

#include <set>
#include <utility>

namespace bhi::service {

namespace {

// Where each source's own absolute references begin. A source that only sends, from nowhere we know, has none.
flow::SourceBases own_bases(const Settings& settings) {
  flow::SourceBases bases;
  for (const SourceSettings& source : settings.sources) {
    if (source.base_url.empty()) continue;
    auto& own = bases[source.name] = source.other_base_urls;
    own.push_back(source.base_url);
  }
  return bases;
}

flow::SourceMaps overlays(const Settings& settings) {
  flow::SourceMaps maps;
  for (const SourceSettings& source : settings.sources) {
    if (!source.maps.empty()) maps.emplace(source.name, source.maps);
  }
  return maps;
}

}  // namespace

Result<std::shared_ptr<const flow::Engine>> load_engine(const Settings& settings) {
  BHI_TRY(const auto texts, load_assets(settings.assets, settings.maps_folder));
  care::Policy policy = settings.policy;
  BHI_TRY(policy.forms, load_forms(settings.forms_file));
  return flow::make_engine(settings.instance_id, policy, texts, own_bases(settings), overlays(settings));
}

std::vector<std::string> warnings_of(const flow::Engine& engine) {
  std::vector<std::string> lines;
  std::set<std::string> seen;
  const auto add = [&](const mapping::Library& library) {
    for (const auto& one : library.diagnostics()) {
      if (auto line = to_text(one); seen.insert(line).second) lines.push_back(std::move(line));
    }
  };
  add(*engine.maps);
  for (const auto& [name, library] : engine.overlays) add(*library);
  return lines;
}

}  // namespace bhi::service
