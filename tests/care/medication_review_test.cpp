#include "care/medication_review.h"

#include "care/medication.h"
#include "care/medication_decision.h"
#include "care/medication_rules.h"
#include "care/medication_table.h"
#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

MedicationTherapy order(std::string_view id, std::string_view text, std::string_view authored = "2026-11-01",
                        std::string_view dose = "", std::string_view status = "active", std::string_view ended = "") {
  MedicationTherapy therapy;
  therapy.id = id;
  therapy.source = ehr(id, ended.empty() ? authored : ended, "1", "MedicationRequest");
  therapy.status = status;
  therapy.intent = "order";
  therapy.authored = authored;
  therapy.text = text;
  therapy.dose.text = dose;
  classify(therapy);
  return therapy;
}

std::vector<MedicationNote> notes_of(const std::vector<MedicationTherapy>& therapies, std::string_view kind,
                                     const std::vector<DoneTest>& tests = {}, std::string_view born = "1980-01-01",
                                     Instant now = kNow) {
  std::vector<MedicationNote> notes = review_medication({therapies, tests, born}, now);
  std::erase_if(notes, [&](const MedicationNote& note) { return note.kind != kind; });
  return notes;
}

struct Pair {
  const char* one;
  const char* other;
  const char* rule;  // empty: none
};

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.one << " + " << pair.other; }

class MedicinePair : public testing::TestWithParam<Pair> {};

TEST_P(MedicinePair, WarnsByItsRuleOrNotAtAll) {
  const Pair& pair = GetParam();
  for (const bool swapped : {false, true}) {
    std::vector<MedicationTherapy> orders{order("a", pair.one), order("b", pair.other)};
    if (swapped) std::ranges::reverse(orders);
    const auto notes = notes_of(orders, "interaction");
    ASSERT_EQ(notes.size(), std::string_view(pair.rule).empty() ? 0U : 1U);
    if (notes.empty()) continue;
    EXPECT_EQ(notes[0].rule, pair.rule);
    EXPECT_EQ(notes[0].therapies, (std::vector<std::string>{"a", "b"}));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, MedicinePair,
    testing::Values(
        Pair{"phenelzine 15 MG", "sertraline 50 MG", "maoi-serotonergic-contraindication"},
        Pair{"tranylcypromine", "venlafaxine", "maoi-serotonergic-contraindication"},
        Pair{"selegiline", "amitriptyline", "maoi-serotonergic-contraindication"},
        Pair{"isocarboxazid", "atomoxetine", "maoi-serotonergic-contraindication"},
        Pair{"phenelzine", "Sumatriptan 50 MG Oral Tablet", "maoi-serotonergic-contraindication"},
        Pair{"phenelzine", "Meperidine Hydrochloride 50 MG Oral Tablet", "maoi-serotonergic-contraindication"},
        Pair{"phenelzine", "trazodone", ""},  // not among the pairs with a source
        Pair{"lorazepam 0.5 MG", "Acetaminophen 325 MG / Oxycodone Hydrochloride 10 MG", "benzodiazepine-opioid"},
        Pair{"zolpidem", "buprenorphine 8 MG", "benzodiazepine-opioid"},
        Pair{"temazepam", "methadone", "benzodiazepine-opioid"},
        Pair{"lithium carbonate 300 MG", "Ibuprofen 200 MG Oral Tablet", "lithium-nsaid"},
        Pair{"lithium", "lisinopril 10 MG", "lithium-ace-inhibitor"}, Pair{"lithium", "losartan 50 MG", "lithium-arb"},
        Pair{"lithium", "Hydrochlorothiazide 25 MG", "lithium-thiazide"},
        Pair{"divalproex", "lamotrigine", "valproate-lamotrigine"}, Pair{"citalopram", "ziprasidone", "qt-pair"},
        Pair{"pimozide", "methadone", "qt-pair"}, Pair{"citalopram", "citalopram", ""},
        Pair{"naltrexone", "hydrocodone", "naltrexone-opioid"}, Pair{"sertraline", "bupropion", ""},
        Pair{"lithium", "acetaminophen", ""}, Pair{"bupropion", "lorazepam", ""},  // not buprenorphine
        Pair{"sertraline", "lisinopril", ""}));

TEST(MedicationReview, AnMaoiCountsThroughItsWashout) {
  const auto with = [](std::string_view ended, std::string_view what = "phenelzine",
                       std::string_view next = "sertraline") {
    return notes_of({order("a", what, "2026-01-01", "", "stopped", ended), order("b", next, "2026-11-20")},
                    "interaction");
  };
  ASSERT_EQ(with("2026-11-12T00:00:00Z").size(), 1U);
  EXPECT_NE(with("2026-11-12T00:00:00Z")[0].text.find("within the washout time"), std::string::npos);
  EXPECT_TRUE(with("2026-11-01T00:00:00Z").empty());
  EXPECT_EQ(with("2026-10-25T00:00:00Z", "fluoxetine", "phenelzine").size(), 1U) << "fluoxetine stays five weeks";
  EXPECT_TRUE(with("2026-10-25T00:00:00Z", "sertraline", "phenelzine").empty());
}

TEST(MedicationReview, UnconfirmedRulesAreMarked) {
  EXPECT_TRUE(notes_of({order("a", "lithium"), order("b", "naproxen")}, "interaction")[0].confirmed);
  EXPECT_FALSE(notes_of({order("a", "lithium"), order("b", "lisinopril")}, "interaction")[0].confirmed);
}

TEST(MedicationReview, ADoseAboveTheConfirmedUpperEndIsSaidAndAnUnconfirmedOneIsNot) {
  const auto notes =
      notes_of({order("a", "escitalopram 20 MG Oral Tablet", "2026-11-01", "2 tablets daily")}, "dose-above-usual");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "escitalopram: 40 mg a day, usual upper end 20 mg");
  EXPECT_TRUE(notes_of({order("a", "escitalopram", "2026-11-01", "20 mg daily")}, "dose-above-usual").empty());
  EXPECT_TRUE(notes_of({order("a", "fluoxetine", "2026-11-01", "120 mg daily")}, "dose-above-usual").empty());
}

std::vector<std::string> due(const std::vector<MedicationNote>& notes, std::string_view rule) {
  std::vector<std::string> lines;
  for (const MedicationNote& note : notes) {
    if (note.rule == rule) lines.push_back(note.text + " " + note.due + (note.overdue ? " overdue" : ""));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(MedicationReview, TheMetabolicPanelFollowsItsSchedule) {
  const std::vector<MedicationTherapy> orders{order("a", "olanzapine 10 MG", "2026-09-01", "10 mg qhs")};
  EXPECT_EQ(due(notes_of(orders, "monitoring-due"), "metabolic-panel"),
            (Lines{"weight for olanzapine 2026-09-01 overdue", "blood pressure for olanzapine 2026-09-01 overdue",
                   "glucose or HbA1c for olanzapine 2026-09-01 overdue", "lipids for olanzapine 2026-09-01 overdue"}));
  const std::vector<DoneTest> tests{{"29463-7", "2026-08-30"},
                                    {"29463-7", "2026-09-28"},
                                    {"85354-9", "2026-08-30"},
                                    {"4548-4", "2026-08-15"},
                                    {"2093-3", "2026-08-15"}};
  EXPECT_EQ(due(notes_of(orders, "monitoring-due", tests), "metabolic-panel"),
            (Lines{"weight for olanzapine 2026-10-27 overdue", "blood pressure for olanzapine 2026-11-24",
                   "glucose or HbA1c for olanzapine 2026-11-24", "lipids for olanzapine 2026-11-24"}));
}

TEST(MedicationReview, ALithiumLevelIsDueAWeekAfterStartAndAfterAChange) {
  std::vector<MedicationTherapy> orders{order("a", "lithium carbonate 300 MG", "2026-06-01", "300 mg bid")};
  const auto levels = [&](const std::vector<DoneTest>& tests) {
    return due(notes_of(orders, "monitoring-due", tests), "lithium-level");
  };
  EXPECT_EQ(levels({}), (Lines{"lithium level for lithium carbonate 2026-06-08 overdue"}));
  EXPECT_EQ(levels({{"14334-7", "2026-06-09"}}), (Lines{"lithium level for lithium carbonate 2026-09-07 overdue"}));
  EXPECT_EQ(levels({{"14334-7", "2026-11-01"}}), (Lines{"lithium level for lithium carbonate 2027-01-30"}));
  orders.push_back(order("b", "lithium carbonate 300 MG", "2026-11-10", "300 mg tid"));
  EXPECT_EQ(levels({{"14334-7", "2026-06-09"}, {"14334-7", "2026-11-01"}}),
            (Lines{"lithium level for lithium carbonate 2026-11-17 overdue"}));
  for (const MedicationNote& note : notes_of(orders, "monitoring-due")) EXPECT_FALSE(note.confirmed) << note.rule;
}

TEST(MedicationReview, YoungPeopleOnANewAntidepressantAreContacted) {
  const std::vector<MedicationTherapy> orders{order("a", "fluoxetine 20 MG", "2026-11-15", "20 mg daily")};
  EXPECT_EQ(due(notes_of(orders, "monitoring-due", {}, "2004-05-01"), "suicidality-under-25").size(), 1U);
  EXPECT_TRUE(due(notes_of(orders, "monitoring-due", {}, "2000-05-01"), "suicidality-under-25").empty());
  EXPECT_TRUE(due(notes_of(orders, "monitoring-due", {}, ""), "suicidality-under-25").empty());
}

TEST(MedicationReview, AnEcgIsAskedForBeforeTheMedicinesThatNeedOne) {
  EXPECT_EQ(due(notes_of({order("a", "ziprasidone 40 MG")}, "monitoring-due"), "qtc-if-flagged").size(), 1U);
  EXPECT_TRUE(due(notes_of({order("a", "quetiapine 100 MG")}, "monitoring-due"), "qtc-if-flagged").empty());
}

TEST(MedicationReview, LongUseAsksWhetherItIsStillNeeded) {
  const auto use = [](std::string_view text, std::string_view since) {
    return notes_of({order("a", text, since)}, "long-use");
  };
  EXPECT_TRUE(use("alprazolam 0.5 MG", "2026-11-01").empty());
  ASSERT_EQ(use("alprazolam 0.5 MG", "2026-10-01").size(), 1U);
  EXPECT_EQ(use("alprazolam 0.5 MG", "2026-10-01")[0].rule, "sedative-over-4-weeks");
  EXPECT_TRUE(use("sertraline", "2026-01-01").empty());
  ASSERT_EQ(use("sertraline", "2025-10-01").size(), 1U);
  EXPECT_EQ(use("sertraline", "2025-10-01")[0].rule, "any-psychotropic-yearly");
  EXPECT_EQ(use("methylphenidate", "2025-10-01")[0].rule, "stimulant-yearly");
}

TEST(MedicationReview, DurationRunsThroughRenewalsAndBeginsAnewAfterAGap) {
  const std::vector<MedicationTherapy> renewed{
      order("a", "sertraline", "2026-01-01", "", "completed", "2026-04-01T00:00:00Z"),
      order("b", "sertraline", "2026-04-02")};
  EXPECT_EQ(days_on(renewed, "sertraline", kNow), 324);
  const std::vector<MedicationTherapy> again{
      order("a", "sertraline", "2026-01-01", "", "completed", "2026-04-01T00:00:00Z"),
      order("b", "sertraline", "2026-11-02")};
  EXPECT_EQ(days_on(again, "sertraline", kNow), 19);
  EXPECT_FALSE(days_on(again, "citalopram", kNow));
}

TEST(MedicationReview, ASupplyThatEndedIsSaidAfterAWeekOfGrace) {
  MedicationTherapy therapy = order("a", "sertraline 50 MG", "2026-08-01");
  therapy.supply_days = 30;
  therapy.refills = 2;
  const auto notes = notes_of({therapy}, "supply-ended");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].due, "2026-10-30");
  therapy.refills = 3;
  EXPECT_TRUE(notes_of({therapy}, "supply-ended").empty());
  therapy.refills = 2;
  EXPECT_TRUE(notes_of({therapy, order("b", "sertraline 50 MG", "2026-11-01")}, "supply-ended").empty())
      << "a newer order without a stated supply";
  EXPECT_NEAR(*supply_covered(std::vector{therapy}, "sertraline", kNow), 90.0 / 113, 1e-9);
  EXPECT_FALSE(supply_covered(std::vector{order("b", "sertraline", "2026-01-01")}, "sertraline", kNow));
}

TEST(MedicationRules, NamesInTheGroupsAreNamesOfTheTable) {
  for (const Group& group : medicine_groups()) {
    for (const std::string_view name : group.ingredients) {
      EXPECT_NE(std::ranges::find(ingredients(), name, &Ingredient::name), ingredients().end()) << name;
    }
    for (const std::string_view name : group.classes) {
      EXPECT_NE(std::ranges::find(ingredients(), name, &Ingredient::drug_class), ingredients().end()) << name;
    }
  }
  for (const PairRule& rule : pair_rules()) {
    EXPECT_NE(find_group(rule.one), nullptr) << rule.id;
    EXPECT_NE(find_group(rule.other), nullptr) << rule.id;
  }
  for (const WatchRule& rule : watch_rules()) {
    EXPECT_TRUE(std::ranges::any_of(ingredients(), [&](const Ingredient& i) {
      return i.watch.find(rule.id) != std::string_view::npos;
    })) << rule.id;
  }
}

TEST(MedicationDecision, WhatIsLeftOutIsSaid) {
  MedicationDecision decision;
  decision.event = "start";
  decision.willingness = "willing";
  EXPECT_EQ(missing_in(decision),
            (std::vector<std::string>{"on", "by", "condition", "appropriateness", "contraindications",
                                      "expected benefit", "side effects", "prolonged-use risk", "alternatives"}));
  decision = {"d",
              "p",
              "2026-11-01",
              "pcp",
              "t",
              "start",
              "depression",
              "PHQ-9 16, two trials of therapy",
              "none",
              "willing",
              "",
              "4 to 6 weeks",
              "nausea, sleep",
              "discontinuation symptoms",
              "psychotherapy alone",
              "",
              "",
              "",
              {}};
  EXPECT_TRUE(missing_in(decision).empty());
  decision.willingness = "eager";
  decision.pcp_answer = "declined";
  EXPECT_EQ(missing_in(decision), (std::vector<std::string>{"willingness", "pcp reason"}));
  MedicationDecision no;
  no.event = "declined-by-patient";
  no.on = "2026-11-01";
  no.by = "pcp";
  no.condition = "depression";
  no.appropriateness = "moderate";
  no.willingness = "declines";
  EXPECT_EQ(missing_in(no), (std::vector<std::string>{"alternatives"}));
}

TEST(MedicationDecision, AnOrderOfATreatedPatientWithoutOneIsNamed) {
  Record record;
  record.episodes = {Episode{"e1", "p", {}, "active", "2026-10-01", "", ""}};
  MedicationTherapy order;
  order.id = "t";
  order.status = "active";
  order.authored = "2026-11-01";
  order.ingredients = {"sertraline"};
  record.medications = {order};
  ASSERT_EQ(decision_notes(record).size(), 1U);
  EXPECT_EQ(decision_notes(record)[0].text, "sertraline: ordered on 2026-11-01, no decision is recorded");
  EXPECT_FALSE(decision_notes(record)[0].confirmed);

  MedicationDecision decision;
  decision.id = "d";
  decision.on = "2026-11-15";
  decision.event = "stop";
  decision.by = "pcp";
  decision.condition = "depression";
  decision.appropriateness = "no longer needed";
  record.decisions = {decision};
  ASSERT_EQ(decision_notes(record).size(), 1U) << "within two weeks";
  EXPECT_EQ(decision_notes(record)[0].text, "decision of 2026-11-15 leaves out: willingness");
  record.decisions[0].on = "2026-11-16";
  EXPECT_EQ(decision_notes(record).size(), 2U);
  record.decisions[0].therapy = "t";
  EXPECT_EQ(decision_notes(record).size(), 1U) << "it names the order";
  record.decisions[0].willingness = "willing";
  EXPECT_TRUE(decision_notes(record).empty());
  record.decisions.clear();
  record.medications[0].authored = "2026-09-30";
  EXPECT_TRUE(decision_notes(record).empty()) << "ordered before the treatment";
  record.medications[0].authored = "2026-11-01";
  record.episodes[0].state = "completed";
  EXPECT_TRUE(decision_notes(record).empty());
}

TEST(MedicationDecision, TheAddOnNeedsPsychotherapyAndNoEvaluation) {
  MedicationDecision decision;
  decision.event = "no-change-reviewed";
  decision.side_effects = "none";
  EXPECT_TRUE(add_on_90863("90834", false, decision).possible);
  EXPECT_FALSE(add_on_90863("90834", true, decision).possible);
  EXPECT_FALSE(add_on_90863("99492", false, decision).possible);
  decision.side_effects.clear();
  EXPECT_FALSE(add_on_90863("90834", false, decision).possible);
}

}  // namespace
}  // namespace bhi::care::test
