#include "ehr_sim/router.h"

#include "ehr_sim/http_message.h"
#include "ehr_sim/search_parameters.h"

#include <algorithm>
#include <vector>

namespace bhi::sim {

namespace {

Result<std::vector<std::string>> segments(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    auto part = percent_decode(path.substr(0, end), false);
    if (!part) return Error{Kind::Incorrect, "path: a percent escape is broken or hides a NUL"};
    parts.push_back(*std::move(part));
    path.remove_prefix(end);
  }
  if (!parts.empty() && parts.back().empty()) parts.pop_back();  // one slash at the end is harmless
  return parts;
}

}  // namespace

std::string Target::path() const {
  switch (place) {
    case Place::System: return "";
    case Place::Metadata: return "metadata";
    case Place::Type:
    case Place::Search: return type;
    case Place::Instance: return type + "/" + id;
    case Place::History: return type + "/" + id + "/_history";
    case Place::Version: return type + "/" + id + "/_history/" + version;
  }
  return "";
}

Result<Target> route(std::string_view path) {
  const Error nowhere{Kind::NotFound, "no such place; the FHIR base is " + std::string(kBasePath)};
  if (!path.starts_with(kBasePath)) return nowhere;
  path.remove_prefix(kBasePath.size());
  if (!path.empty() && path.front() != '/') return nowhere;
  BHI_TRY(const auto parts, segments(path));

  Target target;
  if (parts.empty()) return target;
  if (parts.size() == 1 && parts[0] == "metadata") {
    target.place = Place::Metadata;
    return target;
  }
  if (!is_resource_type(parts[0])) return Error{Kind::NotFound, "this server has no such resource type or operation"};
  target.type = parts[0];
  target.place = Place::Type;
  if (parts.size() == 1) return target;
  if (parts[1].starts_with('$')) return Error{Kind::NotFound, "this server has no operations"};
  if (parts[1] == "_search" && parts.size() == 2) {
    target.place = Place::Search;
    return target;
  }
  target.id = parts[1];
  target.place = Place::Instance;
  if (parts.size() == 2) return target;
  if (parts[2] != "_history") return nowhere;
  target.place = Place::History;
  if (parts.size() == 3) return target;
  target.version = parts[3];
  target.place = Place::Version;
  if (parts.size() == 4) return target;
  return nowhere;
}

}  // namespace bhi::sim
