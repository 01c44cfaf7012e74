// The registry: one row per patient of the caseload, what needs attention in it, and the order of the review meeting.
//
// A row is made from a record and a time; the list, its order, reminders and statistics are made from rows alone.
#pragma once

#include "base/instant.h"
#include "care/billing.h"
#include "care/model.h"
#include "care/model_practice.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

// Intervals of the flags. Marked (U) in caseload.cpp's table where no public source states them.
struct CaseloadPolicy {
  int score_old_days = 28;
  int contact_old_days = 30;
  int contact_very_old_days = 60;
  int answer_days = 7;
  int review_old_days = 28;
  int not_improved_weeks = 8;
  int worse_by_points = 5;
};

struct ScoreTrack {
  std::string instrument;
  std::optional<double> baseline;  // first score from 30 days before the enrolment on
  std::string baseline_on;
  std::optional<double> last;
  std::string last_on;
  std::optional<double> previous;
  std::optional<double> change;  // last - baseline
  std::optional<int> percent;    // of the baseline, rounded toward zero; negative: lower
  bool worse = false;            // than the previous: by 5 points, or in a higher band
  bool operator==(const ScoreTrack&) const = default;
};

struct CaseloadRow {
  std::string patient;
  std::string name;
  std::string episode;
  std::string state;
  std::string enrolled;  // date at the practice
  int weeks = 0;         // in treatment
  std::string pcp;       // team members
  std::string care_manager;
  std::string clinic;
  std::vector<ScoreTrack> scores;  // in order of the instrument's id
  std::string safety;              // open | review (too old to page) | unknown | none: the most urgent
  std::string last_contact;        // reached
  std::string next_contact;        // due
  int contacts_this_month = 0;     // reached
  std::string last_review;         // by the psychiatric consultant
  std::optional<int> days_since_review;
  std::string answers;                   // none | waiting | overdue: of the treating clinician
  std::string answer_due;                // the earliest of those waiting
  std::vector<std::string> medications;  // psychotropic ingredients, active
  std::string medication_changed;
  int minutes_this_month = 0;
  int minutes_threshold = 0;       // of the month's first code; 0: none
  std::string consent;             // service: missing | given | declined | expired | revoked
  bool improved = false;           // PHQ-9 baseline >= 10, now below 10 or half
  std::string relapse_plan;        // id of the plan that has one
  std::vector<std::string> flags;  // ids of caseload_flags(), in its order
  int place = 0;                   // in the review order: that of its first flag
  bool operator==(const CaseloadRow&) const = default;
};

struct CaseloadFlag {
  std::string_view id;
  std::string_view text;
  int place = 0;              // in the review, 1 first
  bool needs_review = false;  // its interval or rule is not confirmed ("needs clinical review")
};
std::span<const CaseloadFlag> caseload_flags();

struct CaseloadContext {
  const Practice& practice;
  const TimeZone& zone;
  const PayerRule& payer;
  CaseloadPolicy policy = {};
};

// The patient's row; empty when there is no episode on the caseload. `also`: flags that other rules found
// ("lab-overdue", "refill-gap").
std::optional<CaseloadRow> caseload_row(const Record& record, const CaseloadContext& context,
                                        std::span<const std::string> also, Instant now);

// By place, then longest since (or never) reviewed, then patient id: always the same for the same rows.
void put_in_review_order(std::vector<CaseloadRow>& rows);

struct Reminder {
  std::string patient;
  std::string kind;  // safety | contact | score | review | answer | consent | lab | refill
  std::string role;  // who is reminded
  std::string due;   // date; empty: now
  bool operator==(const Reminder&) const = default;
};

// What is due by `until` (a date), by date then patient. Nothing a patient declined is asked for.
std::vector<Reminder> reminders(std::span<const CaseloadRow> rows, std::string_view until);

struct CaseloadStatistics {
  int size = 0;
  int active = 0;
  int on_hold = 0;
  int relapse_prevention = 0;
  int with_baseline = 0;  // PHQ-9 of at least 10 at baseline, and a later score
  int improved = 0;       // of those
  int contacted = 0;      // reached since `since`
  int reviewed = 0;       // by the consultant since `since`
  int safety_open = 0;
  int answers_overdue = 0;
  int minutes_this_month = 0;
  bool operator==(const CaseloadStatistics&) const = default;
};

CaseloadStatistics statistics(std::span<const CaseloadRow> rows, std::string_view since);

// When the answer to a recommendation is due: as stated, else some days after the review.
std::string answer_deadline(const CaseReview& review, const Recommendation& recommendation, int answer_days);

}  // namespace bhi::care
