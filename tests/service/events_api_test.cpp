#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

class EventsApi : public DaemonTest {
 protected:
  EventsApi() {
    wrap = [this](std::unique_ptr<flow::Store> opened) {
      store = opened.get();
      return opened;
    };
  }
  void happen(const std::string& id) {
    flow::Worked worked;
    worked.at = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    worked.entities = {{"CaseFlag", id, "p", 0, R"({"kind":"CaseFlag","id":")" + id + R"(","patient":"p"})"}};
    ASSERT_TRUE(store->commit(worked).ok());
  }
  flow::Store* store = nullptr;  // of the daemon
};

TEST_F(EventsApi, SaysGoneToAFollowerWhoWasAwayTooLong) {
  start();
  happen("f1");
  happen("f2");
  EXPECT_EQ(status_of(ask("GET", "/care/events?after=0")), 200);
  const auto late = Instant(std::chrono::milliseconds(INT64_MAX / 2));
  ASSERT_EQ(*store->forget_events(late), 2u);
  happen("f3");
  const auto gone = ask("GET", "/care/events?after=1");
  EXPECT_EQ(status_of(gone), 410);
  EXPECT_NE(gone.find("after=2"), std::string::npos) << gone;
  const auto on = ask("GET", "/care/events?after=2");
  EXPECT_EQ(status_of(on), 200);
  EXPECT_NE(on.find(R"("id":"f3")"), std::string::npos) << on;
  EXPECT_NE(on.find(R"("next":3,"first":3,"last":3)"), std::string::npos) << on;
}

TEST_F(EventsApi, AnswersAtOnceWhenTooManyWait) {
  settings.limits.max_connections = 4;  // one of them may wait
  start();
  Socket waiting(daemon->port());
  waiting.send("GET /care/events?after=last&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  // The first may not be there yet: of the two, one is answered at once.
  Socket second(daemon->port());
  second.send("GET /care/events?after=last&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string answer;
  EXPECT_TRUE(until([&] {
    answer += waiting.read_answer(std::chrono::milliseconds(20));
    answer += second.read_answer(std::chrono::milliseconds(20));
    return answer.find("\"events\":[]") != std::string::npos;
  })) << answer;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(25));
}

TEST_F(EventsApi, LetEverybodyReadBeforeThereIsATeam) {
  start();
  EXPECT_EQ(status_of(ask("GET", "/care/caseload")), 200);
  EXPECT_EQ(status_of(ask("GET", "/care/outbox")), 200);
}

}  // namespace
}  // namespace bhi::service::test
