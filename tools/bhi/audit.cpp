// bhi audit: is the audit trail of a store whole, and the trail of a running adapter as AuditEvents.
#include "bhi/commands.h"
#include "ehr/http.h"
#include "fhir/json.h"
#include "service/ehr_auth.h"
#include "service/option_texts.h"
#include "store/open_store.h"

#include <iostream>
#include <optional>

namespace bhi::tools {

namespace {

constexpr int kPage = 500;

int wrong(const std::string& what) {
  std::cerr << "bhi audit: " << what << "\n";
  return 2;
}

// "12:9f86..."
std::optional<store::AuditMark> mark_from(const std::string& text) {
  const auto colon = text.find(':');
  store::AuditMark mark;
  if (colon == std::string::npos || !service::read_number(std::string_view(text).substr(0, colon), mark.seq)) return {};
  mark.hash = text.substr(colon + 1);
  if (mark.seq < 1 || mark.hash.size() != 64) return {};
  return mark;
}

std::string next_of(const fhir::Node& bundle) {
  for (const auto& link : fhir::each(bundle.find("link"))) {
    if (link.text_of("relation") == "next") return std::string(link.text_of("url"));
  }
  return {};
}

}  // namespace

int run_audit_verify(const AuditOptions& options) {
  const auto known = mark_from(options.hash);
  if (!options.hash.empty() && !known) return wrong("--hash: expected SEQ:HASH, the hash with 64 hex digits");
  const auto report = store::verify_store_audit(options.store, known);
  if (!report) {
    std::cerr << "bhi audit: " << report.error().message << "\n";
    return report.error().kind == Kind::Fault ? 1 : 2;
  }
  std::cout << report->audit_rows << " records, whole";
  if (known) std::cout << ", through the hash of record " << known->seq;
  std::cout << "\n";
  if (report->audit_rows > 0)
    std::cout << "last: " << report->audit_rows << ":" << report->audit_last_hash << "  (keep it elsewhere)\n";
  return 0;
}

int run_audit_export(const AuditOptions& options) {
  const auto http = ehr::Http::open({.base_url = options.url, .ca_file = options.ca_file});
  if (!http) return wrong("--url: " + http.error().message);
  ehr::Request request;
  if (!options.token_file.empty()) {
    const auto token = service::read_secret(options.token_file);
    if (!token) return wrong("--token-file: " + token.error().message);
    request.bearer = *token;
  }
  std::string path = "/admin/audit?limit=" + std::to_string(kPage) + "&after=" + std::to_string(options.after);
  while (!path.empty()) {
    request.url = (*http)->base() + path;
    const auto response = (*http)->send(request);
    if (response.what != ehr::Response::What::Answered) return wrong("no answer: " + response.reason);
    if (response.status != 200) return wrong("answered " + std::to_string(response.status));
    const auto bundle = fhir::read_json(response.body);
    if (!bundle) return wrong("not a Bundle: " + bundle.error().message);
    const auto& root = (*bundle)->root();
    const auto* entries = root.find("entry");
    for (const auto& entry : fhir::each(entries)) {
      if (const auto* resource = entry.find("resource")) std::cout << fhir::write_json(*resource) << "\n";
    }
    path = next_of(root);
    // Each page leaves a record of its own behind the trail: what began there is told, not for ever what telling adds.
    if (fhir::each(entries).size() < kPage) break;
  }
  return std::cout.good() ? 0 : wrong("standard output cannot be written");
}

}  // namespace bhi::tools
