// The safety semantics of the architecture, line by line.
#include "care/safety.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

namespace bhi::care::test {
namespace {

ScreeningReport phq9(int item9, std::string_view authored = "2026-11-20T10:00:00Z", std::string_view id = "scr1") {
  return report_of("phq-9", {0, 0, 0, 0, 0, 0, 0, 0, item9}, authored, id);
}

std::string level_of(const Screening& screening) {
  return screening.safety.empty() ? "none" : screening.safety.front().level;
}

TEST(Safety, ItemNineAnsweredWithOneOrMoreIsPositiveWhateverTheTotal) {
  for (const int answer : {1, 2, 3}) {
    const Applied applied = apply_all({phq9(answer)});
    ASSERT_EQ(applied.after.safety.size(), 1U);
    const SafetyEvent& event = applied.after.safety[0];
    EXPECT_EQ(event.rule, "phq-9.item-9");
    EXPECT_EQ(event.level, "positive");
    EXPECT_EQ(event.state, "open");
    EXPECT_EQ(event.patient, "pat1");
    EXPECT_EQ(event.derived_from, "scr1");
    EXPECT_EQ(event.occurred, "2026-11-20T10:00:00Z");
    EXPECT_EQ(event.raised, "2026-11-22T12:00:00.000Z");
    EXPECT_EQ(event.note, "item 9 answered " + std::to_string(answer));
    const auto notices = intents_of(applied, Intent::Artifact::SafetyNotice);
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].id, event.id);
    EXPECT_TRUE(notices[0].urgent);
    EXPECT_FALSE(notices[0].substance_use);
    EXPECT_EQ(applied.after.screenings[0].safety, (std::vector<SafetyFinding>{{"phq-9.item-9", "positive"}}));
    EXPECT_EQ(applied.after.screenings[0].positive, false) << "total " << answer;
  }
}

TEST(Safety, ItemNineAnsweredWithZeroRaisesNothing) {
  const Applied applied = apply_all({phq9(0)});
  EXPECT_TRUE(applied.after.safety.empty());
  EXPECT_EQ(level_of(applied.after.screenings[0]), "negative");
}

TEST(Safety, AnUnfinishedResponseRaisesEventsThoughItGivesNoScore) {
  for (const char* status : {"in-progress", "stopped", "entered-in-error"}) {
    ScreeningReport report = phq9(2);
    report.status = status;
    const Applied applied = apply_all({report});
    EXPECT_FALSE(applied.after.screenings[0].total) << status;
    ASSERT_EQ(applied.after.safety.size(), 1U) << status;
    EXPECT_EQ(applied.after.safety[0].level, "positive") << status;
    EXPECT_EQ(intents_of(applied, Intent::Artifact::SafetyNotice).size(), 1U) << status;
    EXPECT_TRUE(intents_of(applied, Intent::Artifact::ScreeningResult).empty()) << status;
  }
  ScreeningReport partial = report_of("phq-9", {kBlank, kBlank, 1, kBlank, kBlank, kBlank, kBlank, kBlank, 1});
  EXPECT_EQ(apply_all({partial}).after.safety[0].level, "positive");
}

TEST(Safety, AnUnansweredItemIsUnknownAndListedButNobodyIsCalled) {
  const Applied applied = apply_all({phq9(kBlank)});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].level, "unknown");
  EXPECT_EQ(applied.after.safety[0].state, "open");
  EXPECT_EQ(applied.after.safety[0].note, "item 9 not answered");
  EXPECT_EQ(level_of(applied.after.screenings[0]), "unknown");
  EXPECT_TRUE(intents_of(applied, Intent::Artifact::SafetyNotice).empty());
}

TEST(Safety, AnItemThatTheFormDoesNotAskIsUnknown) {
  const Applied applied = apply_all({report_of("phq-9", {0, 1, 1, 1, 0, 0, 0, 0})});
  EXPECT_EQ(level_of(applied.after.screenings[0]), "unknown");
  EXPECT_EQ(applied.after.safety[0].note, "item 9 not asked");
}

TEST(Safety, ATotalWithoutItemsIsUnknownEvenWhenItIsZero) {
  for (const double total : {0.0, 13.0}) {
    for (const char* code : {"44261-6", "89204-2", "99046-5"}) {
      const Applied applied = apply_all({score_only(code, total)});
      EXPECT_EQ(level_of(applied.after.screenings[0]), "unknown") << code;
      ASSERT_EQ(applied.after.safety.size(), 1U) << code;
      EXPECT_EQ(applied.after.safety[0].note, "a total without its answers");
      EXPECT_TRUE(intents_of(applied, Intent::Artifact::SafetyNotice).empty());
    }
  }
}

TEST(Safety, InstrumentsWithoutASafetyItemHaveNoFinding) {
  EXPECT_TRUE(screening_of(report_of("phq-2", {3, 3})).safety.empty());
  EXPECT_TRUE(screening_of(score_only("70274-6", 20)).safety.empty());
}

TEST(Safety, AnAnswerThatCannotBeReadIsTreatedAsPossiblyPositive) {
  for (const ReportedAnswer& answer :
       {answer_text("sometimes"), answer_local("x", "prefer not to say"), answer_number(0.5)}) {
    ScreeningReport report = phq9(0);
    report.items[8].answers = {answer};
    const Applied applied = apply_all({report});
    ASSERT_EQ(applied.after.safety.size(), 1U);
    EXPECT_EQ(applied.after.safety[0].level, "unknown");
    EXPECT_EQ(applied.after.safety[0].note, "item 9 answered, but the answer cannot be read");
    EXPECT_EQ(intents_of(applied, Intent::Artifact::SafetyNotice).size(), 1U);
  }
}

TEST(Safety, AnAnswerAboveTheRangeIsPositive) {
  ScreeningReport report = phq9(0);
  report.items[8].answers = {answer_number(7)};
  EXPECT_EQ(apply_all({report}).after.safety[0].level, "positive");
}

TEST(Safety, OfTwoAnswersTheHigherCounts) {
  ScreeningReport report = phq9(0);
  report.items[8].answers = {answer_number(0), answer_number(2)};
  const Applied applied = apply_all({report});
  EXPECT_EQ(applied.after.safety[0].note, "item 9 answered 2");
  EXPECT_FALSE(applied.after.screenings[0].total);
}

TEST(Safety, WithoutASubjectTheEventIsUnassignedAndStillUrgent) {
  ScreeningReport report = phq9(3);
  report.patient.clear();
  const Applied applied = apply_all({report});
  EXPECT_EQ(applied.after.safety[0].patient, "");
  ASSERT_EQ(applied.intents.size(), 1U) << "no score is written for nobody";
  EXPECT_EQ(applied.intents[0].artifact, Intent::Artifact::SafetyNotice);
  EXPECT_TRUE(applied.intents[0].urgent);
}

TEST(Safety, OldEventsGoToTheReviewListWithTheirAge) {
  const Applied applied = apply_all({phq9(2, "2026-10-01T10:00:00Z")});
  EXPECT_EQ(applied.after.safety[0].state, "review");
  EXPECT_EQ(applied.after.safety[0].note, "item 9 answered 2; 52 days old when received");
  EXPECT_TRUE(intents_of(applied, Intent::Artifact::SafetyNotice).empty());
}

TEST(Safety, TheEdgeOfRecentIsTheConfiguredDay) {
  EXPECT_EQ(apply_all({phq9(2, "2026-11-08T12:00:00Z")}).after.safety[0].state, "open");
  EXPECT_EQ(apply_all({phq9(2, "2026-11-07T11:00:00Z")}).after.safety[0].state, "review");
  EXPECT_EQ(apply_all({phq9(2, "2026-11-07T11:00:00Z")}, {}, {.safety_recent_days = 15}).after.safety[0].state, "open");
}

TEST(Safety, ATimeThatIsMissingUnreadableOrVagueMayBeNow) {
  for (const char* authored : {"", "yesterday", "2026-11", "2026", "2026-11-08", "2027-01-01"}) {
    EXPECT_EQ(apply_all({phq9(2, authored)}).after.safety[0].state, "open") << authored;
  }
}

TEST(Safety, ALaterLowScoreClosesNothing) {
  const Applied applied = apply_all({phq9(2), phq9(0, "2026-11-21T10:00:00Z", "scr2")});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].state, "open");
}

TEST(Safety, ACorrectedAnswerClosesNothing) {
  ScreeningReport amended = phq9(0);
  amended.status = "amended";
  amended.source = ehr("scr1", "2026-11-21T00:00:00Z", "2");
  const Applied applied = apply_all({phq9(2), amended});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].level, "positive");
  EXPECT_EQ(applied.after.safety[0].state, "open");
  EXPECT_EQ(applied.after.screenings[0].safety[0].level, "negative");
}

TEST(Safety, EnteredInErrorIsSaidInTheNoteAndClosesNothing) {
  ScreeningReport wrong = phq9(2);
  wrong.status = "entered-in-error";
  wrong.source = ehr("scr1", "2026-11-21T00:00:00Z", "2");
  wrong.items.clear();
  wrong.codes.clear();
  const Applied applied = apply_all({phq9(2), wrong});
  EXPECT_EQ(applied.after.screenings[0].status, "entered-in-error");
  EXPECT_FALSE(applied.after.screenings[0].total);
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].state, "open");
  EXPECT_EQ(applied.after.safety[0].note, "item 9 answered 2; the response is marked as entered in error");
  EXPECT_TRUE(applied.left.empty());
}

TEST(Safety, AnUnansweredItemThatIsAnsweredLaterInTheSameResponseIsAnswered) {
  ScreeningReport draft = phq9(kBlank);
  draft.status = "in-progress";
  ScreeningReport done = phq9(0);
  done.source = ehr("scr1", "2026-11-20T11:00:00Z", "2");
  for (const auto& order : {std::vector<Change>{draft, done}, std::vector<Change>{done, draft}}) {
    const Applied applied = apply_all(order);
    ASSERT_EQ(applied.after.safety.size(), 1U);
    EXPECT_EQ(applied.after.safety[0].state, "answered");
    EXPECT_EQ(applied.after.safety[0].note, "item 9 not answered; answered since");
  }
}

TEST(Safety, AnAnswerThatArrivesLaterAndIsPositiveCallsSomebody) {
  ScreeningReport draft = phq9(kBlank);
  draft.status = "in-progress";
  const Applied first = apply_all({draft});
  ScreeningReport done = phq9(1);
  done.source = ehr("scr1", "2026-11-20T11:00:00Z", "2");
  const Applied second = apply_all({done}, first.after);
  ASSERT_EQ(second.after.safety.size(), 1U);
  EXPECT_EQ(second.after.safety[0].level, "positive");
  EXPECT_EQ(second.after.safety[0].state, "open");
  EXPECT_EQ(intents_of(second, Intent::Artifact::SafetyNotice).size(), 1U);
}

TEST(Safety, AScoreWhoseResponseIsHeldIsAnsweredThereInEitherOrder) {
  ScreeningReport observation = score_only("44261-6", 3);
  observation.derived_from = {{"main-ehr", "QuestionnaireResponse", "scr1", "", ""}};
  observation.authored = "2026-11-20T10:30:00Z";
  const ScreeningReport response = report_of("phq-9", {1, 1, 1, 0, 0, 0, 0, 0, 0});
  for (const auto& order : {std::vector<Change>{observation, response}, std::vector<Change>{response, observation}}) {
    const Applied applied = apply_all(order);
    ASSERT_EQ(applied.after.safety.size(), 1U);
    EXPECT_EQ(applied.after.safety[0].state, "answered");
    EXPECT_EQ(applied.after.safety[0].note, "a total without its answers; answered in the response it is the score of");
    EXPECT_EQ(level_of(applied.after.screenings[1]), "unknown") << "the score itself still does not say";
  }
}

TEST(Safety, AcknowledgingChangesTheStateOnce) {
  const Applied first = apply_all({phq9(2)});
  const std::string event = first.after.safety[0].id;
  const Applied second = apply_all({AcknowledgeSafety{event, "care-manager"}}, first.after);
  EXPECT_EQ(second.after.safety[0].state, "acknowledged");
  EXPECT_EQ(second.after.safety[0].acknowledged_by, "care-manager");
  EXPECT_EQ(second.after.safety[0].acknowledged_at, "2026-11-22T12:00:00.000Z");
  ASSERT_EQ(second.touched.size(), 1U);
  EXPECT_EQ(kind_of(second.touched[0]), "SafetyEvent");
  const Applied third = apply_all({AcknowledgeSafety{event, "someone else"}}, second.after);
  EXPECT_TRUE(third.touched.empty());
  EXPECT_EQ(third.after, second.after);
}

TEST(Safety, AcknowledgingWhatIsNotThereIsSaid) {
  const Applied applied = apply_all({AcknowledgeSafety{"nothing", "care-manager"}});
  ASSERT_EQ(applied.issues.size(), 1U);
  EXPECT_EQ(applied.issues[0].code, "not-found");
  EXPECT_EQ(applied.issues[0].path, "SafetyEvent/nothing");
}

TEST(Safety, AnAcknowledgedEventIsRaisedAgainOnlyByAWorseAnswer) {
  const Applied first = apply_all({phq9(1)});
  const Applied known = apply_all({AcknowledgeSafety{first.after.safety[0].id, "care-manager"}}, first.after);
  ScreeningReport again = phq9(1);
  again.source = ehr("scr1", "2026-11-21T00:00:00Z", "2");
  EXPECT_EQ(apply_all({again}, known.after).after.safety[0].state, "acknowledged");
  ScreeningReport worse = phq9(3);
  worse.source = ehr("scr1", "2026-11-21T00:00:00Z", "2");
  const Applied raised = apply_all({worse}, known.after);
  EXPECT_EQ(raised.after.safety[0].state, "open");
  EXPECT_EQ(raised.after.safety[0].acknowledged_by, "");
  EXPECT_EQ(intents_of(raised, Intent::Artifact::SafetyNotice).size(), 1U);
}

TEST(Safety, AnEventKeepsItsAgeAndStateWhenItIsSeenAgainLater) {
  const Applied first = apply_all({phq9(2)});
  const Instant much_later = kNow + std::chrono::days{60};
  const Applied second = apply(first.after, std::vector<Change>{phq9(2)}, {}, much_later);
  EXPECT_EQ(second.after, first.after);
  EXPECT_TRUE(second.touched.empty());
  EXPECT_TRUE(second.intents.empty());
}

TEST(Safety, EventIdsAreTheSameForTheSameScreeningAndRule) {
  EXPECT_EQ(event_id("a", "phq-9.item-9"), event_id("a", "phq-9.item-9"));
  EXPECT_NE(event_id("a", "phq-9.item-9"), event_id("b", "phq-9.item-9"));
  EXPECT_EQ(apply_all({phq9(2)}).after.safety[0].id, event_id("scr1", "phq-9.item-9"));
}

TEST(Safety, AnAnswerAboutSelfHarmInAForeignFormIsNeverSilent) {
  ScreeningReport report = phq9(0);
  report.codes = {loinc("93245-9")};  // the full C-SSRS, not its screener
  report.items = {worded("Have you wished you were dead?", {answer_code("LA33-6", "Yes")}, "choice")};
  Applied applied = apply_all({report});
  EXPECT_EQ(applied.left, std::vector<std::string>{"scr1"});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].level, "unknown");
  EXPECT_EQ(applied.after.safety[0].rule, "form.self-harm");
  EXPECT_EQ(intents_of(applied, Intent::Artifact::SafetyNotice).size(), 1U);

  report.items[0].answers = {answer_code("LA32-8", "No")};
  EXPECT_TRUE(apply_all({report}).after.safety.empty());
  report.items[0].answers.clear();
  EXPECT_TRUE(apply_all({report}).after.safety.empty());
}

TEST(Safety, AFormThatSaysItIsPhq9ButCannotBeReadIsNeverSilent) {
  ScreeningReport report = phq9(0);
  report.items = {worded("q1", {answer_number(1)}), worded("q2", {answer_number(1)})};
  const Applied applied = apply_all({report});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].level, "unknown");
  EXPECT_EQ(intents_of(applied, Intent::Artifact::SafetyNotice).size(), 1U);
  EXPECT_EQ(applied.left.size(), 1U);
}

TEST(Safety, ItemNineAsAnObservationOfItsOwnIsNeverSilent) {
  const Applied applied = apply_all({score_only("44260-8", 2)});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].level, "positive");
  EXPECT_EQ(applied.after.safety[0].note, "item 9 answered 2");
  EXPECT_TRUE(apply_all({score_only("44260-8", 0)}).after.safety.empty());
}

TEST(Safety, TheTeenFormsYesNoQuestionsCountToo) {
  ScreeningReport report = report_of("phq-9m", {0, 0, 0, 0, 0, 0, 0, 0, 0});
  const Instrument& table = *find_instrument("phq-9m");
  ReportedItem attempt;
  attempt.codes = {item_code(table, table.items[12])};
  attempt.answers = {answer_code("LA33-6")};
  report.items.push_back(attempt);
  const Applied applied = apply_all({report});
  ASSERT_EQ(applied.after.safety.size(), 1U);
  EXPECT_EQ(applied.after.safety[0].rule, "phq-9m.lifetime-attempt");
  EXPECT_EQ(applied.after.screenings[0].items.size(), 9U);
  EXPECT_EQ(applied.after.screenings[0].total, 0);
}

}  // namespace
}  // namespace bhi::care::test
