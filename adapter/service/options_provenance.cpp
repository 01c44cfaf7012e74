#include "service/options_provenance.h"

namespace bhi::service {

std::vector<Option> provenance_options() {
  Option option;
  option.path = "sources[].writing.provenance";
  option.fallback = "false";
  option.expected = "one of true, false";
  option.meaning =
      "write a Provenance for each resource that was written, where the EHR takes it; it can be asked from "
      "`GET /care/outbox/{seq}/provenance` in any case";
  option.set = Set<SourceSettings>([](SourceSettings& source, const Texts& texts) {
    source.provenance = texts.front() == "true";
    return source.provenance || texts.front() == "false";
  });
  return {option};
}

}  // namespace bhi::service
