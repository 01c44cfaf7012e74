#include "care/caseload.h"

#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bhi::care::test {
namespace {

struct Clinic {
  Practice practice = cocm_practice();
  TimeZone zone = TimeZone::find(practice.time_zone).value();
  PayerRule payer = practice.payers.front();

  CaseloadRow row(std::vector<Change> more, std::vector<std::string> also = {}, Instant now = kNow) const {
    std::vector<Change> changes{act_of("a1", "enrol", "2026-09-01"), act_of("a2", "start-treatment", "2026-09-02"),
                                consent_of("con1", "2026-09-01")};
    for (Change& change : more) changes.push_back(std::move(change));
    const CaseloadContext context{practice, zone, payer, {}};
    const auto made = caseload_row(apply_all(changes).after, context, also, now);
    EXPECT_TRUE(made.has_value());
    return made.value_or(CaseloadRow{});
  }
};

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) text += (text.empty() ? "" : " ") + one;
  return text;
}

ScreeningReport phq9(std::string_view id, int total, std::string_view authored) {
  ScreeningReport report = score_only("44261-6", total, authored, id);
  report.source.updated = authored;
  return report;
}

// Lately reached, scored and reviewed, so that nothing is overdue.
std::vector<Change> in_order() {
  return {contact_of("k1", "2026-11-15T15:00:00Z", 20), phq9("s0", 16, "2026-09-01T12:00:00Z"),
          phq9("s1", 12, "2026-11-01T12:00:00Z"), phq9("s2", 7, "2026-11-15T15:10:00Z"), review_of("v1", "2026-11-12")};
}

std::vector<Change> in_order_and(std::vector<Change> more) {
  std::vector<Change> changes = in_order();
  for (Change& change : more) changes.push_back(std::move(change));
  return changes;
}

TEST(Caseload, ARowHasTheColumnsOfTheRegistry) {
  MedicationTherapy therapy;
  therapy.id = "m1";
  therapy.source = ehr("m1", "2026-10-01T00:00:00Z", "1", "MedicationRequest");
  therapy.status = "active";
  therapy.intent = "order";
  therapy.text = "Sertraline 50 MG";
  therapy.authored = "2026-10-01";
  const CaseloadRow row = Clinic().row(in_order_and(
      {therapy, TeamAssignment{"t1", "pat1", "pcp", "pcp1", "North", false, {"cm1", "2026-09-01T00:00:00Z"}},
       TeamAssignment{"t2", "pat1", "care-manager", "cm1", "", false, {"cm1", "2026-09-01T00:00:00Z"}}}));
  EXPECT_EQ(row.patient, "pat1");
  EXPECT_EQ(row.state, "active");
  EXPECT_EQ(row.enrolled, "2026-09-01");
  EXPECT_EQ(row.weeks, 11);
  EXPECT_EQ(row.pcp, "pcp1");
  EXPECT_EQ(row.care_manager, "cm1");
  EXPECT_EQ(row.clinic, "North");
  ASSERT_EQ(row.scores.size(), 1U);
  EXPECT_EQ(row.scores[0].baseline, 16);
  EXPECT_EQ(row.scores[0].previous, 12);
  EXPECT_EQ(row.scores[0].last, 7);
  EXPECT_EQ(row.scores[0].change, -9);
  EXPECT_EQ(row.scores[0].percent, -56);
  EXPECT_TRUE(row.improved);
  EXPECT_EQ(row.contacts_this_month, 1);
  EXPECT_EQ(row.minutes_this_month, 20);
  EXPECT_EQ(row.minutes_threshold, 36) << "the first month with minutes";
  EXPECT_EQ(row.medications, std::vector<std::string>{"sertraline"});
  EXPECT_EQ(row.days_since_review, 10);
  EXPECT_EQ(row.consent, "given");
}

struct FlagCase {
  std::string_view name;
  std::vector<Change> changes;
  std::string_view flags;
};

TEST(Caseload, FlagsSayWhatNeedsAttention) {
  CaseReview asked = review_of("v2", "2026-11-13");
  asked.recommendations = {{"r1", "medication", "raise the dose", "pcp1", "", ""}};
  Contact next = contact_of("k2", "2026-11-16T15:00:00Z", 5);
  next.next_due = "2026-11-20";
  CarePlan relapse = plan_of();
  relapse.relapse_prevention = "call when sleep goes";
  Partnership declines;
  declines.id = "w1";
  declines.declines = {{"phq-9", "2026-10-01", "finds it intrusive"}};
  declines.recorded = {"cm1", "2026-10-01T00:00:00Z"};
  const std::vector<FlagCase> cases{
      {"improved without a plan for relapse", in_order(), "relapse-prevention"},
      {"improved with it", in_order_and({relapse}), ""},
      {"nothing yet", {}, "never-reviewed no-contact-60 score-old"},
      {"declined the form", {declines, contact_of("k1", "2026-11-15T15:00:00Z", 1), review_of("v1", "2026-11-12")}, ""},
      {"not reached for 31 days",
       {contact_of("k1", "2026-10-21T15:00:00Z", 20), phq9("s2", 5, "2026-11-15T15:10:00Z"),
        review_of("v1", "2026-11-12")},
       "no-contact-30"},
      {"no response by week 8",
       {contact_of("k1", "2026-11-15T15:00:00Z", 20), phq9("s0", 16, "2026-09-01T12:00:00Z"),
        phq9("s1", 15, "2026-11-15T12:00:00Z"), review_of("v1", "2026-11-12")},
       "not-improved"},
      {"worse by five points", in_order_and({phq9("s3", 12, "2026-11-16T12:00:00Z"), relapse}), "not-improved worse"},
      {"in a higher band", in_order_and({phq9("s3", 10, "2026-11-16T12:00:00Z"), relapse}), "not-improved worse"},
      {"asked for", in_order_and({relapse, CaseFlag{"g", "pat1", "", true, {"cm1", "2026-11-20T00:00:00Z"}}}),
       "for-review"},
      {"asked for and taken back",
       in_order_and({relapse, CaseFlag{"g", "pat1", "", true, {"cm1", "2026-11-20T00:00:00Z"}},
                     CaseFlag{"g", "pat1", "", false, {"cm1", "2026-11-21T00:00:00Z"}}}),
       ""},
      {"contact due", in_order_and({relapse, next}), "contact-due"},
      {"an answer is owed", in_order_and({relapse, asked}), "answer-overdue"},
      {"it was given", in_order_and({relapse, asked, answer_of("n1", "v2", "r1", "declined", "2026-11-21T08:00:00Z")}),
       ""},
      {"consent taken back",
       in_order_and({relapse, RevokeConsent{"con1", "pat1", "", {"cm1", "2026-11-20T00:00:00Z"}}}), "consent-missing"},
      {"reviewed long ago",
       {contact_of("k1", "2026-11-15T15:00:00Z", 20), phq9("s2", 5, "2026-11-15T15:10:00Z"),
        review_of("v1", "2026-10-10")},
       "review-old"},
      {"on hold nothing is owed but safety", {act_of("a3", "hold", "2026-10-01")}, ""},
      {"self-harm", in_order_and({relapse, report_of("phq-9", {0, 0, 0, 0, 0, 0, 0, 0, 1}, "2026-11-20T10:00:00Z")}),
       "safety"},
  };
  for (const FlagCase& one : cases) {
    Clinic clinic;
    EXPECT_EQ(joined(clinic.row(one.changes).flags), one.flags) << one.name;
  }
}

TEST(Caseload, APracticeWithoutAConsultantOwesNoReview) {
  Clinic clinic;
  clinic.practice.care_model = "integrated";
  const CaseloadRow row = clinic.row({});
  EXPECT_EQ(joined(row.flags), "no-contact-60 score-old");
}

TEST(Caseload, FlagsOfOtherRulesJoin) {
  const CaseloadRow row = Clinic().row(in_order(), {"lab-overdue"});
  EXPECT_EQ(joined(row.flags), "lab-overdue relapse-prevention");
  EXPECT_EQ(row.place, 6);
}

TEST(Caseload, WhoIsNotEnrolledHasNoRow) {
  const Clinic clinic;
  const CaseloadContext context{clinic.practice, clinic.zone, clinic.payer, {}};
  EXPECT_FALSE(caseload_row({}, context, {}, kNow));
  EXPECT_FALSE(caseload_row(apply_all({act_of("a1", "reach-out", "2026-01-01")}).after, context, {}, kNow));
}

CaseloadRow row_of(std::string_view patient, int place, std::optional<int> days) {
  CaseloadRow row;
  row.patient = patient;
  row.place = place;
  row.days_since_review = days;
  return row;
}

TEST(ReviewOrder, IsByPlaceThenLongestSinceReviewThenPatient) {
  std::vector<CaseloadRow> rows{row_of("d", 4, 3),  row_of("a", 9, 1),  row_of("c", 4, 20),
                                row_of("b", 4, 20), row_of("z", 4, {}), row_of("e", 1, 1)};
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(rows, random);
    put_in_review_order(rows);
    std::string order;
    for (const CaseloadRow& row : rows) order += row.patient;
    ASSERT_EQ(order, "ezbcda");
  }
}

TEST(Caseload, RemindersAreOneOfAKindAndInOrderOfTheirDates) {
  CaseloadRow late = row_of("b", 6, {});
  late.flags = {"no-contact-30", "contact-due", "lab-overdue"};
  late.next_contact = "2026-11-01";
  CaseloadRow soon = row_of("a", 9, {});
  soon.next_contact = "2026-11-25";
  soon.answer_due = "2026-11-24";
  CaseloadRow later = row_of("c", 9, {});
  later.next_contact = "2026-12-25";
  std::string text;
  for (const Reminder& one : reminders(std::vector{late, soon, later}, "2026-11-30")) {
    text += one.patient + " " + one.kind + " " + one.role + " " + one.due + "; ";
  }
  EXPECT_EQ(text, "b contact care-manager ; b lab pcp ; a answer pcp 2026-11-24; a contact care-manager 2026-11-25; ");
}

TEST(Caseload, StatisticsCountTheRows) {
  const Clinic clinic;
  const std::vector rows{clinic.row(in_order()), clinic.row({act_of("a3", "hold", "2026-10-01")}),
                         clinic.row({phq9("s0", 16, "2026-09-01T12:00:00Z"), phq9("s1", 15, "2026-11-15T12:00:00Z")})};
  const CaseloadStatistics sums = statistics(rows, "2026-11-01");
  EXPECT_EQ(sums.size, 3);
  EXPECT_EQ(sums.active, 2);
  EXPECT_EQ(sums.on_hold, 1);
  EXPECT_EQ(sums.with_baseline, 2);
  EXPECT_EQ(sums.improved, 1);
  EXPECT_EQ(sums.contacted, 1);
  EXPECT_EQ(sums.reviewed, 1);
  EXPECT_EQ(sums.minutes_this_month, 20);
}

}  // namespace
}  // namespace bhi::care::test
