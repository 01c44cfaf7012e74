#include "service/care_board.h"

#include "care/medication_review.h"
#include "service/json_text.h"
#include "service/log.h"

#include <algorithm>
#include <condition_variable>

namespace bhi::service {

namespace {

constexpr std::size_t kReportsKept = 3;
constexpr std::chrono::seconds kRound{30};
constexpr int kRoundsAnHour = 120;

// Flags of other rules. A test that was done is not in the record, so "lab-overdue" cannot be told here.
std::vector<std::string> medication_flags(const care::Record& record, Instant now) {
  const std::string_view born = record.patient ? std::string_view(record.patient->birth_date) : std::string_view();
  const auto notes = care::review_medication({record.medications, {}, born}, now);
  const bool gap = std::ranges::any_of(
      notes, [](const care::MedicationNote& note) { return note.rule == "refill-gap" && note.overdue; });
  return gap ? std::vector<std::string>{"refill-gap"} : std::vector<std::string>{};
}

using Rows = std::vector<care::CaseloadRow>;

bool stands_before(const care::CaseloadRow& a, const care::CaseloadRow& b) {
  Rows pair = {b, a};
  care::put_in_review_order(pair);
  return pair.front().patient == a.patient;
}

// OPTIMIZATION: the list is in order but for the few rows that changed; to order all of it again costs 10 times as
// much.
Rows with_changes(const Rows& before, const std::map<std::string, care::CaseloadRow>& now,
                  const std::set<std::string>& changed) {
  Rows rows;
  rows.reserve(now.size());
  std::ranges::copy_if(before, std::back_inserter(rows),
                       [&](const care::CaseloadRow& row) { return !changed.contains(row.patient); });
  for (const std::string& patient : changed) {
    const auto found = now.find(patient);
    if (found == now.end()) continue;
    rows.insert(std::ranges::upper_bound(rows, found->second, stands_before), found->second);
  }
  return rows;
}

// What of the practice a computed value depends on; two practices with the same key give the same values.
std::string key_of(const flow::LoadedPractice& practice) {
  std::string key;
  for (const auto& [place, version] : practice.versions) {
    if (place.first == "Practice") key += place.second + "/" + std::to_string(version);
  }
  return key;
}

}  // namespace

TimeZone CareBoard::zone_of(const flow::LoadedPractice& practice) {
  if (auto zone = TimeZone::find(practice.record.practice.time_zone); zone.ok()) return *zone;
  return *TimeZone::find("UTC");
}

Result<PracticePtr> CareBoard::practice() {
  const std::lock_guard lock(practice_mutex_);
  if (practice_ == nullptr) {
    BHI_TRY(auto loaded, flow::load_practice(store_));
    practice_ = std::make_shared<const flow::LoadedPractice>(std::move(loaded));
  }
  return practice_;
}

void CareBoard::forget_practice() {
  const std::lock_guard lock(practice_mutex_);
  practice_ = nullptr;
}

Result<CaseloadView> CareBoard::caseload(const std::stop_token& stop) {
  BHI_TRY(const auto known, practice());
  const Instant now = now_();
  const TimeZone zone = zone_of(*known);
  const std::string key = key_of(*known) + " " + to_text(zone.date_of(now));
  const std::lock_guard lock(caseload_mutex_);
  const auto payer = care::payer_rule(known->record.practice, "");
  const care::CaseloadContext context{known->record.practice, zone, payer, {}};
  BHI_TRY(const auto updated, rows_.update(
                                  store_, key,
                                  [&](const care::Record& record) {
                                    return care::caseload_row(record, context, medication_flags(record, now), now);
                                  },
                                  stop));
  if (updated.all || view_.rows == nullptr) {
    auto rows = std::make_shared<Rows>();
    rows->reserve(rows_.values().size());
    for (const auto& [patient, row] : rows_.values()) rows->push_back(row);
    care::put_in_review_order(*rows);
    view_.rows = std::move(rows);
  } else if (!updated.patients.empty()) {
    view_.rows = std::make_shared<Rows>(with_changes(*view_.rows, rows_.values(), updated.patients));
  }
  view_.at = now;
  view_.seq = rows_.seq();
  return view_;
}

// Nothing is written when there is nothing to forget.
Result<void> CareBoard::forget_before(Instant moment) {
  BHI_TRY(const auto oldest, store_.events(0, 1));
  if (oldest.empty() || oldest.front().at >= moment) return {};
  BHI_TRY(const auto count, store_.forget_events(moment));
  log_event(LogLevel::Info, "events forgotten", JsonObject().number("events", static_cast<std::int64_t>(count)));
  return {};
}

void CareBoard::keep(std::stop_token stop, int keep_days) {
  const auto trouble = [](const char* what, const Error& error) {
    log_event(LogLevel::Warn, what, JsonObject().text("reason", error.message));
  };
  if (const auto known = practice(); known.ok() && !(*known)->has_team()) {
    log_event(LogLevel::Warn, "no team entered (/care/practice): every bhi-app token may do everything");
  }
  std::mutex mutex;
  std::condition_variable_any woken;
  for (int round = 0; !stop.stop_requested(); ++round) {
    if (const auto view = caseload(stop); !view.ok() && !stop.stop_requested()) trouble("caseload", view.error());
    if (round % kRoundsAnHour == 0) {
      const auto forgotten = forget_before(now_() - std::chrono::days(keep_days));
      if (!forgotten.ok()) trouble("forgetting events", forgotten.error());
    }
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, kRound, [] { return false; });
  }
}

template <typename T>
Result<std::vector<T>> CareBoard::report(Reports<T>& reports, const std::string& key,
                                         const typename PatientMemo<T>::Compute& compute) {
  // One report is made at a time: the second caller gets what the first one made.
  const std::lock_guard lock(reports.mutex);
  auto found = std::ranges::find(reports.kept, key, &PatientMemo<T>::key);
  if (found == reports.kept.end()) {
    if (reports.kept.size() == kReportsKept) reports.kept.pop_back();
    reports.kept.emplace_front();
    found = reports.kept.begin();
  }
  reports.kept.splice(reports.kept.begin(), reports.kept, found);
  BHI_TRY(const auto updated, found->update(store_, key, compute));
  static_cast<void>(updated);
  std::vector<T> values;
  for (const auto& [patient, value] : found->values()) values.push_back(value);
  return values;
}

Result<std::vector<care::BillingMonth>> CareBoard::billing(std::chrono::year_month month) {
  BHI_TRY(const auto known, practice());
  const TimeZone zone = zone_of(*known);
  const auto payer = care::payer_rule(known->record.practice, "");
  const care::BillingContext context{known->record.practice, zone, payer, {}, {}};
  return report<care::BillingMonth>(months_, key_of(*known) + " " + care::month_text(month),
                                    [&](const care::Record& record) -> std::optional<care::BillingMonth> {
                                      if (record.episodes.empty() && record.contacts.empty()) return std::nullopt;
                                      auto made = care::billing_month(record, month, context);
                                      if (made.episode.empty() && made.pieces.empty()) return std::nullopt;
                                      if (made.patient.empty() && record.patient) made.patient = record.patient->id;
                                      return made;
                                    });
}

Result<std::vector<care::Verdict>> CareBoard::verdicts(const std::string& measure, const care::MeasurePeriod& period) {
  BHI_TRY(const auto tried, care::measure(measure, {}, {}, period));  // unknown, not computed, a wrong period
  static_cast<void>(tried);
  return report<care::Verdict>(verdicts_, measure + " " + period.start + " " + period.end,
                               [&](const care::Record& record) -> std::optional<care::Verdict> {
                                 const auto verdict = care::measure(measure, record, {}, period);
                                 if (!verdict.ok()) return std::nullopt;
                                 return *verdict;
                               });
}

}  // namespace bhi::service
