// The HTTP server over real sockets: framing, limits, times, and an end in good order.
#include "service/http/server.h"

#include "service/options.h"
#include "tests/service/support/socket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace bhi::service::http {
namespace {

using std::chrono::milliseconds;
using test::body_of;
using test::Socket;
using test::status_of;

// Echoes bodies; "/refused" is refused from its head, "/throws" throws, "/slow" takes a while.
class ServerTest : public ::testing::Test {
 protected:
  LimitSettings limits = [] {
    Settings settings;
    apply_defaults(settings);
    settings.limits.max_body_bytes = 1000;
    settings.limits.max_header_bytes = 2000;
    settings.limits.head_timeout_secs = 1;
    settings.limits.body_timeout_secs = 1;
    settings.limits.idle_timeout_secs = 1;
    return settings.limits;
  }();

  void open() {
    Application application;
    application.admit = [this](const Request& request) {
      Admission admission;
      admission.route = "/" + (request.path.empty() ? std::string() : request.path.front());
      if (admission.route == "/refused") {
        admission.answer = Response{401, "text/plain", "who?", {}, false};
      } else {
        admission.go_on = [this](Request& whole) { return handle(whole); };
      }
      return admission;
    };
    application.refuse = [](int status, std::string_view text) {
      return Response{status, "text/plain", std::string(text), {}, false};
    };
    application.finished = [this](const Trace& trace) {
      const std::lock_guard lock(mutex);
      traces.push_back(trace);
    };
    auto opened = Server::open({"127.0.0.1", 0}, limits, std::move(application));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    server = *std::move(opened);
    thread = std::jthread([this] { server->run(); });
  }

  void TearDown() override {
    if (server) server->stop();
  }

  Response handle(Request& request) {
    ++handled;
    if (request.path == std::vector<std::string>{"throws"}) throw std::runtime_error("secret of a patient");
    if (request.path == std::vector<std::string>{"slow"}) std::this_thread::sleep_for(milliseconds(300));
    return Response{200, "text/plain", "got " + request.body, {}, false};
  }

  std::string ask(const std::string& bytes) {
    Socket socket(server->port());
    EXPECT_TRUE(socket.send(bytes));
    return socket.read_answer();
  }

  static std::string post(const std::string& body, const std::string& fields = "") {
    return "POST /echo HTTP/1.1\r\nHost: x\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  std::mutex mutex;
  std::vector<Trace> traces;
  std::atomic<int> handled{0};
  std::unique_ptr<Server> server;
  std::jthread thread;
};

TEST_F(ServerTest, AnswersSeveralRequestsOfOneConnectionInOrder) {
  open();
  Socket socket(server->port());
  ASSERT_TRUE(socket.send(post("one") + post("two") + "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const auto all = socket.read_all();
  const auto one = all.find("got one"), two = all.find("got two");
  EXPECT_NE(one, std::string::npos);
  EXPECT_NE(two, std::string::npos);
  EXPECT_LT(one, two);
  EXPECT_EQ(handled, 3);
  EXPECT_NE(all.find("Cache-Control: no-store"), std::string::npos);
}

TEST_F(ServerTest, ReadsChunksHoweverTheyAreCut) {
  open();
  Socket socket(server->port());
  const std::string bytes =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: "
      "x\r\n\r\n";
  for (const char c : bytes) ASSERT_TRUE(socket.send(std::string_view(&c, 1)));
  EXPECT_EQ(body_of(socket.read_answer()), "got abcd");
}

TEST_F(ServerTest, RefusesBrokenChunksAndReadsNothingBehindThem) {
  open();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* chunks : {"zz\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n\r\n", "\r\n\r\n"}) {
    Socket socket(server->port());
    ASSERT_TRUE(socket.send(head + chunks + "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto all = socket.read_all();
    EXPECT_EQ(status_of(all), 400) << chunks;
    EXPECT_EQ(all.find("HTTP/1.1", 5), std::string::npos) << "a second answer after " << chunks;
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, SmugglesNothingPastTwoLengths) {
  open();
  Socket socket(server->port());
  ASSERT_TRUE(
      socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 80\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                  "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto all = socket.read_all();
  EXPECT_EQ(status_of(all), 400);
  EXPECT_EQ(all.find("HTTP/1.1", 5), std::string::npos);
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, RefusesATooLargeBodyByItsAnnouncement) {
  open();
  Socket socket(server->port());
  ASSERT_TRUE(
      socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(status_of(socket.read_answer()), 413);
}

TEST_F(ServerTest, CountsAChunkedBodyAndStopsAtTheLimit) {
  open();
  std::string bytes = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) bytes += "64\r\n" + std::string(100, 'a') + "\r\n";
  EXPECT_EQ(status_of(ask(bytes)), 413);
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, LetsASenderThatTalksOnHearTheRefusal) {
  limits.body_timeout_secs = 10;
  open();
  Socket socket(server->port());
  const std::string megabyte(1 << 20, 'a');
  ASSERT_TRUE(socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(megabyte.size() * 30) +
                          "\r\n\r\n"));
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(socket.send(megabyte)) << i;
  EXPECT_EQ(status_of(socket.read_all()), 413);
}

TEST_F(ServerTest, RefusesFromTheHeadWithoutLookingAtTheBody) {
  open();
  const auto answer = ask("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
  EXPECT_EQ(status_of(answer), 401);
  EXPECT_EQ(handled, 0);
}

TEST_F(ServerTest, AsksForTheBodyOfACarefulSender) {
  open();
  Socket socket(server->port());
  ASSERT_TRUE(socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(status_of(socket.read_answer()), 100);
  ASSERT_TRUE(socket.send("hi"));
  EXPECT_EQ(body_of(socket.read_answer()), "got hi");
}

TEST_F(ServerTest, EndsAHeadThatDrips) {
  open();
  Socket socket(server->port());
  const auto began = std::chrono::steady_clock::now();
  std::string answer;
  for (int i = 0; i < 40 && answer.empty(); ++i) {
    socket.send("X");
    answer = socket.read_all(milliseconds(100));
  }
  EXPECT_EQ(status_of(answer), 408);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
}

TEST_F(ServerTest, EndsABodyThatNeverComes) {
  open();
  EXPECT_EQ(status_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")), 408);
}

TEST_F(ServerTest, RefusesAHeadThatIsTooLarge) {
  open();
  EXPECT_EQ(status_of(ask("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'a') + "\r\n\r\n")), 431);
  EXPECT_EQ(status_of(ask("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + std::string(3000, 'a'))), 431);
}

TEST_F(ServerTest, AnswersABare500WhenAHandlerThrows) {
  open();
  const auto answer = ask("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  EXPECT_EQ(status_of(ask(post("x"))), 200) << "the neighbours are served";
}

TEST_F(ServerTest, AnswersOneConnectionTooManyWith503) {
  limits.max_connections = 2;
  limits.idle_timeout_secs = 30;
  open();
  Socket first(server->port()), second(server->port());
  ASSERT_TRUE(first.send(post("a")));
  ASSERT_TRUE(second.send(post("b")));
  EXPECT_EQ(status_of(first.read_answer()), 200);
  EXPECT_EQ(status_of(second.read_answer()), 200);
  Socket third(server->port());
  EXPECT_EQ(status_of(third.read_all()), 503);
  EXPECT_EQ((first.send(post("a")), status_of(first.read_answer())), 200) << "who is in stays in";
}

TEST_F(ServerTest, HoldsNoMoreBodiesThanItsBudget) {
  limits.max_buffered_bytes = 1500;
  limits.body_timeout_secs = 5;
  open();
  Socket first(server->port());
  ASSERT_TRUE(first.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'a')));
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(status_of(ask(post(std::string(900, 'b')))), 503);
  ASSERT_TRUE(first.send(std::string(100, 'a')));
  EXPECT_EQ(status_of(first.read_answer()), 200);
  EXPECT_EQ(status_of(ask(post(std::string(900, 'b')))), 200) << "the budget is given back";
}

TEST_F(ServerTest, FinishesWhatIsBeingServedWhenItStops) {
  open();
  Socket idle(server->port());
  ASSERT_TRUE(idle.send(post("x")));
  EXPECT_EQ(status_of(idle.read_answer()), 200);
  Socket busy(server->port());
  ASSERT_TRUE(busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  std::this_thread::sleep_for(milliseconds(100));
  server->stop();
  EXPECT_EQ(status_of(busy.read_all()), 200);
  EXPECT_TRUE(server->wait_idle(std::chrono::seconds(2)));
  thread.join();
  EXPECT_FALSE(Socket(server->port()).connected());
}

TEST_F(ServerTest, TellsOneTraceARequest) {
  open();
  ask(post("x"));
  ask("nonsense\r\n\r\n");
  ask("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  const std::lock_guard lock(mutex);
  ASSERT_EQ(traces.size(), 3u);
  EXPECT_EQ(traces[0].status, 200);
  EXPECT_EQ(traces[0].route, "/echo");
  EXPECT_EQ(traces[1].status, 400);
  EXPECT_EQ(traces[1].route, "-");
  EXPECT_EQ(traces[2].status, 401);
}

TEST_F(ServerTest, DoesNotShareItsPort) {
  open();
  EXPECT_FALSE(Server::open({"127.0.0.1", server->port()}, limits, Application{}).ok());
}

}  // namespace
}  // namespace bhi::service::http
