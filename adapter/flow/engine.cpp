#include "flow/engine.h"

#include "fhir/json.h"
#include "fhirpath/suggestion.h"
#include "profile/profiles.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace bhi::flow {

namespace {

constexpr std::string_view kSite = "site";
constexpr std::string_view kSiteOverlay = "site:";

std::vector<mapping::MapText> layers(const EngineTexts& texts, const std::string& overlay) {
  const std::array<std::string, 4> order = {"", overlay, std::string(kSite), std::string(kSiteOverlay) + overlay};
  std::vector<mapping::MapText> maps;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (overlay.empty() && i % 2 == 1) continue;
    std::ranges::copy_if(texts.maps, std::back_inserter(maps),
                         [&](const mapping::MapText& map) { return map.layer == order[i]; });
  }
  return maps;
}

Error no_such_overlay(const std::string& source, const std::string& asked, const std::vector<std::string>& known) {
  std::vector<std::string_view> names(known.begin(), known.end());
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  return {Kind::Incorrect, "maps of source '" + source + "': expected a folder of maps (" +
                               (known.empty() ? "there is none" : list) + "), found '" + asked + "'" +
                               fhirpath::suggestion(asked, names)};
}

Result<std::vector<const fhir::Node*>> roots_of(const std::vector<std::string>& texts,
                                                std::vector<fhir::DocumentPtr>& documents) {
  std::vector<const fhir::Node*> roots;
  for (const std::string& text : texts) {
    BHI_TRY(auto document, fhir::read_json(text));
    roots.push_back(&document->root());
    documents.push_back(std::move(document));
  }
  return roots;
}

}  // namespace

std::vector<std::string> overlays_in(const EngineTexts& texts) {
  std::set<std::string> names;
  for (const mapping::MapText& map : texts.maps) {
    const std::string_view layer = map.layer;
    if (layer.starts_with(kSiteOverlay)) {
      names.emplace(layer.substr(kSiteOverlay.size()));
    } else if (!layer.empty() && layer != kSite) {
      names.emplace(layer);
    }
  }
  return {names.begin(), names.end()};
}

const mapping::Library& Engine::maps_of(std::string_view source) const {
  const auto overlay = overlay_of.find(source);
  return overlay == overlay_of.end() ? *maps : *overlays.find(overlay->second)->second;
}

std::string Engine::identifier_system() const { return "urn:bhi-adapter:" + instance_id; }

Result<std::shared_ptr<const Engine>> make_engine(std::string instance_id, const care::Policy& policy,
                                                  const EngineTexts& texts, SourceBases bases, SourceMaps overlays) {
  std::vector<fhir::DocumentPtr> documents;
  BHI_TRY(const auto definitions, roots_of(texts.definitions, documents));
  BHI_TRY(const auto lists, roots_of(texts.terminology, documents));
  auto engine = std::make_shared<Engine>();
  engine->instance_id = std::move(instance_id);
  engine->policy = policy;
  engine->bases = std::move(bases);
  BHI_TRY(engine->types, fhir::Types::with(definitions));
  const auto conforms_to = [profiles = profile::Profiles::with(definitions, engine->types)](
                               const fhirpath::Item& item, std::string_view definition,
                               const fhirpath::Environment& environment) {
    return profiles->conforms(item, definition, environment);
  };
  std::shared_ptr<const fhir::Terminology> terminology;
  if (!lists.empty()) {
    BHI_TRY(terminology, fhir::Terminology::with(lists));
  }
  BHI_TRY(engine->maps, mapping::Library::compile(layers(texts, {}), engine->types, terminology, conforms_to));
  const auto known = overlays_in(texts);
  for (const auto& [source, overlay] : overlays) {
    if (std::ranges::find(known, overlay) == known.end()) return no_such_overlay(source, overlay, known);
    auto& library = engine->overlays[overlay];
    if (library != nullptr) continue;
    BHI_TRY(library, mapping::Library::compile(layers(texts, overlay), engine->types, terminology, conforms_to));
  }
  engine->overlay_of = std::move(overlays);
  return std::shared_ptr<const Engine>(std::move(engine));
}

}  // namespace bhi::flow
