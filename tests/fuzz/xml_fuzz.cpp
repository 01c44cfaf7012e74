// Any bytes give a document or an error; what was read can be written as JSON and as XML, and both read back as the
// same document.
#include "fhir/json.h"
#include "fhir/xml.h"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bhi::fhir;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto document = read_document(text);
  if (!document.ok()) {
    require(!document.error().message.empty() && document.error().kind == bhi::Kind::Incorrect);
    return 0;
  }
  const Node& root = (*document)->root();
  const auto json = read_json(write_json(root));
  require(json.ok() && same(root, (*json)->root()));
  const auto xml = write_xml(root);
  if (!xml.ok()) {
    require(!xml.error().message.empty() && text.find('<') != 0);  // only JSON says what XML cannot
    return 0;
  }
  const auto again = read_xml(*xml, ReadLimits{.max_depth = 1000});
  require(again.ok());
  // What is JSON may have a string where a number belongs, which XML does not tell apart.
  const auto twice = write_xml((*again)->root());
  require(twice.ok() && *twice == *xml);
  return 0;
}
