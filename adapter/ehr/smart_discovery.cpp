#include "ehr/smart_discovery.h"

#include "ehr/answer.h"

#include <algorithm>
#include <string_view>

namespace bhi::ehr {

namespace {

using fhir::Node;

constexpr std::string_view kOauthUris = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";

std::vector<std::string> texts(const Node* list) {
  std::vector<std::string> found;
  for (const Node& one : fhir::each(list)) {
    if (one.is_string() && one.text().size() <= 200) found.emplace_back(one.text());
  }
  return found;
}

bool holds(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

Result<fhir::DocumentPtr> ask(Http& http, const std::string& path, const char* accept, const fhir::ReadLimits& limits) {
  Response response =
      http.send({.method = Method::Get, .url = http.base() + path, .headers = {accept}, .bearer = {}, .body = {}});
  if (auto problem = problem_of(response, limits)) {
    problem->message = "GET " + path + ": " + problem->message;
    return std::move(*problem);
  }
  return document_of(response, limits, "GET " + path);
}

bool may_be_asked_elsewhere(const Error& error) { return error.kind != Kind::Unavailable && error.kind != Kind::Busy; }

}  // namespace

Result<SmartConfiguration> smart_configuration_from(const Node& document) {
  SmartConfiguration found;
  found.said_by = ".well-known/smart-configuration";
  found.token_endpoint = document.text_of("token_endpoint");
  if (found.token_endpoint.empty()) {
    return Error{Kind::Incorrect, found.said_by + ": expected token_endpoint, found none"};
  }
  const auto capabilities = texts(document.find("capabilities"));
  found.v1 = holds(capabilities, "permission-v1");
  found.v2 = holds(capabilities, "permission-v2");
  found.auth_methods = texts(document.find("token_endpoint_auth_methods_supported"));
  found.algorithms = texts(document.find("token_endpoint_auth_signing_alg_values_supported"));
  return found;
}

Result<SmartConfiguration> oauth_uris_from(const Node& statement) {
  SmartConfiguration found;
  found.said_by = "CapabilityStatement (oauth-uris)";
  for (const Node& rest : fhir::each(statement.find("rest"))) {
    const Node* security = rest.find("security");
    if (security == nullptr) continue;
    for (const Node& extension : fhir::each(security->find("extension"))) {
      if (extension.text_of("url") != kOauthUris) continue;
      for (const Node& uri : fhir::each(extension.find("extension"))) {
        if (uri.text_of("url") == "token") found.token_endpoint = uri.text_of("valueUri");
      }
    }
  }
  if (!found.token_endpoint.empty()) return found;
  return Error{Kind::Incorrect, "CapabilityStatement: expected the token address of oauth-uris, found none"};
}

Result<SmartConfiguration> discover(Http& http, const fhir::ReadLimits& limits) {
  auto document = ask(http, "/.well-known/smart-configuration", "Accept: application/json", limits);
  if (!document && !may_be_asked_elsewhere(document.error())) return std::move(document).error();
  if (document) {
    if (auto found = smart_configuration_from((*document)->root())) return found;
  }
  auto statement = ask(http, "/metadata", "Accept: application/fhir+json", limits);
  if (!statement && !may_be_asked_elsewhere(statement.error())) return std::move(statement).error();
  if (statement) {
    if (auto found = oauth_uris_from((*statement)->root())) return found;
  }
  return Error{Kind::Unsupported,
               "the EHR names no token endpoint: neither .well-known/smart-configuration nor oauth-uris in its "
               "CapabilityStatement; set auth.token_url"};
}

}  // namespace bhi::ehr
