#include "service/audit_seal.h"

#include "service/log.h"

#include <utility>

namespace bhi::service {

Result<std::optional<flow::AuditRow>> AuditSeal::newest() {
  const auto behind = [this](std::int64_t seq) -> Result<std::optional<flow::AuditRow>> {
    BHI_TRY(auto rows, store_.audit_trail(seq, 1));
    if (rows.empty()) return std::optional<flow::AuditRow>();
    return std::optional(std::move(rows.front()));
  };
  // Records are numbered without gaps: the widest step behind which there still is one, then halves of it.
  std::int64_t low = known_ > 0 ? known_ - 1 : 0;
  BHI_TRY(auto found, behind(low));
  if (!found) return std::optional<flow::AuditRow>();
  std::int64_t step = 1;
  for (;; step *= 2) {
    BHI_TRY(auto next, behind(low + step));
    if (!next) break;
    low += step;
    found = std::move(next);
  }
  for (step /= 2; step > 0; step /= 2) {
    BHI_TRY(auto next, behind(low + step));
    if (!next) continue;
    low += step;
    found = std::move(next);
  }
  known_ = found->seq;
  return found;
}

void AuditSeal::log(std::string_view when) {
  const auto row = newest();
  if (!row.ok()) {
    log_event(LogLevel::Warn, "audit trail not sealed", JsonObject().text("reason", row.error().message));
  } else if (*row && (*row)->seq != logged_) {
    logged_ = (*row)->seq;
    log_event(LogLevel::Info, "audit trail sealed",
              JsonObject().text("when", when).number("seq", (*row)->seq).text("hash", (*row)->hash));
  }
}

}  // namespace bhi::service
