// bhi send: files to a running adapter, for sites without an interface. What it answers is said file by file.
#include "bhi/commands.h"
#include "ehr/http.h"
#include "fhir/json.h"
#include "service/ehr_auth.h"
#include "service/files.h"

#include <iostream>

namespace bhi::tools {

namespace {

// The issues of an answer: severity, code and place; its texts name no patient data (the adapter's promise).
void print_issues(const std::string& body) {
  const auto read = fhir::read_json(body);
  if (!read) return;
  for (const auto& issue : fhir::each((*read)->root().find("issue"))) {
    std::cout << "    " << issue.text_of("severity") << " " << issue.text_of("code") << ": "
              << issue.text_of("diagnostics") << "\n";
  }
}

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
  bool all_taken = true;
  for (const auto& file : options.files) {
    const auto text = service::read_file(file);
    if (!text) {
      std::cerr << "bhi send: " << text.error().message << "\n";
      all_taken = false;
      continue;
    }
    const auto first = text->find_first_not_of(" \t\r\n");
    const bool xml = first != std::string::npos && (*text)[first] == '<';
    request.headers = {std::string("Content-Type: application/fhir+") + (xml ? "xml" : "json")};
    request.body = *text;
    const auto response = (*http)->send(request);
    const bool answered = response.what == ehr::Response::What::Answered;
    const bool taken = answered && response.status >= 200 && response.status < 300;
    all_taken = all_taken && taken;
    std::cout << file << ": "
              << (answered ? std::to_string(response.status) + (taken ? " taken" : " refused")
                           : "no answer: " + response.reason)
              << "\n";
    if (answered) print_issues(response.body);
  }
  return all_taken ? 0 : 1;
}

}  // namespace bhi::tools
