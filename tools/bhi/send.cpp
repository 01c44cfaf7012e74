// bhi send: files to a running adapter, for sites without an interface. What it answers is said file by file.
#include "bhi/commands.h"
#include "ehr/http.h"
#include "fhir/json.h"
#include "service/drop_file.h"
#include "service/ehr_auth.h"

#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

namespace bhi::tools {

namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of a file; what the adapter takes at a time is less
constexpr std::size_t kLinesAtOnce = 200;
constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;

// The issues of an answer: severity, code and place; its texts name no patient data (the adapter's promise).
void print_issues(const std::string& body) {
  const auto read = fhir::read_json(body);
  if (!read) return;
  for (const auto& issue : fhir::each((*read)->root().find("issue"))) {
    std::cout << "    " << issue.text_of("severity") << " " << issue.text_of("code") << ": "
              << issue.text_of("diagnostics") << "\n";
  }
}

class Sender {
 public:
  Sender(ehr::Http& http, ehr::Request request) : http_(http), request_(std::move(request)) {}

  // False: not, or not all of it, taken.
  bool send_file(const std::string& file) {
    auto text = service::read_unpacked(file, kMostBytes);
    if (!text) {
      std::cerr << "bhi send: " << text.error().message << "\n";
      return false;
    }
    if (service::drop_form(file) == service::DropForm::Lines) return send_lines(file, *text);
    return post(file, *std::move(text));
  }

 private:
  bool post(const std::string& what, std::string body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    const bool xml = first != std::string::npos && body[first] == '<';
    request_.headers = {std::string("Content-Type: application/fhir+") + (xml ? "xml" : "json")};
    request_.body = std::move(body);
    const auto response = http_.send(request_);
    const bool answered = response.what == ehr::Response::What::Answered;
    const bool taken = answered && response.status >= 200 && response.status < 300;
    std::cout << what << ": "
              << (answered ? std::to_string(response.status) + (taken ? " taken" : " refused")
                           : "no answer: " + response.reason)
              << "\n";
    if (answered) print_issues(response.body);
    return taken;
  }

  // One resource a line: some at a time as a Bundle. Lines that cannot be read are named and left.
  bool send_lines(const std::string& file, std::string_view text) {
    bool all = true;
    std::string entries;
    std::size_t count = 0, first = 1, line = 0;
    const auto flush = [&] {
      if (count == 0) return;
      const auto what = file + " lines " + std::to_string(first) + "-" + std::to_string(line);
      all = post(what, R"({"resourceType":"Bundle","type":"collection","entry":[)" + entries + "]}") && all;
      entries.clear();
      count = 0;
    };
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      const std::string_view one = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line;
      if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (const auto read = fhir::read_json(std::string(one)); !read) {
        std::cout << file << " line " << line << ": not sent: " << read.error().message << "\n";
        all = false;
        continue;
      }
      if (count == 0) first = line;
      entries += (count == 0 ? "" : ",") + (R"({"resource":)" + std::string(one) + "}");
      if (++count == kLinesAtOnce || entries.size() >= kBytesAtOnce) flush();
    }
    flush();
    return all;
  }

  ehr::Http& http_;
  ehr::Request request_;
};

}  // namespace

int run_send(const SendOptions& options) {
  const auto http = ehr::Http::open({.base_url = options.to});
  if (!http) {
    std::cerr << "bhi send: --to: " << http.error().message << "\n";
    return 2;
  }
  ehr::Request request;
  request.method = ehr::Method::Post;
  request.url = (*http)->base() + "/fhir" + (options.source.empty() ? "" : "?source=" + options.source);
  if (!options.token_file.empty()) {
    const auto token = service::read_secret(options.token_file);
    if (!token) {
      std::cerr << "bhi send: --token-file: " << token.error().message << "\n";
      return 2;
    }
    request.bearer = *token;
  }
  Sender sender(**http, std::move(request));
  bool all_taken = true;
  for (const auto& file : options.files) all_taken = sender.send_file(file) && all_taken;
  return all_taken ? 0 : 1;
}

}  // namespace bhi::tools
