// Any bytes give a document or an error; what was read can be written as JSON and as XML, and both read back as the
// same document.
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhir/release.h"
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
  // With entries left out: what is read otherwise is read the same, and everything left out is told.
  bhi::Issues left_out;
  const auto without = read_document(text, {}, &left_out);
  require(!document.ok() || (without.ok() && left_out.empty() && same((*document)->root(), (*without)->root())));
  if (without.ok() && !left_out.empty()) {
    bhi::Arena arena;
    const auto entries = split((*without)->root(), arena, left_out);
    require(entries.ok() && entries->issues.size() >= left_out.size());
  }
  if (!document.ok()) {
    require(!document.error().message.empty() &&
            (document.error().kind == bhi::Kind::Incorrect || document.error().kind == bhi::Kind::Unsupported));
    return 0;
  }
  r5_mark((*document)->root());
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
