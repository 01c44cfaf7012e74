// Table inbox: what came in and what became of it.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres/copies.h"
#include "store/postgres/job.h"
#include "store/postgres/lanes.h"
#include "store/seal.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

// Rows, copies and cursors of one batch. What becomes of each resource: ../rules.h, take_of().
class Accept final : public Job {
 public:
  Accept(const flow::Accepted& batch, const Keyring& keys);
  const flow::AcceptOutcome& outcome() const { return outcome_; }

  std::vector<std::string> decides_by() const override;
  void ask(Pipeline& line) override;
  void write(Pipeline& line) override;

 private:
  const flow::Accepted& batch_;  // lent
  CopyBook copies_;
  flow::AcceptOutcome outcome_;
};

// Notes what became of pending items; they and their lanes are locked on the way.
class Outcomes {
 public:
  // Before anything else of the job is written. Guarded: one of them is not pending (any more).
  void write(Pipeline& line, const std::vector<flow::InboxOutcome>& outcomes);
  // After a guard failed: Conflict when one of them is not pending.
  void look(Pipeline& line, const std::vector<flow::InboxOutcome>& outcomes);
  std::optional<Error> verdict(const Pipeline& line, const std::vector<flow::InboxOutcome>& outcomes) const;

 private:
  std::size_t looked_ = 0;
};

// Back to pending; the former reason and issues go.
class Requeue final : public Job {
 public:
  explicit Requeue(std::int64_t seq) : seq_(seq) {}
  explicit Requeue(std::string_view reason) : reason_(reason) {}
  std::size_t moved() const { return moved_; }

  void ask(Pipeline& line) override;
  void write(Pipeline& line) override;

 private:
  std::optional<std::int64_t> seq_;
  std::string_view reason_;
  std::size_t found_ = 0, moved_ = 0;
};

// Lanes with pending items, the one with the oldest first.
Result<std::vector<std::string>> lanes_with_work(Pipeline& line, std::size_t limit, const Parts& parts);
Result<std::vector<flow::InboxItem>> pending_of(Pipeline& line, const Keyring& keys, std::string_view lane,
                                                std::size_t limit);
// Newest first.
Result<std::vector<flow::Store::InboxRow>> inbox_in(Pipeline& line, const Keyring& keys, flow::InboxState state,
                                                    std::size_t limit, std::int64_t before);
// Only as it stands at its source: an older version that was put aside counts no more.
Result<std::optional<flow::InboxState>> find_unread_consent(Pipeline& line, std::string_view lane);

}  // namespace bhi::store::postgres
