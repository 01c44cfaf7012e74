// Asking an EHR for news: windows, pages, and everything a server does wrong with them.
#include "flow/poll.h"

#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bhi::flow {
namespace {

using namespace std::chrono_literals;
using test::document;
using test::FakeEhr;
using test::searchset;
using test::TempStore;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");
const Instant kServer = *instant_from("2026-11-22T08:30:00Z");  // half an hour behind us
constexpr const char* kFirst = "_count=100";

std::string patient(const std::string& id, const std::string& gender = "female") {
  return R"({"resourceType":"Patient","id":")" + id + R"(","gender":")" + gender + R"("})";
}

Page page(const std::vector<std::string>& resources, std::string next = {}, std::optional<Instant> time = kServer) {
  Page made;
  made.bundle = searchset(resources);
  made.next = std::move(next);
  made.server_time = time;
  return made;
}

std::string since(Instant instant) {
  std::string text = to_text(instant);
  for (std::size_t at; (at = text.find(':')) != std::string::npos;) text.replace(at, 1, "%3A");
  return "_count=100&_lastUpdated=ge" + text;
}

class Poll : public testing::Test {
 protected:
  PollSummary ask(Instant now = kNow) {
    auto summary = poll(*store_, ehr_, ehr_.declared, {.source = "main"}, "Patient", now);
    EXPECT_TRUE(summary.ok()) << summary.error().message;
    return summary.ok() ? *summary : PollSummary{};
  }
  bool cursor_set() { return store_->cursor("main", "Patient").value().has_value(); }
  std::size_t pending() {
    std::size_t count = 0;
    const auto lanes = store_->pending_lanes(1000);
    for (const std::string& lane : *lanes) count += store_->pending(lane, 1000).value().size();
    return count;
  }

  TempStore store_;
  FakeEhr ehr_;
};

TEST_F(Poll, D4_04_TakesEverythingAtFirstAndThenWhatIsNewByTheServersClock) {
  ehr_.pages[kFirst] = page({patient("1"), patient("2")});
  const PollSummary first = ask();
  EXPECT_EQ(first.seen, 2u);
  EXPECT_EQ(first.stored, 2u);
  EXPECT_TRUE(first.complete);
  EXPECT_EQ(pending(), 2u);

  ehr_.requests.clear();
  ehr_.pages[since(kServer - 150s)] = page({patient("2"), patient("3")}, "", kServer + 60s);
  const PollSummary second = ask(kNow + 60s);
  EXPECT_EQ(ehr_.requests, (std::vector<std::string>{"GET Patient?" + since(kServer - 150s)}));
  EXPECT_EQ(second.seen, 2u);
  EXPECT_EQ(second.stored, 1u);  // the other one is known
}

TEST_F(Poll, WithoutADateUsesOurClock) {
  ehr_.pages[kFirst] = page({}, "", std::nullopt);
  ask();
  ehr_.requests.clear();
  ask(kNow + 10s);
  EXPECT_EQ(ehr_.requests, (std::vector<std::string>{"GET Patient?" + since(kNow - 150s)}));
}

TEST_F(Poll, D4_04_BeginsEarlierWhenTheServersClockWentBack) {
  ehr_.pages[kFirst] = page({patient("1")});
  ask();
  // A minute later by our clock the server says it is an hour earlier. What was changed since the step carries such
  // times.
  const Instant back = kServer - 3600s;
  ehr_.pages[since(kServer - 150s)] = page({}, "", back);
  const Instant begin = kServer - 150s - 3660s;
  ehr_.pages[since(begin)] = page({patient("2")}, "", back);
  const PollSummary summary = ask(kNow + 60s);
  EXPECT_EQ(summary.stored, 1u);
  ASSERT_EQ(summary.issues.size(), 1u);
  ehr_.requests.clear();
  ask(kNow + 120s);
  EXPECT_EQ(ehr_.requests[0], "GET Patient?" + since(back - 150s));
}

TEST_F(Poll, D4_09_FollowsPagesVerbatimAndKeepsEachBeforeTheNext) {
  ehr_.pages[kFirst] = page({patient("1")}, "https://ehr/fhir?_getpages=a%7Cb&x=");
  ehr_.pages["https://ehr/fhir?_getpages=a%7Cb&x="] = page({patient("1"), patient("2")}, "last");
  ehr_.pages["last"] = page({});
  const PollSummary summary = ask();
  EXPECT_EQ(summary.pages, 3u);
  EXPECT_EQ(summary.stored, 2u);
  EXPECT_TRUE(cursor_set());
}

TEST_F(Poll, D4_09_AsksTheWindowAgainWhenALinkHasExpired) {
  ehr_.pages[kFirst] = page({patient("1")}, "gone");
  ehr_.page_errors["gone"] = Error{Kind::NotFound, "410 gone"};
  const PollSummary summary = ask();
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.stored, 1u);  // kept all the same
  EXPECT_FALSE(cursor_set());
  ehr_.pages[kFirst] = page({patient("1"), patient("2")});
  EXPECT_EQ(ask().stored, 1u);
  EXPECT_TRUE(cursor_set());
}

TEST_F(Poll, LeavesTheCursorWhenAPageFails) {
  ehr_.pages[kFirst] = page({patient("1")}, "broken");
  ehr_.page_errors["broken"] = Error{Kind::Unavailable, "503"};
  const auto summary = poll(*store_, ehr_, ehr_.declared, {.source = "main"}, "Patient", kNow);
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().kind, Kind::Unavailable);
  EXPECT_FALSE(cursor_set());
  EXPECT_EQ(pending(), 1u);
}

TEST_F(Poll, D4_09_EndsWhenPagesGoRoundInACircle) {
  ehr_.pages[kFirst] = page({patient("1")}, "a");
  ehr_.pages["a"] = page({patient("2")}, "b");
  ehr_.pages["b"] = page({patient("3")}, "a");
  const PollSummary summary = ask();
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.pages, 3u);
  EXPECT_EQ(summary.stored, 3u);
  EXPECT_FALSE(cursor_set());
}

TEST_F(Poll, EndsAtTheMostPages) {
  ehr_.pages[kFirst] = page({patient("0")}, "1");
  for (int i = 1; i < 20; ++i)
    ehr_.pages[std::to_string(i)] = page({patient(std::to_string(i))}, std::to_string(i + 1));
  auto summary = poll(*store_, ehr_, ehr_.declared, {.source = "main", .max_pages = 5}, "Patient", kNow);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->pages, 5u);
  EXPECT_FALSE(summary->complete);
  EXPECT_FALSE(cursor_set());
}

TEST_F(Poll, D4_10_IsNotCompleteWhenTheServerSaysThatResultsAreMissing) {
  ehr_.pages[kFirst] = page(
      {patient("1"), R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]})"});
  const PollSummary summary = ask();
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.stored, 1u);
  EXPECT_FALSE(cursor_set());
}

TEST_F(Poll, IsCompleteInSpiteOfARemark) {
  ehr_.pages[kFirst] =
      page({patient("1"),
            R"({"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]})"});
  EXPECT_TRUE(ask().complete);
  EXPECT_TRUE(cursor_set());
}

TEST_F(Poll, D4_05_TakesAnEditEvenWithoutAVersion) {
  ehr_.pages[kFirst] = page({patient("1")});
  ask();
  ehr_.pages[since(kServer - 150s)] = page({patient("1", "male")});
  EXPECT_EQ(ask().stored, 1u);
}

TEST_F(Poll, OfATypeWithoutLastUpdatedIsNotSupported) {
  for (TypeCapability& type : ehr_.declared.types) type.search_params = {"identifier"};
  const auto without = poll(*store_, ehr_, ehr_.declared, {.source = "main"}, "Patient", kNow);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().kind, Kind::Unsupported);
  EXPECT_EQ(without.error().message, "Patient: search by _lastUpdated is not declared by the EHR");
  const auto unknown = poll(*store_, ehr_, ehr_.declared, {.source = "main"}, "Account", kNow);
  EXPECT_EQ(unknown.error().message, "Account: search is not declared by the EHR");
  EXPECT_TRUE(ehr_.requests.empty());
}

std::string dated(const std::string& id, Instant updated) {
  return R"({"resourceType":"Patient","id":")" + id + R"(","meta":{"lastUpdated":")" + to_text(updated) + R"("}})";
}

TEST_F(Poll, D4_02_EqualTimesAtBothEdgesAreNeitherLostNorDoubled) {
  ehr_.pages[kFirst] = page({dated("1", kServer - 150s), dated("2", kServer)});
  EXPECT_EQ(ask().stored, 2u);
  // At the lower edge of the next window, to the millisecond: two that are known, one that shares their time.
  ehr_.pages[since(kServer - 150s)] =
      page({dated("1", kServer - 150s), dated("2", kServer), dated("3", kServer - 150s), dated("4", kServer)}, "",
           kServer + 60s);
  const PollSummary second = ask(kNow + 60s);
  EXPECT_EQ(second.stored, 2u);
  EXPECT_EQ(pending(), 4u);
}

TEST_F(Poll, D4_03_ARecordThatBecomesVisibleTwoMinutesLateIsFound) {
  ehr_.pages[kFirst] = page({});
  ask();
  for (int minute = 1; minute <= 3; ++minute) {
    const auto time = kServer + minute * 60s;
    std::vector<std::string> visible;
    if (minute >= 2) visible.push_back(dated("late", kServer - 5s));  // of before the first window
    ehr_.pages[since(time - 60s - 150s)] = page(visible, "", time);
    EXPECT_EQ(ask(kNow + minute * 60s).stored, minute == 2 ? 1u : 0u) << minute;
  }
}

TEST_F(Poll, D4_08_TheOrderOfResultsDoesNotMatterAndNoneIsAskedFor) {
  ehr_.pages[kFirst] = page({dated("3", kServer), dated("1", kServer - 9s)}, "b");
  ehr_.pages["b"] = page({dated("2", kServer - 99s), dated("3", kServer)});
  EXPECT_EQ(ask().stored, 3u);
  for (const std::string& request : ehr_.requests) EXPECT_EQ(request.find("_sort"), std::string::npos);
}

TEST_F(Poll, D4_09_AnEmptyLastPageIsFineAndATotalThatIsTooLargeIsARemark) {
  ehr_.pages[kFirst] = page({patient("1")}, "last");
  ehr_.pages["last"] = page({});
  ehr_.pages[kFirst].bundle =
      document(R"({"resourceType":"Bundle","type":"searchset","total":7,"entry":[{"resource":)" + patient("1") + "}]}");
  const PollSummary summary = ask();
  EXPECT_TRUE(summary.complete);
  EXPECT_TRUE(cursor_set());
  ASSERT_EQ(summary.issues.size(), 1u);
  EXPECT_EQ(summary.issues[0].text, "the search says 7 results and gave 1");
}

TEST_F(Poll, ByCreatedDateAsksADayBackAndKeepsACursorOfItsOwn) {
  for (TypeCapability& type : ehr_.declared.types) type.search_params = {"authored", "patient"};
  PollWishes wishes;
  wishes.created_date_types = {"QuestionnaireResponse"};
  const auto choice = choose_poll(ehr_.declared, "QuestionnaireResponse", wishes);
  ASSERT_EQ(choice.mode, PollMode::CreatedDate);
  ehr_.pages["_count=100"] = page({});
  ASSERT_TRUE(poll(*store_, ehr_, {.source = "main"}, choice, kNow).ok());
  ASSERT_TRUE(poll(*store_, ehr_, {.source = "main"}, choice, kNow + 60s).ok());
  EXPECT_EQ(ehr_.requests.back(), "GET QuestionnaireResponse?_count=100&authored=ge2026-11-21T08%3A27%3A30.000Z");
  EXPECT_FALSE(store_->cursor("main", "QuestionnaireResponse").value().has_value());
}

TEST_F(Poll, StartsOverWithACursorItCannotRead) {
  Accepted batch;
  batch.cursor = Cursor{"main", "Patient", "something else"};
  ASSERT_TRUE(store_->accept(batch).ok());
  ehr_.pages[kFirst] = page({patient("1")});
  EXPECT_EQ(ask().stored, 1u);
}

// ---- forms
// -----------------------------------------------------------------------------------------------------------

constexpr const char* kForm = "http://forms.example/phq9";

std::string form(const std::string& id, const std::string& version, const std::string& date,
                 const std::string& url = kForm) {
  return R"({"resourceType":"Questionnaire","id":")" + id + R"(","url":")" + url + R"(","version":")" + version +
         R"(","status":"active","date":")" + date + "\"}";
}

class FetchForm : public Poll {
 protected:
  Result<bool> fetch(std::string_view canonical) { return fetch_form(*store_, ehr_, "main", canonical, kNow); }
  std::string kept(std::string_view url = kForm) {
    const auto copy = store_->canonical("main", url).value();
    return copy ? copy->id : "none";
  }
};

TEST_F(FetchForm, KeepsTheNewestOfItsUrlAndNothingElse) {
  ehr_.pages["url=http%3A%2F%2Fforms.example%2Fphq9"] =
      page({form("other", "9", "2030-01-01", "http://forms.example/gad7"), form("old", "1", "2020-01-01"),
            form("new", "2", "2024-01-01"), patient("1")});
  EXPECT_TRUE(fetch(kForm).value());
  EXPECT_EQ(kept(), "new");
  EXPECT_EQ(kept("http://forms.example/gad7"), "none");
  EXPECT_EQ(pending(), 0u);
}

TEST_F(FetchForm, TakesTheVersionAskedFor) {
  ehr_.pages["url=http%3A%2F%2Fforms.example%2Fphq9&version=1"] =
      page({form("old", "1", "2020-01-01"), form("new", "2", "2024-01-01")});
  EXPECT_TRUE(fetch(std::string(kForm) + "|1").value());
  EXPECT_EQ(kept(), "old");
}

TEST_F(FetchForm, SaysSoWhenTheEhrDoesNotHaveIt) {
  ehr_.pages["url=http%3A%2F%2Fforms.example%2Fphq9"] = page({form("x", "1", "2020", "http://forms.example/gad7")});
  EXPECT_FALSE(fetch(kForm).value());
  EXPECT_FALSE(fetch("Questionnaire/none").value());
}

TEST_F(FetchForm, ReadsAFormThatIsNamedByItsPlace) {
  ehr_.put(form("7", "1", "2020-01-01"));
  EXPECT_TRUE(fetch("Questionnaire/7").value());
  EXPECT_EQ(kept("Questionnaire/7"), "7");
}

TEST_F(FetchForm, WakesTheResponsesThatWait) {
  ehr_.pages[kFirst] = page({patient("1")});
  ask();
  const std::string lane = store_->pending_lanes(1).value().at(0);
  Worked waiting;
  waiting.inbox.push_back({store_->pending(lane, 1).value().at(0).seq, InboxState::Waiting, kForm, {}});
  ASSERT_TRUE(store_->commit(waiting).ok());
  ASSERT_EQ(pending(), 0u);
  ehr_.pages["url=http%3A%2F%2Fforms.example%2Fphq9"] = page({form("1", "1", "2020-01-01")});
  EXPECT_TRUE(fetch(kForm).value());
  EXPECT_EQ(pending(), 1u);
}

}  // namespace
}  // namespace bhi::flow
