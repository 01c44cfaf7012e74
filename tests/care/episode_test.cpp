#include "care/episode.h"

#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace bhi::care::test {
namespace {

// Acts that lead from no episode to the state.
const std::map<std::string, std::vector<std::string>> kWays{
    {"", {}},
    {"identified", {"identify"}},
    {"outreach", {"reach-out"}},
    {"declined", {"identify", "decline"}},
    {"unable-to-reach", {"reach-out", "mark-unreachable"}},
    {"enrolled", {"enrol"}},
    {"active", {"enrol", "start-treatment"}},
    {"on-hold", {"enrol", "hold"}},
    {"relapse-prevention", {"enrol", "start-treatment", "begin-relapse-prevention"}},
    {"completed", {"enrol", "start-treatment", "complete"}},
    {"referred-out", {"identify", "refer-out"}},
    {"dropped", {"enrol", "drop"}},
    {"deceased", {"identify", "record-death"}},
    {"entered-in-error", {"identify", "mark-error"}},
};

// What the care model allows, state by state, written down apart from the table.
const std::map<std::string, std::set<std::string>> kAllowed{
    {"", {"identify", "reach-out", "enrol"}},
    {"identified", {"reach-out", "enrol", "decline", "refer-out", "record-death", "mark-error"}},
    {"outreach", {"reach-out", "enrol", "decline", "mark-unreachable", "refer-out", "record-death", "mark-error"}},
    {"declined", {"reach-out", "enrol", "record-death", "mark-error"}},
    {"unable-to-reach", {"reach-out", "enrol", "record-death", "mark-error"}},
    {"enrolled", {"start-treatment", "hold", "decline", "refer-out", "drop", "record-death", "mark-error"}},
    {"active", {"hold", "begin-relapse-prevention", "complete", "refer-out", "drop", "record-death", "mark-error"}},
    {"on-hold", {"resume", "complete", "refer-out", "drop", "record-death", "mark-error"}},
    {"relapse-prevention", {"relapse", "hold", "complete", "refer-out", "drop", "record-death", "mark-error"}},
    {"completed", {"record-death", "mark-error"}},
    {"referred-out", {"record-death", "mark-error"}},
    {"dropped", {"record-death", "mark-error"}},
    {"deceased", {"mark-error"}},
    {"entered-in-error", {"mark-error"}},
};

std::string day(std::size_t n) { return std::string("2026-01-") + (n < 10 ? "0" : "") + std::to_string(n); }

std::vector<Change> way_to(const std::string& state) {
  std::vector<Change> changes;
  std::size_t n = 1;
  for (const std::string& act : kWays.at(state)) {
    changes.emplace_back(act_of("a" + std::to_string(n), act, day(n)));
    ++n;
  }
  return changes;
}

std::set<std::string> all_acts() {
  std::set<std::string> acts{"mark-error"};
  for (const Transition& row : transitions()) acts.emplace(row.act);
  return acts;
}

TEST(Episode, EveryStateAllowsItsActsAndRefusesAllOthers) {
  for (const auto& [state, allowed] : kAllowed) {
    const Record before = apply_all(way_to(state)).after;
    for (const std::string& act : all_acts()) {
      const Applied applied = apply_all({act_of("next", act, day(20))}, before);
      const bool taken = applied.refused.empty();
      EXPECT_EQ(taken, allowed.contains(act)) << "'" << state << "' and " << act;
      if (taken) continue;
      EXPECT_EQ(state_of(applied), state) << act;
      EXPECT_EQ(applied.after.episodes, before.episodes) << act << " changes nothing of the episode";
      ASSERT_EQ(applied.issues.size(), 1U);
      EXPECT_EQ(applied.issues[0].severity, Severity::Error);
      EXPECT_EQ(applied.issues[0].path, "EpisodeAct/next");
    }
  }
}

TEST(Episode, TheRefusalSaysWhatIsAndWhatWasExpected) {
  std::vector<Change> changes = way_to("outreach");
  changes.emplace_back(act_of("x", "complete", day(9)));
  const Applied applied = apply_all(changes);
  EXPECT_TRUE(says(applied.issues,
                   "'complete' has no effect: the episode is outreach then; expected active, on-hold, "
                   "relapse-prevention"));
  EXPECT_EQ(applied.refused, std::vector<std::string>{"x"});
}

TEST(Episode, KeepsDatesReasonsAndAuthorsOfItsActs) {
  EpisodeAct hold = act_of("a3", "hold", "2026-03-01T10:00:00-05:00");
  hold.reason = "travels";
  std::vector<Change> changes = way_to("active");
  changes.emplace_back(hold);
  const Applied applied = apply_all(changes);
  const EpisodeAct& last = applied.after.acts.back();
  EXPECT_EQ(last.from, "active");
  EXPECT_EQ(last.to, "on-hold");
  EXPECT_EQ(last.reason, "travels");
  EXPECT_EQ(last.by, "cm1");
  EXPECT_EQ(applied.after.episodes[0].start, "2026-01-01");
  EXPECT_EQ(applied.after.episodes[0].end, "");
  EXPECT_EQ(enrolled_at(applied.after.episodes[0], applied.after.acts), "2026-01-01");
}

TEST(Episode, EndsWithItsLastActAndNotBefore) {
  EXPECT_EQ(apply_all(way_to("completed")).after.episodes[0].end, day(3));
  std::vector<Change> back = way_to("declined");
  back.emplace_back(act_of("a9", "enrol", day(9)));
  const Applied applied = apply_all(back);
  EXPECT_EQ(state_of(applied), "enrolled") << "to decline is no penalty";
  EXPECT_EQ(applied.after.episodes[0].end, "");
}

TEST(Episode, ARepeatedActChangesNothingAndItsIdCannotBeUsedTwice) {
  const Applied first = apply_all(way_to("active"));
  const Applied again = apply_all(way_to("active"), first.after);
  EXPECT_EQ(again.after, first.after);
  EXPECT_TRUE(again.touched.empty());
  EXPECT_TRUE(again.refused.empty());
  const Applied other = apply_all({act_of("a1", "identify", day(1))}, first.after);
  EXPECT_EQ(other.after, first.after);
  EXPECT_EQ(other.refused, std::vector<std::string>{"a1"});
  EXPECT_EQ(other.issues[0].code, "conflict");
}

TEST(Episode, AnActTakesEffectWhenTheOneItNeededArrives) {
  const Applied early = apply_all({act_of("a2", "start-treatment", day(2))});
  EXPECT_TRUE(early.after.episodes.empty());
  EXPECT_EQ(early.refused.size(), 1U);
  const Applied late = apply_all({act_of("a1", "enrol", day(1))}, early.after);
  EXPECT_EQ(state_of(late), "active");
  EXPECT_EQ(late.touched.size(), 3U) << "the episode and both acts";
}

TEST(Episode, AnEarlierActThatTakesAwayTheGroundOfALaterOneIsSaid) {
  const Applied first = apply_all(way_to("completed"));
  const Applied second = apply_all({act_of("late", "refer-out", "2026-01-02T12:00:00Z")}, first.after);
  EXPECT_EQ(state_of(second), "referred-out");
  EXPECT_TRUE(says(second.issues, "no longer has an effect"));
}

TEST(Episode, AMistakeIsUndone) {
  std::vector<Change> changes = way_to("active");
  changes.emplace_back(act_of("death", "record-death", day(5)));
  changes.emplace_back(undo_of("u", "death", day(6)));
  const Applied applied = apply_all(changes);
  EXPECT_EQ(state_of(applied), "active");
  EXPECT_EQ(applied.after.episodes[0].end, "");
  EXPECT_TRUE(apply_all({undo_of("u2", "u", day(7))}, applied.after).refused.size() == 1) << "an undo is not undone";
  EXPECT_TRUE(apply_all({undo_of("u3", "nothing", day(7))}, applied.after).refused.size() == 1);
}

TEST(Episode, OfWhichEverythingWasUndoneWasEnteredInError) {
  const Applied applied = apply_all({act_of("a1", "identify", day(1)), undo_of("u", "a1", day(2))});
  EXPECT_EQ(state_of(applied), "entered-in-error");
}

// ---- with the EHR's word --------------------------------------------------------------------------------------------

Episode stated(std::string_view state, std::string_view updated) {
  return Episode{"epi1", "pat1", ehr("e1", updated, "", "EpisodeOfCare"), std::string(state), "2025-12-01", "", "BHI"};
}

TEST(Episode, OfTheEhrHasItsStateUntilTheBhiSideActs) {
  const Applied first = apply_all({stated("active", "2026-01-01T00:00:00Z")});
  EXPECT_EQ(state_of(first), "active");
  const Applied second = apply_all({act_of("a1", "hold", day(5))}, first.after);
  const Episode& episode = second.after.episodes[0];
  EXPECT_EQ(episode.state, "on-hold");
  EXPECT_EQ(episode.stated_state, "active");
  EXPECT_EQ(episode.start, "2025-12-01");
  EXPECT_EQ(episode.program, "BHI");
  EXPECT_TRUE(differs_from_ehr(episode));
  EXPECT_EQ(enrolled_at(episode, second.after.acts), "2025-12-01");
}

TEST(Episode, ALaterWordOfTheEhrStandsBesideOurs) {
  const std::vector<Change> changes{stated("active", "2026-01-01T00:00:00Z"), act_of("a1", "hold", day(5)),
                                    stated("completed", "2026-02-01T00:00:00Z")};
  const Applied applied = apply_all(changes);
  EXPECT_EQ(state_of(applied), "on-hold") << "a person decides, see the flag";
  EXPECT_EQ(applied.after.episodes[0].stated_state, "completed");
  EXPECT_TRUE(apply_all(changes, applied.after).touched.empty());
}

TEST(Episode, FallsBackToTheEhrsWordWhenAllOfOursIsUndone) {
  const Applied applied =
      apply_all({stated("active", "2026-01-01T00:00:00Z"), act_of("a1", "drop", day(5)), undo_of("u", "a1", day(6))});
  EXPECT_EQ(state_of(applied), "active");
  EXPECT_EQ(applied.after.episodes[0].end, "");
}

}  // namespace
}  // namespace bhi::care::test
