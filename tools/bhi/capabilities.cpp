// bhi capabilities: one EHR as the adapter sees it, on a page. What can be read and how news are found, what can be
// written and by which way, and what an operator should do about the rest.
#include "bhi/commands.h"
#include "bhi/ehr_page.h"
#include "service/ehr_link.h"
#include "service/options.h"

#include <iostream>

namespace bhi::tools {

service::SourceSettings source_of(const CapabilitiesOptions& options) {
  service::SourceSettings source;
  service::apply_defaults(source);
  source.name = "ehr";
  source.base_url = options.url;
  source.write_back = true;
  source.calls_per_minute = options.calls_per_minute;
  source.allow_plain_http = options.allow_plain_http;
  if (!options.types.empty()) {
    source.types = options.types;
    source.types_listed = true;
  }
  if (options.cohort) source.cohort = service::CohortType::Known;
  source.tls = {options.ca_file, options.cert_file, options.key_file};
  if (!options.token_file.empty()) {
    source.auth.type = service::AuthType::Bearer;
    source.auth.token_file = options.token_file;
  }
  return source;
}

int run_capabilities(const CapabilitiesOptions& options) {
  const auto source = source_of(options);
  service::LimitSettings limits;
  limits.max_depth = 64;
  limits.max_values = 4'000'000;
  const auto ehr = service::connect_ehr(source, limits, BHI_VERSION, nullptr, nullptr);
  if (!ehr) {
    std::cerr << "bhi capabilities: " << ehr.error().message << "\n";
    return 2;
  }
  const auto capabilities = (*ehr)->capabilities();
  if (!capabilities) {
    std::cerr << "bhi capabilities: " << capabilities.error().message << "\n";
    return 1;
  }
  print_discovery(source, std::cout);
  print_page(*capabilities, source, options.patients, std::cout);
  print_block(*capabilities, source, std::cout);
  return 0;
}

}  // namespace bhi::tools
