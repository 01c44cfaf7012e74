#include "flow/bulk_manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

struct ListName {
  const char* name;
  std::vector<BulkFileEntry> BulkManifest::*files;
};
constexpr std::array kLists = std::to_array<ListName>({
    {"output", &BulkManifest::output},
    {"deleted", &BulkManifest::deleted},
    {"error", &BulkManifest::outcomes},
    {"outcome", &BulkManifest::outcomes},
});

std::optional<std::uint64_t> number_of(const Node* node) {
  if (node == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  const auto digits = node->text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<BulkManifest> bulk_manifest_from(const Node& root) {
  const auto wrong = [](std::string text) { return Error{Kind::Incorrect, "manifest: " + std::move(text)}; };
  if (!root.is_object()) return wrong("expected an object");
  const Node* output = root.find("output");
  if (output == nullptr || !output->is_array()) return wrong("expected the list output");
  BulkManifest manifest;
  manifest.transaction_time = instant_from(root.text_of("transactionTime"));
  if (!manifest.transaction_time) return wrong("expected transactionTime as an instant");
  if (const Node* token = root.find("requiresAccessToken")) manifest.needs_token = token->text() != "false";
  for (const ListName& list : kLists) {
    for (const Node& entry : fhir::each(root.find(list.name))) {
      BulkFileEntry file{std::string(entry.text_of("url")), std::string(entry.text_of("type")),
                         number_of(entry.find("count"))};
      if (file.url.empty()) return wrong(std::string("expected a url in every file of ") + list.name);
      (manifest.*list.files).push_back(std::move(file));
    }
  }
  for (const Node& link : fhir::each(root.find("link"))) {
    if (link.text_of("relation") == "next") manifest.next = link.text_of("url");
  }
  return manifest;
}

}  // namespace bhi::flow
