// The care room: one change to a patient of five years, and a caseload of 10,000 patients.
// Goals: apply <= 50 us, caseload list <= 100 ms. Seeded, so that runs compare.
#include "care/apply.h"
#include "care/caseload.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace {

using namespace bhi;
using namespace bhi::care;

const Instant kStart = *instant_from("2022-01-03T15:00:00Z");
const Instant kNow = *instant_from("2026-12-31T12:00:00Z");

std::string day(int n) { return to_text(kStart + std::chrono::days{n}); }

Contact contact(const std::string& id, int on) {
  Contact made;
  made.id = id;
  made.patient = "p";
  made.member = "cm1";
  made.role = "care-manager";
  made.start = day(on);
  made.minutes = 20;
  made.with = "patient";
  made.modality = "in-person";
  made.outcome = "reached";
  made.activities = {"brief-intervention"};
  made.setting = "community";
  made.status = "final";
  made.recorded = {"cm1", day(on)};
  return made;
}

ScreeningReport phq9(const std::string& id, int on) {
  static constexpr const char* kItems[] = {"44250-9", "44255-8", "44259-0", "44254-1", "44251-7",
                                           "44258-2", "44252-5", "44253-3", "44260-8"};
  ScreeningReport report;
  report.id = id;
  report.patient = "p";
  report.source = {"main-ehr", "QuestionnaireResponse", id, "1", day(on)};
  report.status = "completed";
  report.authored = day(on);
  report.codes = {{"http://loinc.org", "44249-1", ""}};
  for (int i = 0; i < 9; ++i) {
    ReportedItem item;
    item.link_id = std::to_string(i);
    item.codes = {{"http://loinc.org", kItems[i], ""}};
    item.type = "choice";
    ReportedAnswer answer;
    answer.number = i == 8 ? 0 : (on / 30 + i) % 4;
    item.answers = {answer};
    report.items.push_back(item);
  }
  return report;
}

// `days` of care: a contact a week, a PHQ-9 every four weeks, a review a month.
Record history(int days) {
  std::vector<Change> changes;
  const auto act = [&](const char* id, const char* what, int on) {
    EpisodeAct made;
    made.id = id;
    made.patient = "p";
    made.episode = "e";
    made.act = what;
    made.at = day(on);
    made.by = "cm1";
    changes.emplace_back(made);
  };
  act("a1", "enrol", 0);
  act("a2", "start-treatment", 1);
  Consent consent;
  consent.id = "con";
  consent.patient = "p";
  consent.kind = "service";
  consent.decision = "given";
  consent.method = "verbal";
  consent.starts = day(0);
  consent.recorded = {"cm1", day(0)};
  changes.emplace_back(consent);
  for (int on = 0; on < days; on += 7) changes.emplace_back(contact("k" + std::to_string(on), on));
  for (int on = 0; on < days; on += 28) changes.emplace_back(phq9("s" + std::to_string(on), on));
  for (int on = 20; on < days; on += 30) {
    CaseReview review;
    review.id = "v" + std::to_string(on);
    review.patient = "p";
    review.date = day(on).substr(0, 10);
    review.discussed = true;
    review.status = "final";
    review.recorded = {"cm1", day(on)};
    changes.emplace_back(review);
  }
  return apply({}, changes, {}, kNow).after;
}

// A record as it is read from a store, entry by entry: lists have the room that grew with them.
Record as_loaded(const Record& record) {
  Record loaded;
  loaded.patient = record.patient;
  std::apply(
      [&](const auto&... lists) {
        const auto load = [&]<typename T>(const std::vector<T>& list) {
          for (const T& one : list) list_of<T>(loaded).push_back(one);
        };
        (load(lists), ...);
      },
      lists_of(record));
  return loaded;
}

void one_change(benchmark::State& state, const Change& change) {
  const Record before = history(5 * 365);
  for (auto unused : state) {
    state.PauseTiming();
    Record copy = as_loaded(before);
    state.ResumeTiming();
    Applied applied = apply(std::move(copy), std::span(&change, 1), {}, kNow);
    benchmark::DoNotOptimize(applied);
    state.PauseTiming();
    applied = {};
    state.ResumeTiming();
  }
  state.counters["entries"] =
      static_cast<double>(before.contacts.size() + before.screenings.size() + before.reviews.size());
}

void BM_ApplyContactToFiveYears(benchmark::State& state) { one_change(state, contact("new", 5 * 365 - 1)); }
void BM_ApplyScreeningToFiveYears(benchmark::State& state) { one_change(state, phq9("new", 5 * 365 - 1)); }

// From the records, as they are held, to the rows in review order.
void BM_CaseloadOfTenThousand(benchmark::State& state) {
  Practice practice;
  practice.care_model = "cocm";
  practice.time_zone = "America/New_York";
  practice.payers = {{"any", "cocm", true, false}};
  const TimeZone zone = TimeZone::find(practice.time_zone).value();
  const CaseloadContext context{practice, zone, practice.payers.front(), {}};
  std::vector<Record> kinds;
  for (int i = 0; i < 20; ++i) kinds.push_back(history(200 + 10 * i));
  for (auto unused : state) {
    std::vector<CaseloadRow> rows;
    for (std::size_t i = 0; i < 10000; ++i) {
      auto row = caseload_row(kinds[i % kinds.size()], context, {}, kNow);
      row->patient = std::to_string(i);
      rows.push_back(*std::move(row));
    }
    put_in_review_order(rows);
    benchmark::DoNotOptimize(rows);
  }
}

BENCHMARK(BM_ApplyContactToFiveYears)->Unit(benchmark::kMicrosecond)->Iterations(2000);
BENCHMARK(BM_ApplyScreeningToFiveYears)->Unit(benchmark::kMicrosecond)->Iterations(2000);
BENCHMARK(BM_CaseloadOfTenThousand)->Unit(benchmark::kMillisecond);

}  // namespace
