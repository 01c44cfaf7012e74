// What the API shows of all patients at once, kept in memory and brought up to date when it is asked for: the practice,
// the caseload, billing months, measures.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "base/time_zone.h"
#include "care/billing.h"
#include "care/caseload.h"
#include "care/measures.h"
#include "flow/practice.h"
#include "service/change_bell.h"
#include "service/patient_memo.h"

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace bhi::service {

using PracticePtr = std::shared_ptr<const flow::LoadedPractice>;

struct CaseloadView {
  std::shared_ptr<const std::vector<care::CaseloadRow>> rows;  // in review order
  Instant at{};                                                // made, or last found unchanged
  std::int64_t seq = 0;                                        // of the last event in it
};

class CareBoard {
 public:
  // The store is lent and outlives the board.
  CareBoard(flow::Store& store, std::function<Instant()> now) : store_(store), now_(std::move(now)) {}

  ChangeBell& bell() { return bell_; }

  Result<PracticePtr> practice();
  void forget_practice();  // it was changed

  // The practice's clock; UTC while it has entered none.
  static TimeZone zone_of(const flow::LoadedPractice& practice);

  // Rows are of the practice's day: they are made anew when it ends, and when the practice changes.
  Result<CaseloadView> caseload(const std::stop_token& stop = {});

  // Until stopped: keeps the caseload warm, so that nobody waits for a new day's first list, and forgets events that
  // are older than `keep_days`.
  void keep(std::stop_token stop, int keep_days);

  // By patient, those with an episode on the caseload in that month or with minutes. `payer` rule: the practice's
  // first.
  Result<std::vector<care::BillingMonth>> billing(std::chrono::year_month month);
  // By patient, everybody, with the reason.
  Result<std::vector<care::Verdict>> verdicts(const std::string& measure, const care::MeasurePeriod& period);

 private:
  Result<void> forget_before(Instant moment);

  template <typename T>
  struct Reports {
    std::mutex mutex;
    std::list<PatientMemo<T>> kept;  // last used first, few
  };
  template <typename T>
  Result<std::vector<T>> report(Reports<T>& reports, const std::string& key,
                                const typename PatientMemo<T>::Compute& compute);

  flow::Store& store_;
  std::function<Instant()> now_;
  ChangeBell bell_;
  std::mutex practice_mutex_;
  PracticePtr practice_;  // guarded by practice_mutex_; null: to be read
  std::mutex caseload_mutex_;
  PatientMemo<care::CaseloadRow> rows_;  // this and the next guarded by caseload_mutex_
  CaseloadView view_;
  Reports<care::BillingMonth> months_;
  Reports<care::Verdict> verdicts_;
};

}  // namespace bhi::service
