// Routes as a table: method, pattern, who may, what body is expected, what runs.
#pragma once

#include "service/access.h"
#include "service/http/message.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

enum class Body : std::uint8_t {
  None,        // a body is not asked for; one that comes is not looked at
  Fhir,        // application/fhir+json or application/fhir+xml, or their plain forms, or none: the content decides
  Json,        // application/json
  MergePatch,  // application/merge-patch+json or application/json
};

class Api;

struct Call {
  const http::Request& request;
  const Caller& caller;
  const std::map<std::string, std::string, std::less<>>& parameters;  // {"id": "7"} of "/care/patients/{id}"

  const std::string& at(std::string_view name) const { return parameters.find(name)->second; }
};

struct Route {
  std::string_view method;
  std::string_view pattern;
  Roles roles;
  Body body;
  http::Response (Api::*run)(const Call&);
  std::string_view meaning;  // for the README
};

struct Match {
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> parameters;
  std::string allow;  // when the path is known but not with this method: "GET, POST"
};

Match match(const std::vector<Route>& routes, const http::Request& request);

// Does the request's Content-Type (with charset and fhirVersion) and Content-Encoding fit? Empty when it does, else
// what was expected.
std::string wrong_content(const http::Request& request, Body body);

// The table as Markdown, for the README.
std::string print_routes(const std::vector<Route>& routes);

}  // namespace bhi::service
