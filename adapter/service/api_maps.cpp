// The maps in use, and running one of them on what the caller sends: nothing is read from the store, nothing kept.
#include "fhir/json.h"
#include "fhir/xml.h"
#include "flow/outcome.h"
#include "flow/transform_operation.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace bhi::service {

namespace {

// https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
std::string random_uuid() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// The library that this caller's resources are mapped with, or that of the overlay `?maps=`.
Result<const mapping::Library*> library_for(const Call& call, const flow::Engine& engine) {
  const auto named = call.request.parameter("maps");
  if (!named) return call.caller.source.empty() ? engine.maps.get() : &engine.maps_of(call.caller.source);
  const auto found = engine.overlays.find(*named);
  if (found == engine.overlays.end())
    return Error{Kind::NotFound, "maps: expected an overlay that a source uses, found another name"};
  return found->second.get();
}

std::string id_of(const mapping::MapInfo& map) { return map.url.substr(map.url.rfind('/') + 1); }

// What the map is; its rules are left out, and SUBSETTED says so.
std::string summary(const mapping::MapInfo& map) {
  const auto tag = JsonObject()
                       .text("system", "http://terminology.hl7.org/CodeSystem/v3-ObservationValue")
                       .text("code", "SUBSETTED")
                       .str();
  return JsonObject()
      .text("resourceType", "StructureMap")
      .text("id", id_of(map))
      .raw("meta", JsonObject().raw("tag", json_array({tag})).str())
      .text("url", map.url)
      .text("name", map.name)
      .text_if("title", map.title)
      .text("status", "unknown")
      .str();
}

std::string with_id(std::string_view resource, const std::string& id) {
  return "{\"id\":" + quote(id) + "," + std::string(resource.substr(resource.find('{') + 1));
}

http::Response failed(const Error& error) {
  // Which rule found what: the caller's own map and content.
  if (error.kind == Kind::Incorrect) return error_answer(422, "processing", error.message);
  if (error.kind == Kind::Busy) return error_answer(422, "too-costly", error.message);
  return error_answer(error);
}

std::string as_parameters(const flow::Transformed& made, bool with_outcome) {
  std::vector<std::string> parameters;
  for (const auto& target : made.targets) {
    parameters.push_back(JsonObject().text("name", "return").raw("resource", fhir::write_json(target)).str());
  }
  if (with_outcome) {
    parameters.push_back(
        JsonObject().text("name", "outcome").raw("resource", flow::operation_outcome(made.issues)).str());
  }
  return JsonObject().text("resourceType", "Parameters").raw("parameter", json_array(parameters)).str();
}

}  // namespace

http::Response Api::transform(const Call& call) {
  fhir::ReadLimits limits;
  limits.max_bytes = parts_.settings.limits.max_body_bytes;
  limits.max_depth = parts_.settings.limits.max_depth;
  limits.max_values = parts_.settings.limits.max_values;
  const auto document = fhir::read_document(call.request.body, limits);
  if (!document.ok()) return error_answer(document.error());
  auto request = flow::read_transform((*document)->root());
  if (!request.ok()) return error_answer(request.error());

  const auto engine = parts_.engine.get();
  const auto ours = library_for(call, *engine);
  if (!ours.ok()) return error_answer(ours.error());
  const mapping::Library* library = *ours;
  std::string url = request->source;
  if (const auto named = call.request.parameter("source"); named && url.empty()) url = *named;
  if (const auto id = call.parameters.find("id"); id != call.parameters.end()) {
    const auto* map = flow::map_by_id(*library, id->second);
    if (map == nullptr) return error_answer({Kind::NotFound, "no map has this id here"});
    url = map->url;
  }
  std::shared_ptr<const mapping::Library> sent;
  if (!request->maps.empty()) {
    if (call.caller.role != Role::Operator)
      return error_answer({Kind::Forbidden, "a map of one's own is for operators; the token's role does not allow it"});
    auto compiled = mapping::Library::compile(request->maps, engine->types);
    if (!compiled.ok()) return failed(compiled.error());
    sent = *std::move(compiled);
    library = sent.get();
    const auto first = std::ranges::find(sent->maps(), request->maps.front().file, &mapping::MapInfo::file);
    if (first == sent->maps().end())
      return error_answer(422, "required", request->maps.front().file + ": expected a url, found none");
    url = first->url;
  }
  if (url.empty()) return error_answer(400, "required", "source: expected the url of a map, found none");

  Arena arena;
  const auto made = flow::transform(*library, url, *request, parts_.now(), random_uuid, arena);
  if (!made.ok()) return failed(made.error());
  const bool with_outcome = call.request.parameter("issues") == "true";
  if (with_outcome || made->targets.size() > 1) return json_answer(200, as_parameters(*made, with_outcome), kFhirJson);
  return json_answer(200, fhir::write_json(made->targets.front()), kFhirJson);
}

http::Response Api::maps(const Call& call) {
  const auto engine = parts_.engine.get();
  const auto library = library_for(call, *engine);
  if (!library.ok()) return error_answer(library.error());
  const auto wanted = call.request.parameter("url");
  std::vector<std::string> entries;
  for (const auto& map : (*library)->maps()) {
    if (wanted && *wanted != map.url) continue;
    entries.push_back(JsonObject().text("fullUrl", map.url).raw("resource", summary(map)).str());
  }
  const auto total = static_cast<std::int64_t>(entries.size());
  JsonObject bundle;
  bundle.text("resourceType", "Bundle").text("type", "searchset").number("total", total);
  if (!entries.empty()) bundle.raw("entry", json_array(entries));
  return json_answer(200, bundle.str(), kFhirJson);
}

http::Response Api::map(const Call& call) {
  const auto engine = parts_.engine.get();
  const auto library = library_for(call, *engine);
  if (!library.ok()) return error_answer(library.error());
  const auto* map = flow::map_by_id(**library, call.at("id"));
  if (map == nullptr) return error_answer({Kind::NotFound, "no map has this id here"});
  const auto whole = (*library)->structure_map(map->url);
  return json_answer(200, whole.ok() ? with_id(*whole, id_of(*map)) : summary(*map), kFhirJson);
}

}  // namespace bhi::service
