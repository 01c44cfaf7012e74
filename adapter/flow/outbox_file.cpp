#include "flow/outbox_file.h"

#include "base/hash.h"

#include <charconv>

namespace bhi::flow {

namespace {

constexpr std::string_view kNotFiled = "not filed: ";

// Of "...-v12.json"; 0 when there is none.
std::int64_t version_in(std::string_view name) {
  const auto at = name.rfind("-v");
  std::int64_t version = 0;
  if (at != std::string_view::npos) std::from_chars(name.data() + at + 2, name.data() + name.size(), version);
  return version;
}

}  // namespace

std::string name_of(const OutboxFile& file) {
  std::string name;
  for (const char c : file.destination) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name += plain ? c : '_';
  }
  return name + "-" + file.artifact + "-" + stable_id({file.care_id}) + "-v" + std::to_string(file.version) + ".json";
}

std::string file_artifact(std::string_view artifact) { return std::string(artifact) + "-file"; }

Result<OutboxItem> mark_filed(Store& store, std::int64_t seq, std::string_view by, Instant now) {
  BHI_TRY(auto item, store.outbox_item(seq));
  if (!item) return Error{Kind::NotFound, "no outbox item " + std::to_string(seq)};
  if (item->state != OutboxState::Parked || item->rung != kOutboxFile || !item->reason.starts_with(kNotFiled)) {
    return Error{Kind::Conflict, "outbox item " + std::to_string(seq) + " does not wait for a file to be filed"};
  }
  const std::string rest = item->reason.substr(kNotFiled.size());
  const std::string file = rest.substr(0, rest.find(';'));
  Settled settled;
  item->state = OutboxState::Verified;
  item->reason = "filed by hand: " + file;
  item->trouble.clear();
  settled.item = *item;
  Ledger ledger;
  ledger.destination = item->destination;
  ledger.artifact = file_artifact(item->artifact);
  ledger.care_id = item->care_id;
  ledger.type = kOutboxFile;
  ledger.id = file;
  ledger.care_version = version_in(file);
  settled.ledger = std::move(ledger);
  const Artifact* artifact = find_artifact(item->artifact);
  const std::string kind(artifact == nullptr ? "outbox" : artifact->kind);
  settled.audit.push_back({"file", std::string(by), kind + "/" + item->care_id, "filed by hand: " + file, now});
  BHI_CHECK(store.settle(settled));
  return *item;
}

}  // namespace bhi::flow
