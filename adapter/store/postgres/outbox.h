// Table outbox: what is to be written to an EHR, in lanes. Lanes and turns mean what ../outbox.h says; whose turn it is
// stands in the lane's row of `turn` (lanes.h).
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres/copies.h"
#include "store/postgres/job.h"
#include "store/postgres/lanes.h"
#include "store/seal.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

void add_intents(Pipeline& line, const Keyring& keys, const std::vector<flow::OutboxItem>& items);

// Of two jobs that change one item, the later waits for the next transaction.
inline std::string key_of_item(std::int64_t seq) { return "outbox " + std::to_string(seq); }

// Durable before the request goes out. Conflict: see ../outbox.h, note_sent().
class MarkSent final : public Job {
 public:
  MarkSent(const flow::OutboxItem& item, const flow::AuditEntry& entry, const Keyring& keys);
  std::vector<std::string> decides_by() const override { return {key_of_item(item_.seq)}; }
  void write_all(Pipeline& line, std::span<Job* const> alike) override;
  void look(Pipeline& line) override;
  std::optional<Error> verdict(const Pipeline& line) const override;

 private:
  const flow::OutboxItem& item_;  // lent, as all
  const flow::AuditEntry& entry_;
  const Keyring& keys_;
  std::size_t looked_ = 0;
};

// Conflict when the item is already Verified or Superseded. A Parked or Dead one may be set free again.
class Settle final : public Job {
 public:
  Settle(const flow::Settled& settled, const Keyring& keys);
  std::vector<std::string> decides_by() const override;
  void ask(Pipeline& line) override;
  void write_all(Pipeline& line, std::span<Job* const> alike) override;
  void look(Pipeline& line) override;
  std::optional<Error> verdict(const Pipeline& line) const override;

 private:
  void write_rest(Pipeline& line);

  const flow::Settled& settled_;
  const Keyring& keys_;
  CopyBook copies_;
  std::size_t looked_ = 0;
};

// Every Sent item becomes Unknown.
class Recover final : public Job {
 public:
  std::size_t moved() const { return moved_; }
  void ask(Pipeline& line) override;
  void write(Pipeline& line) override;

 private:
  std::size_t found_ = 0, moved_ = 0;
};

// Urgent ones first, then the order of their making.
Result<std::vector<flow::OutboxItem>> due_items(Pipeline& line, const Keyring& keys, Instant now, std::size_t limit,
                                                const Parts& parts);
Result<std::vector<flow::OutboxItem>> outbox_of(Pipeline& line, const Keyring& keys, std::string_view patient,
                                                std::size_t limit);
Result<std::optional<flow::OutboxItem>> outbox_at(Pipeline& line, const Keyring& keys, std::int64_t seq);
Result<std::vector<flow::OutboxItem>> outbox_in(Pipeline& line, const Keyring& keys,
                                                const std::vector<flow::OutboxState>& states, std::int64_t before,
                                                std::size_t limit);

}  // namespace bhi::store::postgres
