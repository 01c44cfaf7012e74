// Any bytes give a document or an error; a document that is written reads back as the same one, and splits without
// harm.
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhir/release.h"

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
  const ReadLimits plain{.refuse_repeated_names = false, .refuse_nul = false, .require_object = false};
  if (const auto loose = read_json(text, plain); loose.ok()) {
    const auto again = read_json(write_json_pretty((*loose)->root()), plain);
    require(again.ok() && same((*loose)->root(), (*again)->root()));
  }
  const auto document = read_json(text);
  if (!document.ok()) {
    require(!document.error().message.empty() && document.error().kind == bhi::Kind::Incorrect);
    return 0;
  }
  const Node& root = (*document)->root();
  const auto again = read_json(write_json(root));
  require(again.ok() && same(root, (*again)->root()));
  require(content_hash(root) == content_hash((*again)->root()));
  r5_mark(root);
  bhi::Arena arena;
  require(same(copy(root, arena), root));
  if (const auto entries = split(root, arena); entries.ok()) {
    for (const Entry& entry : entries->entries)
      require(entry.deleted || is_safe_id(entry.resource.text_of("id")) || entry.resource.find("id") == nullptr);
  }
  return 0;
}
