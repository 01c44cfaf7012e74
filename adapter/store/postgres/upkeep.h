// What is asked about the store as a whole: events, audit trail, counts, what goes by age. Tables event, audit, tail.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "flow/ports.h"
#include "store/audit_chain.h"
#include "store/postgres/job.h"
#include "store/sqlite_store.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bhi::store::postgres {

Result<std::vector<flow::Event>> events_after(Pipeline& line, std::int64_t after, std::size_t limit);
Result<flow::EventSpan> span_of_events(Pipeline& line);

// The oldest stretch whose times are all before; so what is kept has no gaps either, whatever a clock did.
class ForgetEvents final : public Job {
 public:
  explicit ForgetEvents(Instant before) : before_(before) {}
  std::size_t gone() const { return gone_; }
  void write(Pipeline& line) override;
  void hear(const Pipeline& line) override;

 private:
  Instant before_;
  std::size_t place_ = 0, gone_ = 0;
};

// Settled rows from before that moment, the oldest first; see ../retention.h.
class ForgetSettled final : public Job {
 public:
  ForgetSettled(Instant before, std::size_t limit) : before_(before), limit_(limit) {}
  flow::Forgotten gone() const { return gone_; }
  void ask(Pipeline& line) override;
  void write(Pipeline& line) override;
  void hear(const Pipeline& line) override;

 private:
  Instant before_;
  std::size_t limit_;
  std::size_t found_ = 0, sent_ = 0;
  flow::Forgotten gone_;
};

// Bytes of what is kept: texts and rows, not what the server's files take up (they do not shrink by themselves). Walks
// the table of texts.
Result<std::uint64_t> bytes_in_use(Pipeline& line);

Result<flow::Store::Counts> count_all(Pipeline& line, Instant now);

Result<std::vector<flow::AuditRow>> audit_rows(Pipeline& line, std::int64_t after, std::size_t limit);
// Walks the whole chain; see ../audit_chain.h. Who calls it holds a transaction open, so that all is of one moment.
Result<AuditReport> verify_chain(Connection& connection, const std::optional<AuditMark>& known);

}  // namespace bhi::store::postgres
