#include "care/medication_events.h"

#include "care/medication.h"
#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

MedicationTherapy order(std::string_view id, std::string_view text, std::string_view authored, std::string_view dose,
                        std::string_view status = "active", std::string_view ended = "") {
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

std::vector<std::string> told(const std::vector<MedicationEvent>& events) {
  std::vector<std::string> lines;
  for (const MedicationEvent& event : events) {
    lines.push_back(event.on.substr(0, 10) + " " + event.kind + " " + event.ingredient +
                    (event.from.empty() ? "" : " from " + event.from) + (event.to.empty() ? "" : " to " + event.to));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(MedicationEvents, ACourseOfOneMedicineIsStartChangeAndStop) {
  const std::vector<MedicationTherapy> orders{
      order("a", "sertraline 50 MG Oral Tablet", "2026-01-05", "1 tablet daily", "completed", "2026-02-05T00:00:00Z"),
      order("b", "sertraline 100 MG Oral Tablet", "2026-02-05", "1 tablet daily", "completed", "2026-05-01T00:00:00Z"),
      order("c", "sertraline 100 MG Oral Tablet", "2026-05-02", "1 tablet daily", "completed", "2026-07-01T00:00:00Z"),
      order("d", "sertraline 25 MG Oral Tablet", "2026-07-01", "2 tablets daily", "stopped", "2026-08-01T00:00:00Z")};
  EXPECT_EQ(
      told(medication_events(orders)),
      (Lines{"2026-01-05 start sertraline to 50 mg", "2026-02-05 dose-increase sertraline from 50 mg to 100 mg",
             "2026-07-01 dose-decrease sertraline from 100 mg to 50 mg", "2026-08-01 stop sertraline from 50 mg"}));
  auto reversed = orders;
  std::ranges::reverse(reversed);
  EXPECT_EQ(medication_events(reversed), medication_events(orders)) << "the order of arrival does not matter";
}

TEST(MedicationEvents, ANewMedicineAfterTheEndOfAnotherOfItsKindIsASwitch) {
  const auto events = medication_events(
      std::vector{order("a", "fluoxetine 20 MG", "2026-01-01", "20 mg daily", "stopped", "2026-03-01T00:00:00Z"),
                  order("b", "venlafaxine 75 MG", "2026-03-05", "75 mg daily")});
  EXPECT_EQ(told(events),
            (Lines{"2026-01-01 start fluoxetine to 20 mg", "2026-03-05 switch venlafaxine from fluoxetine to 75 mg"}));
  EXPECT_EQ(events[1].therapies, (std::vector<std::string>{"a", "b"}));
}

TEST(MedicationEvents, AnOrderThatNamesWhatItReplacesIsASwitchWhateverTheDates) {
  MedicationTherapy next = order("b", "duloxetine 60 MG", "2026-06-01", "60 mg daily");
  next.prior = "a";
  const auto events =
      medication_events(std::vector{order("a", "desvenlafaxine 50 MG", "2026-01-01", "50 mg daily"), next});
  EXPECT_EQ(told(events).back(), "2026-06-01 switch duloxetine from desvenlafaxine to 60 mg");
}

TEST(MedicationEvents, ASecondMedicineBesideAnAntidepressantAugmentsIt) {
  const auto events = medication_events(std::vector{order("a", "sertraline 100 MG", "2026-01-01", "100 mg daily"),
                                                    order("b", "bupropion XL 150 MG", "2026-03-01", "150 mg qAM"),
                                                    order("c", "aripiprazole 2 MG", "2026-04-01", "2 mg daily"),
                                                    order("d", "zolpidem 5 MG", "2026-05-01", "5 mg qhs")});
  EXPECT_EQ(told(events),
            (Lines{"2026-01-01 start sertraline to 100 mg", "2026-03-01 augment bupropion from sertraline to 150 mg",
                   "2026-04-01 augment aripiprazole from bupropion+sertraline to 2 mg",
                   "2026-05-01 start zolpidem to 5 mg"}));
}

TEST(MedicationEvents, AGapOfMoreThanAMonthIsARestart) {
  const auto events = medication_events(
      std::vector{order("a", "citalopram 20 MG", "2026-01-01", "20 mg daily", "completed", "2026-02-01T00:00:00Z"),
                  order("b", "citalopram 20 MG", "2026-06-01", "20 mg daily", "on-hold", "2026-07-01T00:00:00Z")});
  EXPECT_EQ(told(events), (Lines{"2026-01-01 start citalopram to 20 mg", "2026-06-01 restart citalopram to 20 mg",
                                 "2026-07-01 hold citalopram"}));
}

TEST(MedicationEvents, WhatIsNoOrderSaysNothing) {
  MedicationTherapy proposal = order("a", "sertraline", "2026-01-01", "50 mg daily");
  proposal.intent = "proposal";
  MedicationTherapy refused = order("b", "sertraline", "2026-01-01", "50 mg daily");
  refused.do_not_perform = true;
  const std::vector<MedicationTherapy> orders{proposal,
                                              refused,
                                              order("c", "sertraline", "2026-01-01", "50 mg daily", "draft"),
                                              order("d", "sertraline", "2026-01-01", "50 mg daily", "entered-in-error"),
                                              order("e", "sertraline", "2026-01-01", "50 mg daily", "cancelled"),
                                              order("f", "lisinopril", "2026-01-01", "10 mg daily")};
  EXPECT_TRUE(medication_events(orders).empty());
}

TEST(MedicationEvents, BuprenorphineNeverContinuesBupropion) {
  const auto events = medication_events(std::vector{order("a", "bupropion 150 MG", "2026-01-01", "150 mg daily"),
                                                    order("b", "buprenorphine 8 MG", "2026-02-01", "8 mg daily")});
  EXPECT_EQ(told(events), (Lines{"2026-01-01 start bupropion to 150 mg", "2026-02-01 start buprenorphine to 8 mg"}));
}

TEST(MedicationEvents, ADoseThatCannotBeComparedIsNoChange) {
  const auto events = medication_events(std::vector{order("a", "sertraline", "2026-01-01", "1 tablet daily"),
                                                    order("b", "sertraline 50 MG", "2026-02-01", "1 tablet daily"),
                                                    order("c", "sertraline 50 MG", "2026-03-01", "as directed")});
  EXPECT_EQ(events.size(), 1U);
}

struct Pair {
  const char* before;
  const char* before_dose;
  const char* after;
  const char* after_dose;
  Lines events;
};

TEST(MedicationEvents, BetweenTwoVersionsOfAnOrder) {
  const Pair pairs[] = {
      {"active", "50 mg daily", "active", "100 mg daily", {"dose-increase"}},
      {"active", "100 mg daily", "active", "50 mg daily", {"dose-decrease"}},
      {"active", "50 mg daily", "active", "25 mg bid", {}},
      {"active", "50 mg daily", "active", "50-100 mg daily", {"dose-increase"}},
      {"active", "50 mg daily", "on-hold", "50 mg daily", {"hold"}},
      {"on-hold", "50 mg daily", "active", "50 mg daily", {"restart"}},
      {"active", "50 mg daily", "stopped", "50 mg daily", {"stop"}},
      {"active", "50 mg daily", "completed", "50 mg daily", {"stop"}},
      {"on-hold", "50 mg daily", "stopped", "50 mg daily", {"stop"}},
      {"draft", "50 mg daily", "active", "50 mg daily", {"start"}},
      {"stopped", "50 mg daily", "active", "100 mg daily", {"restart"}},
      {"draft", "50 mg daily", "cancelled", "50 mg daily", {}},
  };
  for (const Pair& pair : pairs) {
    Lines kinds;
    for (const MedicationEvent& event :
         events_between(order("a", "sertraline", "2026-01-01", pair.before_dose, pair.before),
                        order("a", "sertraline", "2026-01-01", pair.after_dose, pair.after, "2026-02-01"))) {
      kinds.push_back(event.kind);
      EXPECT_EQ(event.on, "2026-02-01");
    }
    EXPECT_EQ(kinds, pair.events) << pair.before << " " << pair.before_dose << " -> " << pair.after << " "
                                  << pair.after_dose;
  }
  const auto other = events_between(order("a", "sertraline", "2026-01-01", "50 mg daily"),
                                    order("a", "escitalopram", "2026-01-01", "10 mg daily", "active", "2026-02-01"));
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(other[0].kind, "switch");
}

}  // namespace
}  // namespace bhi::care::test
