// Any bytes give a map or diagnostics; what was read is the same when it is written and read again; what compiles runs
// to a result or an error.
#include "fhir/json.h"
#include "mapping/library.h"
#include "written_again.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

// A source with a little of everything, so that rules have something to walk.
const bhi::fhir::Document& source() {
  static const bhi::fhir::DocumentPtr document =
      bhi::fhir::read_json(
          R"({"resourceType":"QuestionnaireResponse","id":"1","status":"completed","item":[{"linkId":"a",
        "answer":[{"valueInteger":1},{"valueCoding":{"code":"c"}}],"item":[{"linkId":"b"}]}]})")
          .value();
  return *document;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  const bhi::mapping::MapText map{"fuzz.map", std::string(reinterpret_cast<const char*>(data), size)};
  std::vector<bhi::mapping::Diagnostic> problems;
  if (const auto read = bhi::mapping::parse_fml(map, problems)) bhi::fuzz::expect_same_again(*read);
  const std::shared_ptr<const bhi::fhir::Types> types(std::shared_ptr<const bhi::fhir::Types>(),
                                                      &bhi::fhir::Types::r4());
  const auto library = bhi::mapping::Library::compile({&map, 1}, types);
  if (!library) return 0;
  for (const std::string& url : (*library)->urls()) {
    bhi::Arena arena;
    const bhi::mapping::Input input{"", &source().root(), nullptr};
    const auto output = (*library)->run(url, {&input, 1}, {}, arena);
    if (output) (void)bhi::fhir::write_json(output->root);
  }
  return 0;
}
