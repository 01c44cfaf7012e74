// A request and an answer, as the rooms behind the HTTP server see them: values, no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::service::http {

struct Field {
  std::string name;  // of a header field in lower case; of a query parameter as written
  std::string value;
};

struct Request {
  std::string method;
  std::vector<std::string> path;  // segments, percent-decoded: "/care/patients/7" is {"care", "patients", "7"}
  std::vector<Field> query;
  std::vector<Field> fields;
  std::string body;
  bool http_1_0 = false;

  // Value of the first field (parameter) of that name; empty optional when there is none.
  std::optional<std::string_view> field(std::string_view lower_case_name) const;
  std::optional<std::string_view> parameter(std::string_view name) const;
  std::size_t count(std::string_view lower_case_name) const;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<Field> fields;  // further ones: ETag, Location, Allow, Retry-After
  bool close = false;         // the connection is not used again
};

std::string_view reason_phrase(int status);

}  // namespace bhi::service::http
