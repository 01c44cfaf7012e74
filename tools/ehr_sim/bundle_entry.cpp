#include "ehr_sim/bundle_entry.h"

#include "ehr_sim/router.h"
#include "ehr_sim/search_parameters.h"

#include <algorithm>
#include <array>

namespace bhi::sim {

namespace {

using fhir::Node;

struct Reason {
  int status;
  std::string_view text;
};
constexpr std::array kReasons = std::to_array<Reason>({
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {415, "Unsupported Media Type"},
});

std::string status_text(int status) {
  const auto* found = std::ranges::find(kReasons, status, &Reason::status);
  return std::to_string(status) + (found == kReasons.end() ? "" : " " + std::string(found->text));
}

constexpr std::array<std::string_view, 4> kMethods = {"DELETE", "POST", "PUT", "GET"};

}  // namespace

std::string BundleEntry::url() const {
  std::string text = type;
  if (!id.empty()) text += "/" + id;
  if (!rest.empty()) text += "/" + rest;
  if (!query.empty()) text += "?" + query;
  return text;
}

Result<BundleEntry> read_entry(const Node& node, std::size_t index, std::string_view base) {
  BundleEntry entry;
  entry.index = index;
  const auto wrong = [&](std::string_view text) {
    return Error{Kind::Incorrect, entry.place() + ": " + std::string(text)};
  };
  const Node* request = node.find("request");
  if (request == nullptr) return wrong("request is missing");
  entry.method = request->text_of("method");
  if (std::ranges::find(kMethods, entry.method) == kMethods.end())
    return wrong("request.method: expected GET, POST, PUT or DELETE");
  std::string_view url = request->text_of("url");
  if (!base.empty() && url.starts_with(base)) url.remove_prefix(base.size());
  if (url.starts_with('/')) url.remove_prefix(1);
  const auto question = std::min(url.find('?'), url.size());
  entry.query = url.substr(std::min(question + 1, url.size()));
  url = url.substr(0, question);
  const auto slash = std::min(url.find('/'), url.size());
  entry.type = url.substr(0, slash);
  url.remove_prefix(std::min(slash + 1, url.size()));
  const auto second = std::min(url.find('/'), url.size());
  entry.id = url.substr(0, second);
  entry.rest = url.substr(std::min(second + 1, url.size()));
  if (!is_resource_type(entry.type))
    return wrong("request.url: expected Type or Type/id of a type that this server has");

  entry.resource = node.find("resource");
  entry.full_url = node.text_of("fullUrl");
  entry.if_none_exist = request->text_of("ifNoneExist");
  entry.if_match = request->text_of("ifMatch");
  entry.if_none_match = request->text_of("ifNoneMatch");
  const bool carries = entry.method == "POST" || entry.method == "PUT";
  const bool search = entry.method == "POST" && entry.id == "_search";
  if (search) return wrong("request.url: a search in a Bundle is a GET");
  if (carries && entry.resource == nullptr) return wrong("resource is missing");
  if (carries && fhir::resource_type(*entry.resource) != entry.type)
    return wrong("resourceType and request.url differ");
  if (entry.method == "POST" && !entry.id.empty()) return wrong("request.url: a POST names the type only");
  if ((entry.method == "PUT" || entry.method == "DELETE") && (entry.id.empty() || !entry.query.empty())) {
    return wrong("request.url: this server updates and deletes by Type/id only");
  }
  return entry;
}

Request as_request(const BundleEntry& entry, std::string_view base) {
  Request request;
  request.method = entry.method;
  request.path = std::string(kBasePath) + "/" + entry.type;
  if (!entry.id.empty()) request.path += "/" + entry.id;
  if (!entry.rest.empty()) request.path += "/" + entry.rest;
  request.query = entry.query;
  request.base = base;
  if (entry.resource != nullptr) {
    request.body = fhir::write_json(*entry.resource);
    request.headers.emplace_back("Content-Type", "application/fhir+json");
  }
  if (!entry.if_none_exist.empty()) request.headers.emplace_back("If-None-Exist", entry.if_none_exist);
  if (!entry.if_match.empty()) request.headers.emplace_back("If-Match", entry.if_match);
  if (!entry.if_none_match.empty()) request.headers.emplace_back("If-None-Match", entry.if_none_match);
  return request;
}

void AnswerBundle::add(int status, const Headers& headers, std::string_view last_modified, const Node* resource,
                       const Node* outcome) {
  std::vector<fhir::Member> answer = {make_.member("status", make_.text(status_text(status)))};
  if (const auto location = header(headers, "Location"); !location.empty()) {
    answer.push_back(make_.member("location", make_.text(location)));
  }
  if (const auto tag = header(headers, "ETag"); !tag.empty()) answer.push_back(make_.member("etag", make_.text(tag)));
  if (!last_modified.empty()) answer.push_back(make_.member("lastModified", make_.text(last_modified)));
  if (outcome != nullptr) answer.push_back(make_.member("outcome", fhir::copy(*outcome, make_.arena())));
  std::vector<fhir::Member> entry;
  if (resource != nullptr) entry.push_back(make_.member("resource", fhir::copy(*resource, make_.arena())));
  entry.push_back(make_.member("response", make_.object(answer)));
  entries_.push_back(make_.object(entry));
}

std::string AnswerBundle::text(std::string_view type) {
  std::vector<fhir::Member> members = {
      make_.member("resourceType", make_.text("Bundle")),
      make_.member("type", make_.text(type)),
  };
  if (!entries_.empty()) members.push_back(make_.member("entry", make_.array(entries_)));
  return fhir::write_json(make_.object(members));
}

FirstIssue first_issue(const Response& response) {
  const auto document = fhir::read_json(response.body);
  if (!document) return {};
  for (const Node& issue : fhir::each((*document)->root().find("issue"))) {
    return {std::string(issue.text_of("code")), std::string(issue.text_of("diagnostics"))};
  }
  return {};
}

}  // namespace bhi::sim
