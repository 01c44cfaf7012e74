#include "flow/still_current.h"

#include "base/instant.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

namespace bhi::flow {

namespace {

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Does the EHR show this very version at the moment?
Result<bool> is_shown(Ehr& ehr, const ResourceCopy& copy) {
  const auto read = ehr.read(copy.type, copy.id);
  if (!read) {
    const Kind kind = read.error().kind;
    if (kind == Kind::NotFound || kind == Kind::Forbidden) return false;
    return read.error();
  }
  const fhir::Node* meta = (*read)->root().find("meta");
  return meta != nullptr && !copy.version.empty() && meta->text_of("versionId") == copy.version;
}

}  // namespace

Result<void> settle_order(Store& store, Ehr& ehr, std::vector<InboxItem>& items) {
  for (InboxItem& item : items) {
    ResourceCopy& copy = item.resource;
    const auto theirs = instant_from(copy.updated);
    if (!theirs) continue;
    BHI_TRY(const auto held, store.resource(copy.source, copy.type, copy.id));
    const auto ours = held ? instant_from(held->updated) : std::nullopt;
    if (!ours || *theirs >= *ours || held->hash == copy.hash || held->version == copy.version) continue;
    const auto number = number_of(copy.version);
    const auto held_number = number_of(held->version);
    bool later = number && held_number && *number > *held_number;
    if (!number || !held_number) {
      BHI_TRY(later, is_shown(ehr, copy));
    }
    if (later) copy.updated = to_text(*ours + std::chrono::milliseconds(1));
  }
  return {};
}

}  // namespace bhi::flow
