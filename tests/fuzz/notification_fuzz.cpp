// Any bytes as a notification: a value or an error, and every name in the value may stand in an address of the EHR.
#include "fhir/bundle.h"
#include "fhir/xml.h"
#include "flow/hook.h"
#include "flow/notification.h"
#include "flow/numbering.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bhi;
  const std::vector<std::string> bases = {"https://ehr.example/fhir"};
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto state = flow::number_state_from(text)) {
    if (!flow::number_state_from(flow::text_of(*state))) std::abort();
  }
  const auto document = fhir::read_document(text);
  if (!document.ok()) return 0;
  const auto told = flow::read_notification((*document)->root(), bases);
  static_cast<void>(flow::read_status((*document)->root(), bases));
  if (!told.ok()) return 0;
  for (const auto& name : told->named) {
    if (!fhir::is_safe_id(name.id) || name.type.find_first_of("/?#.%") != std::string::npos) std::abort();
  }
  const auto state = flow::next({}, told->numbers, flow::Numbering::Monotonic, {});
  if (flow::text_of(*flow::number_state_from(flow::text_of(state))) != flow::text_of(state)) std::abort();
  if (!flow::hooked(&(*document)->root(), *told, {"main", "sub", {"Observation", "Patient"}, true}, {}, 1).ok())
    return 0;
  return 0;
}
