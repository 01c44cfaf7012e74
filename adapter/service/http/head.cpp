#include "service/http/head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::service::http {

namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxTarget = 2048;
constexpr std::size_t kMaxMethod = 16;
constexpr std::size_t kMaxParameters = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u; };
    const auto more = [&](std::size_t k) { return (at(k) & 0xC0u) == 0x80u; };
    const unsigned first = at(0);
    if (first < 0x80) {
      i += 1;
    } else if (first >= 0xC2 && first <= 0xDF && more(1)) {
      i += 2;
    } else if (first >= 0xE0 && first <= 0xEF && more(1) && more(2) && (first != 0xE0 || at(1) >= 0xA0) &&
               (first != 0xED || at(1) < 0xA0)) {
      i += 3;
    } else if (first >= 0xF0 && first <= 0xF4 && more(1) && more(2) && more(3) && (first != 0xF0 || at(1) >= 0x90) &&
               (first != 0xF4 || at(1) < 0x90)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

enum class Plus : std::uint8_t { Literal, Space };

// Empty when an escape is broken or the result holds control characters or is not UTF-8.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      unsigned value = 0;
      if (text.size() - i < 3) return std::nullopt;
      const char* end = text.data() + i + 3;
      if (std::from_chars(text.data() + i + 1, end, value, 16).ptr != end) return std::nullopt;
      c = static_cast<char>(value);
      i += 2;
    } else if (c == '+' && plus == Plus::Space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

std::optional<Refusal> read_path(std::string_view path, Request& request) {
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    auto segment = percent_decoded(path.substr(0, slash), Plus::Literal);
    if (!segment || segment->empty() || *segment == "." || *segment == ".." ||
        segment->find_first_of("/\\") != std::string::npos) {
      return Refusal{400, "path: expected plain segments, found an empty, dot, wrongly escaped or non-UTF-8 one"};
    }
    request.path.push_back(std::move(*segment));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return std::nullopt;
}

std::optional<Refusal> read_query(std::string_view query, Request& request) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), Plus::Space);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), Plus::Space);
    if (!name || !value) return Refusal{400, "query: a parameter is wrongly escaped or not UTF-8"};
    if (request.query.size() == kMaxParameters) return Refusal{400, "query: more than 32 parameters"};
    request.query.push_back({std::move(*name), std::move(*value)});
  }
  return std::nullopt;
}

std::optional<Refusal> read_request_line(std::string_view line, Request& request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return Refusal{400, "request line: expected method, target, version"};
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method) || method.size() > kMaxMethod) return Refusal{400, "request line: not a method"};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.starts_with("HTTP/") ? Refusal{505, "expected HTTP/1.1"}
                                        : Refusal{400, "request line: expected HTTP/1.1"};
  }
  if (target.size() > kMaxTarget) return Refusal{414, "target: longer than 2048 characters"};
  const auto allowed = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (!target.starts_with('/') || !std::ranges::all_of(target, allowed)) {
    return Refusal{400, "target: expected a path that starts with '/'"};
  }
  request.method = method;
  request.http_1_0 = version == "HTTP/1.0";
  const auto question = std::min(target.find('?'), target.size());
  if (auto refusal = read_path(target.substr(0, question), request)) return refusal;
  return read_query(target.substr(std::min(question + 1, target.size())), request);
}

std::optional<Refusal> read_field(std::string_view line, Request& request) {
  if (line.front() == ' ' || line.front() == '\t') return Refusal{400, "header: a folded line"};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return Refusal{400, "header: expected 'name: value'"};
  const auto value = trimmed(line.substr(colon + 1));
  const auto allowed = [](char c) { return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7f : c == '\t'; };
  if (!std::ranges::all_of(value, allowed)) return Refusal{400, "header: a control character in a value"};
  if (request.fields.size() == kMaxFields) return Refusal{431, "header: more than 100 fields"};
  request.fields.push_back({lower(line.substr(0, colon)), std::string(value)});
  return std::nullopt;
}

// https://www.rfc-editor.org/rfc/rfc9112#section-6.3
std::optional<Refusal> read_framing(const Request& request, Framing& framing) {
  const auto hosts = request.count("host");
  if (hosts > 1 || (hosts == 0 && !request.http_1_0)) return Refusal{400, "header: expected one Host"};
  const auto coding = request.field("transfer-encoding");
  const auto length = request.field("content-length");
  if (coding && length) return Refusal{400, "header: Content-Length and Transfer-Encoding together"};
  if (coding) {
    if (request.http_1_0) return Refusal{400, "header: Transfer-Encoding in HTTP/1.0"};
    if (request.count("transfer-encoding") > 1 || lower(*coding) != "chunked") {
      return Refusal{501, "header: the only transfer coding we know is 'chunked'"};
    }
    framing.body = Framing::Body::Chunked;
  }
  if (length) {
    const auto end = length->data() + length->size();
    if (request.count("content-length") > 1) return Refusal{400, "header: several Content-Length"};
    if (length->empty() || !std::ranges::all_of(*length, is_digit) ||
        std::from_chars(length->data(), end, framing.length).ec != std::errc()) {
      return Refusal{400, "header: Content-Length is not a number"};
    }
    if (framing.length > 0) framing.body = Framing::Body::Length;
  }
  if (const auto expect = request.field("expect")) {
    if (lower(*expect) != "100-continue") return Refusal{417, "header: the only expectation we know is '100-continue'"};
    framing.expects_continue = !request.http_1_0;
  }
  const auto connection = lower(request.field("connection").value_or(""));
  framing.keep_alive = !request.http_1_0 && connection.find("close") == std::string::npos;
  return std::nullopt;
}

std::optional<std::string_view> value_of(const std::vector<Field>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? std::nullopt : std::optional<std::string_view>(found->value);
}

}  // namespace

std::optional<std::string_view> Request::field(std::string_view lower_case_name) const {
  return value_of(fields, lower_case_name);
}
std::optional<std::string_view> Request::parameter(std::string_view name) const { return value_of(query, name); }

std::size_t Request::count(std::string_view lower_case_name) const {
  return static_cast<std::size_t>(std::ranges::count(fields, lower_case_name, &Field::name));
}

std::string_view reason_phrase(int status) {
  constexpr auto kPhrases = std::to_array<std::pair<int, std::string_view>>({
      {200, "OK"},
      {201, "Created"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  });
  const auto found = std::ranges::find(kPhrases, status, &std::pair<int, std::string_view>::first);
  return found == kPhrases.end() ? "Unknown" : found->second;
}

std::variant<Head, Refusal> parse_head(std::string_view text) {
  Head head;
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    if (end == std::string_view::npos) return Refusal{400, "header: a line that does not end with CR LF"};
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.find_first_of("\r\n") != std::string_view::npos) return Refusal{400, "header: CR or LF by itself"};
    if (line.empty()) break;
    if (auto refusal = first ? read_request_line(line, head.request) : read_field(line, head.request)) return *refusal;
    first = false;
  }
  if (first) return Refusal{400, "request line: missing"};
  if (auto refusal = read_framing(head.request, head.framing)) return *refusal;
  return head;
}

std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  const auto digits = trimmed(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  if (digits.empty() || digits.size() > 8) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return size;
}

}  // namespace bhi::service::http
