#include "flow/transform_operation.h"

#include "fhir/json.h"
#include "fhirpath/suggestion.h"
#include "flow/nearby.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

Error incorrect(std::string text) { return {Kind::Incorrect, std::move(text)}; }

// R5's supportingMap stands behind the map that is run, wherever it stood in the request.
Result<void> add_map(const Node& parameter, std::string_view name, const std::string& where, bool supporting,
                     std::vector<mapping::MapText>& maps) {
  mapping::MapText map{std::string(name), {}};
  if (const Node* resource = parameter.find("resource"); resource != nullptr && resource->is_object()) {
    map.text = fhir::write_json(*resource);
  } else if (name == "srcMap") {
    map.text = parameter.text_of("valueString");
  }
  if (map.text.empty()) {
    return incorrect(where + ": expected " +
                     (name == "srcMap" ? "FML text as valueString" : "a StructureMap as resource") + ", found neither");
  }
  maps.insert(supporting ? maps.end() : maps.begin(), std::move(map));
  return {};
}

Result<void> add_parameter(const Node& parameter, const std::string& where, TransformRequest& request,
                           std::vector<mapping::MapText>& supporting) {
  const std::string_view name = parameter.text_of("name");
  if (name == "source") {
    for (const std::string_view form : {"valueUri", "valueCanonical", "valueUrl", "valueString"}) {
      if (const auto text = parameter.text_of(form); !text.empty()) request.source = text;
    }
    if (request.source.empty()) return incorrect(where + ": expected valueUri, found none");
    return {};
  }
  if (name == "supportingMap") return add_map(parameter, name, where, true, supporting);
  if (name == "sourceMap" || name == "structureMap" || name == "srcMap") {
    if (!request.maps.empty()) return incorrect(where + ": expected one map to run, found another");
    return add_map(parameter, name, where, false, request.maps);
  }
  const Node* resource = parameter.find("resource");
  if (name.empty() || resource == nullptr || !resource->is_object()) {
    return incorrect(where + ": expected source, sourceMap, supportingMap, srcMap, or content as resource, found '" +
                     std::string(name) + "' without one");
  }
  request.contents.push_back({std::string(name), resource});
  return {};
}

// "content" is the next source of the map; any other name is that of a source.
Result<std::vector<mapping::Input>> inputs_of(const mapping::MapInfo& map, const TransformRequest& request) {
  std::vector<mapping::Input> inputs;
  std::vector<std::string_view> names = {"content"};
  for (const mapping::MapParameter& parameter : map.parameters) {
    if (!parameter.source) continue;
    inputs.push_back({parameter.name, nullptr, nullptr});
    names.push_back(parameter.name);
  }
  for (const TransformInput& given : request.contents) {
    auto at = std::ranges::find(inputs, std::string_view(given.name), &mapping::Input::name);
    if (at == inputs.end() && given.name == "content") at = std::ranges::find(inputs, nullptr, &mapping::Input::node);
    if (at == inputs.end() || at->node != nullptr) {
      return incorrect("content: expected at most " + std::to_string(inputs.size()) +
                       " of the sources of the map, each once, found '" + given.name + "'" +
                       (given.name == "content" ? "" : fhirpath::suggestion(given.name, names)));
    }
    at->node = given.node;
  }
  if (request.contents.empty()) return incorrect("content: expected what is to be transformed, found none");
  return inputs;
}

}  // namespace

Result<TransformRequest> read_transform(const Node& body) {
  TransformRequest request;
  if (fhir::resource_type(body) != "Parameters") {
    request.contents.push_back({"content", &body});
    return request;
  }
  std::vector<mapping::MapText> supporting;
  std::size_t at = 0;
  for (const Node& parameter : fhir::each(body.find("parameter"))) {
    BHI_CHECK(add_parameter(parameter, "Parameters.parameter[" + std::to_string(at++) + "]", request, supporting));
  }
  if (request.maps.empty() && !supporting.empty())
    return incorrect("supportingMap: expected sourceMap or srcMap beside it, found neither");
  std::ranges::move(supporting, std::back_inserter(request.maps));
  return request;
}

Result<Transformed> transform(const mapping::Library& library, std::string_view url, const TransformRequest& request,
                              Instant now, std::function<std::string()> new_uuid, Arena& arena) {
  const mapping::MapInfo* map = library.find(url);
  if (map == nullptr) return Error{Kind::NotFound, "source: no map has this url here"};
  BHI_TRY(const auto inputs, inputs_of(*map, request));
  Nearby nearby;
  for (const TransformInput& given : request.contents) nearby.add(*given.node);
  mapping::World world;
  world.now = now;
  world.new_uuid = std::move(new_uuid);
  world.resolve = [&nearby](std::string_view reference) { return nearby.resolve(reference); };
  BHI_TRY(auto output, library.run(map->url, inputs, world, arena));
  Transformed made;
  // Nearby goes now; what it made must not be pointed to any more.
  made.targets.push_back(fhir::copy(output.root, arena));
  for (const Node& more : output.more) made.targets.push_back(fhir::copy(more, arena));
  made.issues = std::move(output.issues);
  return made;
}

const mapping::MapInfo* map_by_id(const mapping::Library& library, std::string_view id) {
  const std::string ending = "/" + std::string(id);
  const auto found =
      std::ranges::find_if(library.maps(), [&](const mapping::MapInfo& map) { return map.url.ends_with(ending); });
  return found == library.maps().end() || id.empty() ? nullptr : &*found;
}

}  // namespace bhi::flow
