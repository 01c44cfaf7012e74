#include "ehr_sim/interactions.h"

#include "ehr_sim/json_maker.h"
#include "ehr_sim/search.h"
#include "fhir/bundle.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace bhi::sim {

namespace {

Response with_version_headers(Response response, const Version& version) {
  response.headers.emplace_back("ETag", etag(version.tag));
  response.headers.emplace_back("Last-Modified", http_date(version.updated));
  return response;
}

Response not_known(std::string_view type, std::string_view id) {
  return refuse(404, "not-found", std::string(type) + "/" + std::string(id.substr(0, 64)) + " is not known here");
}

Response shown(const Version& version) {
  Response response;
  response.body = version.json;
  return with_version_headers(std::move(response), version);
}

Response gone(const Version& version) {
  return with_version_headers(refuse(410, "deleted", version.path() + " was deleted"), version);
}

std::string success_outcome() {
  JsonMaker make;
  const auto issue = make.object({
      make.member("severity", make.text("information")),
      make.member("code", make.text("informational")),
      make.member("diagnostics", make.text("done")),
  });
  return fhir::write_json(make.object({
      make.member("resourceType", make.text("OperationOutcome")),
      make.member("issue", make.array({issue})),
  }));
}

bool looks_like_uuid(std::string_view id) {
  return id.size() == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-';
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// https://hl7.org/fhir/R4/http.html#concurrency. Empty: go ahead.
std::optional<Response> precondition(const VersionPtr& current, std::string_view if_match, const Manners& manners) {
  if (if_match.empty()) return std::nullopt;
  const auto wanted = version_of_etag(if_match);
  const bool readable = wanted && (manners.uuid_versions || is_number(*wanted));
  if (!readable && manners.ignores_unquoted_if_match) return std::nullopt;
  if (!readable) return refuse(400, "invalid", "If-Match: expected one entity tag like W/\"3\"");
  const auto stale = [&](const std::string& text) { return refuse(manners.stale_status, manners.stale_code, text); };
  if (current == nullptr || current->deleted()) return stale("If-Match: there is no current version");
  if (current->tag == *wanted) return std::nullopt;
  return stale("If-Match: the current version is " + current->tag + ", not " + *wanted);
}

// May PUT make this id? Empty: yes.
std::optional<Response> refused_id(std::string_view id, const Rules& rules) {
  switch (rules.profile.manners.client_ids) {
    case ClientIds::Any: break;
    case ClientIds::Named:
      if (!is_number(id)) break;
      return refuse(400, "invalid", "id: this server gives ids of digits alone itself");
    case ClientIds::None:
      return looks_like_uuid(id) ? refuse(404, "not-found", "this id is not known here")
                                 : refuse(400, "invalid", "id: expected one that this server gave");
  }
  if (rules.update_creates) return std::nullopt;
  return refuse(405, "not-supported", "this server does not create by PUT: ids are given by the server");
}

// The same but for what the server writes itself?
bool says_the_same(const fhir::Node& kept, const fhir::Node& sent) {
  const auto plain = [](const fhir::Node& resource) {
    std::vector<fhir::Member> members;
    for (const fhir::Member& member : resource.members()) {
      if (member.name->text != "meta" && member.name->text != "id") members.push_back(member);
    }
    std::ranges::sort(members, {}, [](const fhir::Member& one) { return one.name->text; });
    Arena arena;
    return fhir::write_json(fhir::Node::object(arena.copy(std::span<const fhir::Member>(members))));
  };
  return plain(kept) == plain(sent);
}

}  // namespace

Return preferred_return(std::string_view prefer) {
  if (prefer.find("return=minimal") != std::string_view::npos) return Return::Minimal;
  if (prefer.find("return=OperationOutcome") != std::string_view::npos) return Return::Outcome;
  return Return::Representation;
}

Response written(const Version& version, int status, const Asked& asked) {
  Response response;
  response.status = status;
  if (asked.preferred == Return::Representation) response.body = version.json;
  if (asked.preferred == Return::Outcome) response.body = success_outcome();
  response.headers.emplace_back("Location",
                                std::string(asked.base) + "/" + version.path() + "/_history/" + version.tag);
  return with_version_headers(std::move(response), version);
}

Result<fhir::DocumentPtr> read_resource(std::string body, std::string_view type) {
  BHI_TRY(auto document, fhir::read_json(std::move(body)));
  const std::string_view found = fhir::resource_type(document->root());
  if (found.empty()) return Error{Kind::Incorrect, "body: resourceType is missing"};
  if (found != type) {
    return Error{Kind::Incorrect,
                 "body: expected a " + std::string(type) + ", found resourceType " + std::string(found.substr(0, 64))};
  }
  return document;
}

Response read(const Versions& versions, std::string_view type, std::string_view id, std::string_view if_none_match) {
  const VersionPtr newest = versions.newest(type, id);
  if (newest == nullptr) return not_known(type, id);
  if (newest->deleted()) return gone(*newest);
  if (!if_none_match.empty() && version_of_etag(if_none_match) == newest->tag) {
    Response unchanged;
    unchanged.status = 304;
    return with_version_headers(std::move(unchanged), *newest);
  }
  return shown(*newest);
}

Response read_version(const Versions& versions, std::string_view type, std::string_view id, std::string_view version) {
  const VersionPtr found = versions.version(type, id, version);
  if (found == nullptr) return not_known(type, id);
  return found->deleted() ? gone(*found) : shown(*found);
}

Response create(Versions& versions, std::string_view type, const fhir::Node& resource, std::string_view if_none_exist,
                const Asked& asked, std::string_view id) {
  if (!if_none_exist.empty()) {
    const auto found = find_by_condition(type, if_none_exist, asked.base, versions);
    if (!found) return refuse({found.error().kind, "If-None-Exist: " + found.error().message});
    if (found->size() > 1) {
      return refuse(412, "multiple-matches", "If-None-Exist: " + std::to_string(found->size()) + " resources match");
    }
    if (found->size() == 1) return written(*found->front(), 200, asked);
  }
  const auto version =
      versions.put(type, id.empty() ? versions.new_id(type) : std::string(id), resource, Method::Post, asked.now);
  return version ? written(**version, 201, asked) : refuse(version.error());
}

Response update(Versions& versions, std::string_view type, std::string_view id, const fhir::Node& resource,
                std::string_view if_match, std::string_view if_none_match, const Rules& rules, const Asked& asked) {
  if (!fhir::is_safe_id(id)) return refuse(400, "value", "id: expected 1 to 64 of A-Z a-z 0-9 - .");
  if (resource.text_of("id") != id)
    return refuse(400, "invalid", "id: the body must carry the id of the URL", std::string(type) + ".id");
  const VersionPtr current = versions.newest(type, id);
  if (current == nullptr) {
    if (auto refused = refused_id(id, rules)) return *std::move(refused);
  }
  if (auto refused = precondition(current, if_match, asked.manners)) return *std::move(refused);
  const bool exists = current != nullptr && !current->deleted();
  if (!if_none_match.empty()) {
    if (if_none_match != "*") return refuse(400, "invalid", "If-None-Match on PUT: only * has a meaning here");
    if (exists) return refuse(412, "conflict", "If-None-Match: there is a current version");
  }
  if (exists && asked.manners.unchanged_put_is_none && says_the_same(current->document->root(), resource)) {
    return written(*current, 200, asked);
  }
  const auto version = versions.put(type, id, resource, Method::Put, asked.now);
  return version ? written(**version, exists ? 200 : 201, asked) : refuse(version.error());
}

Response remove(Versions& versions, std::string_view type, std::string_view id, std::string_view if_match,
                const Asked& asked) {
  const VersionPtr current = versions.newest(type, id);
  if (auto refused = precondition(current, if_match, asked.manners)) return *std::move(refused);
  Response response;
  response.status = asked.manners.deleted_status;
  if (response.status == 200) response.body = success_outcome();
  // Deleting what is not there succeeds and changes nothing (https://hl7.org/fhir/R4/http.html#delete).
  if (current == nullptr || current->deleted()) return response;
  const VersionPtr tombstone = versions.remove(type, id, asked.now);
  return with_version_headers(std::move(response), *tombstone);
}

}  // namespace bhi::sim
