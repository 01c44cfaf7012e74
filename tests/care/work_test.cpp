// What the team enters: checked, merged, never lost by its order of arrival.
#include "care/work_check.h"

#include "care/consent.h"
#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bhi::care::test {
namespace {

TEST(Work, EveryEntryIsTouchedOnceAndARepeatNotAtAll) {
  Referral referral{"r1",
                    "pat1",
                    "epi1",
                    "p1",
                    "psychotherapy",
                    "routine",
                    "requested",
                    "2026-11-02",
                    "cm1",
                    "",
                    "",
                    {"cm1", "2026-11-02T10:00:00Z"}};
  Handoff handoff;
  handoff.id = "h1";
  handoff.kind = "warm";
  handoff.to_role = "care-manager";
  handoff.at = "2026-11-02T10:00:00Z";
  handoff.recorded = {"ma1", "2026-11-02T10:00:00Z"};
  Partnership partnership;
  partnership.id = "w1";
  partnership.goals = {"walk the dog every morning"};
  partnership.recorded = {"cm1", "2026-11-02T10:00:00Z"};
  Feedback feedback{
      "f1", "pat1", "patient", "2026-11-03", "waiting", "too long", "", "", {"cm1", "2026-11-03T09:00:00Z"}};
  CaseFlag flag{"g1", "pat1", "worried", true, {"cm1", "2026-11-03T09:00:00Z"}};
  CrisisStep step{"s1", "pat1", "ev1", "crisis", "1", "call", "done", "", {"cm1", "2026-11-03T09:00:00Z"}};
  MedicationDecision decision;
  decision.id = "d1";
  decision.patient = "pat1";
  decision.on = "2026-11-04";
  decision.by = "pcp1";
  decision.event = "declined-by-patient";
  decision.condition = "depression";
  decision.appropriateness = "moderate";
  decision.willingness = "declines";
  decision.alternatives = "behavioral activation";
  decision.recorded = {"pcp1", "2026-11-04T09:00:00Z"};
  const std::vector<Change> changes{decision,
                                    consent_of("c1", "2026-11-01T09:00:00Z"),
                                    contact_of("k1", "2026-11-02T09:00:00Z", 20),
                                    review_of("v1", "2026-11-05"),
                                    answer_of("n1", "v1", "r", "declined", "2026-11-06T08:00:00Z"),
                                    referral,
                                    handoff,
                                    partnership,
                                    feedback,
                                    flag,
                                    step};
  const Applied first = apply_all(changes);
  EXPECT_TRUE(first.issues.empty());
  EXPECT_EQ(first.touched.size(), changes.size());
  const Applied again = apply_all(changes, first.after);
  EXPECT_EQ(again.after, first.after);
  EXPECT_TRUE(again.touched.empty());
}

TEST(Work, ACorrectionRecordedLaterReplacesWhicheverArrivesFirst) {
  const Contact first = contact_of("k1", "2026-11-02T09:00:00Z", 20);
  Contact corrected = first;
  corrected.minutes = 25;
  corrected.recorded.at = "2026-11-03T09:00:00Z";
  for (const auto& order : {std::vector<Change>{first, corrected}, std::vector<Change>{corrected, first}}) {
    const Applied applied = apply_all(order);
    ASSERT_EQ(applied.after.contacts.size(), 1U);
    EXPECT_EQ(applied.after.contacts[0].minutes, 25);
    EXPECT_TRUE(applied.refused.empty());
  }
}

TEST(Work, AnIdUsedTwiceIsAConflict) {
  const Contact first = contact_of("k1", "2026-11-02T09:00:00Z", 20);
  Contact other = first;
  other.minutes = 21;
  const Applied applied = apply_all({first, other});
  EXPECT_EQ(applied.after.contacts[0].minutes, 20);
  EXPECT_EQ(applied.refused, std::vector<std::string>{"k1"});
  EXPECT_EQ(applied.issues[0].code, "conflict");
}

TEST(Work, VersionsOfAnEhrSayWhichIsNewerEvenWhenTheyWereRecordedAtTheSameMoment) {
  Contact first = contact_of("k1", "2026-11-02T09:00:00Z", 20);
  first.source = {"main", "Encounter", "e", "1", ""};
  Contact second = first;
  second.minutes = 25;
  second.source.version = "2";
  Contact again = second;  // the same version, read by a map that came later
  again.minutes = 30;
  for (const auto& order : {std::vector<Change>{first, second, again}, std::vector<Change>{second, again, first}}) {
    const Applied applied = apply_all(order);
    ASSERT_EQ(applied.after.contacts.size(), 1U);
    EXPECT_EQ(applied.after.contacts[0].minutes, 30);
    EXPECT_TRUE(applied.refused.empty());
  }
}

TEST(Work, AnEntryOfTheTeamStandsAgainstAnEarlierOneOfTheEhr) {
  Contact theirs = contact_of("k1", "2026-11-02T09:00:00Z", 20);
  theirs.source = {"main", "Encounter", "e", "1", "2026-11-02T09:00:00Z"};
  Contact ours = contact_of("k1", "2026-11-02T09:00:00Z", 25);
  ours.recorded.at = "2026-11-04T09:00:00Z";
  Contact later = theirs;
  later.minutes = 40;
  later.source = {"main", "Encounter", "e", "2", "2026-11-06T09:00:00Z"};
  later.recorded.at = "2026-11-06T09:00:00Z";
  for (const auto& order : {std::vector<Change>{theirs, ours}, std::vector<Change>{ours, theirs}}) {
    EXPECT_EQ(apply_all(order).after.contacts[0].minutes, 25);
  }
  for (const auto& order : {std::vector<Change>{theirs, ours, later}, std::vector<Change>{later, theirs, ours}}) {
    EXPECT_EQ(apply_all(order).after.contacts[0].minutes, 40);
  }
}

TEST(Consents, WhoDeclinesNeedNotSayHow) {
  Consent consent;
  consent.id = "c1";
  consent.kind = "privacy";
  consent.decision = "declined";
  consent.starts = "2026-11-02";
  consent.recorded = {"m", "2026-11-02T09:00:00Z"};
  EXPECT_TRUE(check(consent).empty());
  consent.decision = "given";
  EXPECT_TRUE(says(check(consent), "verbal, written"));
}

TEST(Work, AnInvalidEntryIsRefusedAndNothingIsHeldOfIt) {
  Contact contact = contact_of("k1", "yesterday", 20);
  contact.minutes = 2000;
  contact.modality = "telepathy";
  contact.role = "wizard";
  contact.activities = {"chat"};
  const Applied applied = apply_all({contact});
  EXPECT_EQ(applied.after, Record{});
  EXPECT_EQ(applied.refused, std::vector<std::string>{"k1"});
  EXPECT_EQ(applied.issues.size(), 6U);
  CaseReview review = review_of("v1", "2026-11-05", false);
  review.recommendations = {{"r1", "medication", "raise the dose", "pcp1", "", ""}};
  EXPECT_TRUE(says(apply_all({review}).issues, "not discussed"));
  EXPECT_TRUE(says(check(answer_of("n", "v1", "r1", "maybe", "2026-11-06T08:00:00Z")), "accepted, declined, modified"));
}

TEST(Work, AMedicationDecisionThatLeavesSomethingOutIsTakenAndSaysSo) {
  MedicationDecision decision;
  decision.id = "d1";
  decision.on = "2026-11-04";
  decision.event = "start";
  decision.recorded = {"pcp1", "2026-11-04T09:00:00Z"};
  const Applied taken = apply_all({decision});
  EXPECT_EQ(taken.after.decisions.size(), 1U);
  EXPECT_TRUE(taken.refused.empty());
  EXPECT_TRUE(std::ranges::any_of(
      taken.issues, [](const Issue& issue) { return issue.path == "MedicationDecision/d1.side_effects"; }));
  decision.id = "d2";
  decision.event = "guessed";
  decision.willingness = "eager";
  const Applied refused = apply_all({decision});
  EXPECT_TRUE(refused.after.decisions.empty());
  EXPECT_EQ(refused.refused, (std::vector<std::string>{"d2"}));
  EXPECT_TRUE(says(refused.issues, "expected one of willing, ambivalent, declines, not-asked"));
}

TEST(Work, ATelehealthContactWithoutPlaceAndNumberIsTakenWithAWarning) {
  Contact contact = contact_of("k1", "2026-11-02T09:00:00Z", 20);
  contact.modality = "video";
  const Applied applied = apply_all({contact});
  EXPECT_EQ(applied.after.contacts.size(), 1U);
  EXPECT_EQ(applied.issues.size(), 2U);
  EXPECT_FALSE(has_errors(applied.issues));
  contact.patient_location = "at home";
  contact.callback = "+1 555 0100";
  EXPECT_TRUE(check(contact).empty());
}

// ---- consents -------------------------------------------------------------------------------------------------------

TEST(Consents, OfServiceAndPrivacyAreApart) {
  Consent privacy = consent_of("c2", "2026-11-01T09:00:00Z", "privacy");
  privacy.covers = {"mental-health"};
  const Record record = apply_all({consent_of("c1", "2026-11-01T09:00:00Z"), privacy}).after;
  EXPECT_EQ(consent_state(record.consents, "service", "", kNow), "given");
  EXPECT_EQ(consent_state(record.consents, "privacy", "mental-health", kNow), "given");
  EXPECT_EQ(consent_state(record.consents, "privacy", "substance-use", kNow), "missing");
  const Record revoked = apply_all({RevokeConsent{"c1", "pat1", "", {"cm1", "2026-11-10T09:00:00Z"}}}, record).after;
  EXPECT_EQ(consent_state(revoked.consents, "service", "", kNow), "revoked");
  EXPECT_EQ(consent_state(revoked.consents, "service", "", *instant_from("2026-11-09T00:00:00Z")), "given");
  EXPECT_EQ(consent_state(revoked.consents, "privacy", "mental-health", kNow), "given");
  EXPECT_EQ(service_consent_since(revoked.consents, kNow), "");
}

TEST(Consents, AreGivenDeclinedExpiredAndGivenAgain) {
  Consent declined = consent_of("c1", "2026-01-01T00:00:00Z");
  declined.decision = "declined";
  Consent given = consent_of("c2", "2026-02-01T00:00:00Z");
  given.expires = "2026-06-30";
  const Consent again = consent_of("c3", "2026-08-01T00:00:00Z");
  const std::vector consents{declined, given, again};
  const auto state = [&](std::string_view at) { return consent_state(consents, "service", "", *instant_from(at)); };
  EXPECT_EQ(state("2025-12-31"), "missing");
  EXPECT_EQ(state("2026-01-15"), "declined");
  EXPECT_EQ(state("2026-06-30T12:00:00Z"), "given") << "the last day counts";
  EXPECT_EQ(state("2026-07-01T00:00:00Z"), "expired");
  EXPECT_EQ(state("2026-08-01"), "given");
}

TEST(Consents, ARevocationThatArrivesFirstIsNotLost) {
  const RevokeConsent revoked{"c1", "pat1", "moved", {"cm1", "2026-11-10T09:00:00Z"}};
  const Applied first = apply_all({revoked});
  EXPECT_EQ(consent_state(first.after.consents, "service", "", kNow), "missing");
  const Applied second = apply_all({consent_of("c1", "2026-11-01T09:00:00Z")}, first.after);
  EXPECT_EQ(consent_state(second.after.consents, "service", "", kNow), "revoked");
  const Applied other = apply_all({consent_of("c1", "2026-11-01T09:00:00Z"), revoked});
  EXPECT_EQ(other.after, second.after);
}

// ---- order ----------------------------------------------------------------------------------------------------------

std::vector<Change> a_year_of_work(std::mt19937& random) {
  const auto pick = [&random](int n) { return std::uniform_int_distribution<>(0, n - 1)(random); };
  const auto day = [&](int n) {
    const std::chrono::sys_days date = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::days{n};
    return to_text(std::chrono::year_month_day{date});
  };
  constexpr std::string_view kActs[] = {
      "identify", "reach-out", "enrol",     "start-treatment", "hold",
      "resume",   "complete",  "drop",      "relapse",         "begin-relapse-prevention",
      "decline",  "undo",      "mark-error"};
  std::vector<Change> changes;
  for (int i = 0; i < 24; ++i) {
    const std::string id = "a" + std::to_string(i);
    EpisodeAct act = act_of(id, kActs[pick(13)], day(pick(40)), pick(3) == 0 ? "epi2" : "epi1");
    if (act.act == "undo") act.undoes = "a" + std::to_string(pick(24));
    changes.emplace_back(act);
  }
  for (int v = 1; v <= 3; ++v) {
    changes.emplace_back(
        Episode{"epi1", "pat1", ehr("e1", day(v * 20)), v == 2 ? "on-hold" : "active", day(1), "", ""});
    Contact contact = contact_of("k" + std::to_string(pick(2)), day(pick(300)) + "T10:00:00Z", pick(60));
    contact.recorded.at = day(300 + v * 7) + "T10:00:00Z";
    changes.emplace_back(contact);
    Consent consent = consent_of("c1", day(v));
    consent.method = v == 3 ? "written" : "verbal";
    changes.emplace_back(consent);
    changes.emplace_back(RevokeConsent{"c1", "pat1", "word " + std::to_string(v), {"cm1", day(100 + pick(50))}});
    CaseReview review = review_of("v" + std::to_string(pick(2)), day(pick(300)));
    review.recorded.at = day(300 + v * 7) + "T10:00:00Z";
    changes.emplace_back(review);
    changes.emplace_back(answer_of("n" + std::to_string(v), "v1", "r1", "accepted", day(310 + v)));
    MedicationDecision decision;
    decision.id = "d" + std::to_string(pick(2));
    decision.on = day(pick(300));
    decision.event = "start";
    decision.recorded = {"pcp1", day(300 + v * 7) + "T10:00:00Z"};
    changes.emplace_back(decision);
    changes.emplace_back(CaseFlag{"g", "pat1", "", pick(2) == 0, {"cm1", day(320 + v)}});
  }
  return changes;
}

TEST(Work, OrderOfArrivalDoesNotChangeTheFinalRecord) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    std::vector<Change> changes = a_year_of_work(random);
    const Record expected = apply_all(changes).after;
    for (int shuffle = 0; shuffle < 4; ++shuffle) {
      std::ranges::shuffle(changes, random);
      Record record;
      for (const Change& change : changes) record = apply(std::move(record), std::span(&change, 1), {}, kNow).after;
      ASSERT_EQ(record.episodes, expected.episodes) << "seed " << seed;
      ASSERT_EQ(record.acts, expected.acts) << "seed " << seed;
      ASSERT_EQ(record.consents, expected.consents) << "seed " << seed;
      ASSERT_EQ(record, expected) << "seed " << seed;
    }
    const Applied again = apply_all(changes, expected);
    ASSERT_EQ(again.after, expected) << "seed " << seed;
    ASSERT_TRUE(again.touched.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace bhi::care::test
