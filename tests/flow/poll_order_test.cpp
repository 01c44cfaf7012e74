// Pages that count, and times that contradict the order of versions: what a poll makes of both.
#include "flow/poll.h"
#include "flow/time_walk.h"

#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;
using test::FakeEhr;
using test::searchset;
using test::TempStore;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");
const Instant kThen = *instant_from("2026-11-01T00:00:00Z");
const std::string kInOrder = "_count=100&_sort=_lastUpdated";

std::string patient(const std::string& id, Instant updated, const std::string& version = "1",
                    const std::string& word = "x") {
  return R"({"resourceType":"Patient","id":")" + id + R"(","language":")" + word + R"(","meta":{"versionId":")" +
         version + R"(","lastUpdated":")" + to_text(updated) + R"("}})";
}

std::string from(Instant instant, const std::string& query = kInOrder) {
  std::string text = to_text(instant);
  for (std::size_t at; (at = text.find(':')) != std::string::npos;) text.replace(at, 1, "%3A");
  return query + "&_lastUpdated=ge" + text;
}

Page page(const std::vector<std::string>& resources, std::string next = {}) {
  Page made;
  made.bundle = searchset(resources);
  made.next = std::move(next);
  made.server_time = kNow;
  return made;
}

class PollOrder : public testing::Test {
 protected:
  PollSummary ask(Instant now = kNow) {
    auto summary = poll(*store_, ehr_, ehr_.declared, {.source = "main"}, "Patient", now);
    EXPECT_TRUE(summary.ok()) << summary.error().message;
    return summary.ok() ? *summary : PollSummary{};
  }
  std::string word(const std::string& id) {
    const auto copy = store_->resource("main", "Patient", id).value();
    const auto read = copy ? fhir::read_json(copy->body) : Result<fhir::DocumentPtr>(Error{});
    return read ? std::string((*read)->root().text_of("language")) : "none";
  }
  TempStore store_;
  FakeEhr ehr_;
};

TEST(CountsPositions, TellsLinksThatCountFromThoseThatKeep) {
  for (const char* link : {"https://e/fhir/Patient?_count=20&_offset=20", "/Patient?page=2", "Patient?a=b&_page=3"}) {
    EXPECT_TRUE(counts_positions(link)) << link;
  }
  for (const char* link : {"", "https://e/fhir?_getpages=7f&_getpagesoffset=20", "Patient?_cursor=abc-20",
                           "Patient?page=x7", "Patient?_offset=", "https://e/page=2/Patient"}) {
    EXPECT_FALSE(counts_positions(link)) << link;
  }
}

TEST_F(PollOrder, D4_09_AsksInOrderOfChangeWhereNextLinksCount) {
  ehr_.pages["_count=100"] = page({patient("unsorted", kThen)}, "Patient?_offset=100");
  ehr_.pages[kInOrder] =
      page({patient("1", kThen), patient("2", kThen + 1s)}, "Patient?_sort=_lastUpdated&_offset=100");
  ehr_.pages[from(kThen + 1s)] =
      page({patient("2", kThen + 1s), patient("3", kThen + 2s)}, "Patient?_sort=_lastUpdated&_offset=100");
  ehr_.pages[from(kThen + 2s)] = page({patient("3", kThen + 2s), patient("4", kThen + 3s)});
  const PollSummary summary = ask();
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.stored, 4u);
  EXPECT_EQ(word("unsorted"), "none") << "what is counted is not taken";
  EXPECT_TRUE(store_->cursor("main", "Patient").value());
}

TEST_F(PollOrder, D4_02_MoreOfOneMomentThanAPageHoldsComeInALargerOneAndThenByLinks) {
  const std::string large = "_count=1000&_sort=_lastUpdated";
  ehr_.pages["_count=100"] = page({patient("1", kThen)}, "Patient?_offset=1");
  ehr_.pages[kInOrder] = page({patient("1", kThen), patient("2", kThen)}, "Patient?_sort=_lastUpdated&_offset=2");
  ehr_.pages[from(kThen)] = page({patient("1", kThen), patient("2", kThen)}, "Patient?_sort=_lastUpdated&_offset=2");
  ehr_.pages[from(kThen, large)] =
      page({patient("1", kThen), patient("2", kThen), patient("3", kThen)}, "more&_sort=_lastUpdated");
  ehr_.pages["more&_sort=_lastUpdated"] = page({patient("4", kThen)});
  const PollSummary summary = ask();
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.stored, 4u);
}

TEST_F(PollOrder, D4_09_AnEditWhileRecordsOfOneMomentAreCountedLeavesTheWindowOpen) {
  const std::string large = "_count=1000&_sort=_lastUpdated";
  ehr_.pages["_count=100"] = page({patient("1", kThen)}, "Patient?_offset=1");
  ehr_.pages[kInOrder] = ehr_.pages[from(kThen)] = page({patient("1", kThen)}, "Patient?_sort=_lastUpdated&_offset=1");
  ehr_.pages[from(kThen, large)] = page({patient("1", kThen), patient("2", kThen)}, "more&_sort=_lastUpdated");
  ehr_.pages["more&_sort=_lastUpdated"] = page({patient("4", kThen), patient("1", kThen + 9s, "2")});
  const PollSummary summary = ask();
  EXPECT_FALSE(summary.complete);
  EXPECT_FALSE(store_->cursor("main", "Patient").value());
}

TEST_F(PollOrder, D4_08_FallsBackToTheLinksWhereNothingComesInOrder) {
  ehr_.pages["_count=100"] = page({patient("1", kThen)}, "Patient?_offset=1");
  ehr_.pages["Patient?_offset=1"] = page({patient("2", kThen)});
  ehr_.pages[kInOrder] = page({patient("2", kThen + 5s), patient("1", kThen)}, "Patient?_offset=1");
  const PollSummary summary = ask();
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(summary.stored, 2u);
  ASSERT_EQ(summary.issues.size(), 1u);
  EXPECT_EQ(summary.issues[0].text, "pages are counted and cannot be had in order: changes may shift them");
}

TEST_F(PollOrder, D4_08_APageThatHappensToBeInOrderIsNoPromise) {
  ehr_.pages["_count=100"] = page({patient("1", kThen), patient("2", kThen + 9s)}, "Patient?_offset=2");
  ehr_.pages["Patient?_offset=2"] = page({patient("3", kThen + 1s)});
  ehr_.pages[kInOrder] = ehr_.pages["_count=100"];  // `_sort` is passed over
  ehr_.pages[from(kThen + 9s)] = page({patient("2", kThen + 9s)});
  const PollSummary summary = ask();
  EXPECT_TRUE(summary.complete);
  EXPECT_EQ(word("3"), "x");
}

TEST_F(PollOrder, D4_04_AnEditWithAnEarlierTimeIsTakenWhenTheEhrShowsItNow) {
  ehr_.pages["_count=100"] = page({patient("1", kThen + 10s, "b", "before")});
  ask();
  ehr_.pages[from(kNow - 150s, "_count=100")] = page({patient("1", kThen, "1", "after")});
  ehr_.put(patient("1", kThen, "1", "after"));
  ask(kNow + 1s);
  EXPECT_EQ(word("1"), "after");
  ehr_.requests.clear();
  ask(kNow + 2s);
  EXPECT_EQ(ehr_.requests.size(), 1u) << "once";
}

TEST_F(PollOrder, D4_04_AnOldAnswerStaysOld) {
  ehr_.pages["_count=100"] = page({patient("1", kThen + 10s, "b", "newer")});
  ask();
  ehr_.pages[from(kNow - 150s, "_count=100")] = page({patient("1", kThen, "a", "older")});
  ehr_.put(patient("1", kThen + 10s, "b", "newer"));
  ask(kNow + 1s);
  EXPECT_EQ(word("1"), "newer");
}

TEST_F(PollOrder, D4_04_AHigherVersionNumberIsLaterWhateverItsTime) {
  ehr_.pages["_count=100"] = page({patient("1", kThen + 10s, "9", "before")});
  ask();
  ehr_.requests.clear();
  ehr_.pages[from(kNow - 150s, "_count=100")] = page({patient("1", kThen, "10", "after")});
  ask(kNow + 1s);
  EXPECT_EQ(word("1"), "after");
  EXPECT_EQ(ehr_.requests.size(), 1u) << "nobody has to be asked";
}

TEST_F(PollOrder, AsksWithoutACountWhereItIsOnlyAssumedAndRefused) {
  Capabilities silent = ehr_.declared;
  for (TypeCapability& type : silent.types) type.search_params = {"_lastUpdated"};
  const auto choice = choose_poll(silent, "Patient", {});
  ASSERT_TRUE(choice.with_count && choice.count_assumed);
  const Error refused{Kind::Incorrect, "GET Patient: 400 not-supported"};
  ehr_.read_errors = {refused};
  ehr_.pages[""] = page({patient("1", kThen)});
  const auto summary = poll(*store_, ehr_, {.source = "main"}, choice, kNow);
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_TRUE(summary->count_refused);
  EXPECT_EQ(summary->stored, 1u);

  ehr_.read_errors = {refused};
  PollChoice declared = choice;
  declared.count_assumed = false;  // then a refusal is about something else
  EXPECT_FALSE(poll(*store_, ehr_, {.source = "other"}, declared, kNow).ok());
}

TEST(DetourTest, IsLeftAfterSomeHours) {
  Detour detour;
  EXPECT_EQ(detour.at(kNow), nullptr);
  PollChoice instead;
  instead.reason = "refused";
  detour.take(instead, kNow);
  ASSERT_NE(detour.at(kNow + 5h), nullptr);
  EXPECT_EQ(detour.at(kNow + 5h)->reason, "refused");
  EXPECT_EQ(detour.at(kNow + 6h), nullptr);
}

}  // namespace
}  // namespace bhi::flow
