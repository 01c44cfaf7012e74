// The program as a person or a test starts it.
#include "tests/ehr_sim/support/socket_client.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace bhi::sim::testing {
namespace {

using namespace std::chrono_literals;

class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "bhi-ehr-sim-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);  // process ids come again
    folder = name;
  }
  void TearDown() override {
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    std::filesystem::remove_all(folder);
  }

  void start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BHI_BIN_DIR "/bhi-ehr-sim");
    std::vector<char*> raw;
    for (std::string& one : arguments) raw.push_back(one.data());
    raw.push_back(nullptr);
    child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      if (std::freopen((folder / "out").c_str(), "w", stdout) == nullptr ||
          std::freopen((folder / "err").c_str(), "w", stderr) == nullptr)
        ::_exit(9);
      ::execv(raw[0], raw.data());
      ::_exit(9);
    }
  }
  // Exit code; -1 when a signal ended it.
  int wait() {
    int status = 0;
    ::waitpid(child, &status, 0);
    child = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::uint16_t ready() {
    const auto file = folder / "port";
    for (int i = 0; i < 1000 && !std::filesystem::exists(file); ++i) std::this_thread::sleep_for(10ms);
    int port = 0;
    std::ifstream(file) >> port;
    std::filesystem::remove(file);
    return static_cast<std::uint16_t>(port);
  }
  std::string text(const char* name) const {
    std::ifstream file(folder / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> usual(std::vector<std::string> more) const {
    std::vector<std::string> all = {"--listen", "127.0.0.1:0", "--port-file", (folder / "port").string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::filesystem::path folder;
  pid_t child = -1;
};

TEST_F(Program, ServesTheSamplesAndEndsOnSigterm) {
  start(usual({"--samples"}));
  const auto port = ready();
  ASSERT_NE(port, 0) << text("err");
  EXPECT_NE(exchange(port, "GET", "/fhir/Patient/june-alder").find("Alder"), std::string::npos);
  SocketClient lingering(port);
  const auto begin = std::chrono::steady_clock::now();
  ::kill(child, SIGTERM);
  EXPECT_EQ(wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  const std::string out = text("out");
  EXPECT_EQ(out.find("bhi-ehr-sim ready: http://127.0.0.1:" + std::to_string(port) + "/fhir "), 0u) << out;
  EXPECT_EQ(std::ranges::count(out, '\n'), 1) << "one line when ready";
}

TEST_F(Program, FindsItsStateAgainAfterAKill) {
  const std::string state = (folder / "journal").string();
  start(usual({"--samples", "--state", state}));
  auto port = ready();
  EXPECT_EQ(status_of(exchange(port, "PUT", "/fhir/Patient/p1", R"({"resourceType":"Patient","id":"p1"})")), 201);
  ::kill(child, SIGKILL);
  wait();
  std::ofstream(folder / "more.json") << R"({"resourceType":"Patient","id":"late"})";
  start(usual({"--samples", "--load", (folder / "more.json").string(), "--state", state}));
  port = ready();
  ASSERT_NE(port, 0) << text("err");
  EXPECT_EQ(status_of(exchange(port, "GET", "/fhir/Patient/p1")), 200);
  EXPECT_NE(exchange(port, "GET", "/fhir/Patient/june-alder").find("\"versionId\":\"1\""), std::string::npos)
      << "samples are not loaded a second time";
  EXPECT_EQ(status_of(exchange(port, "GET", "/fhir/Patient/late")), 200) << "a file that is new is loaded";
}

TEST_F(Program, LoadsFilesAndFaults) {
  std::ofstream(folder / "p.json") << R"({"resourceType":"Patient","id":"mine"})";
  std::ofstream(folder / "more.ndjson")
      << "{\"resourceType\":\"Group\",\"id\":\"g\"}\n\n{\"resourceType\":\"Group\",\"id\":\"h\"}\n";
  std::ofstream(folder / "faults") << R"({"status":{"code":503,"type":"Patient"}})";
  start(usual({"--load", (folder / "p.json").string(), "--load", (folder / "more.ndjson").string(), "--faults",
               (folder / "faults").string(), "--no-update-create"}));
  const auto port = ready();
  ASSERT_NE(port, 0) << text("err");
  EXPECT_EQ(status_of(exchange(port, "GET", "/fhir/Patient/mine")), 503);
  EXPECT_EQ(status_of(exchange(port, "GET", "/fhir/Patient/mine")), 200);
  EXPECT_EQ(status_of(exchange(port, "GET", "/fhir/Group/h")), 200);
  EXPECT_EQ(status_of(exchange(port, "PUT", "/fhir/Patient/new", R"({"resourceType":"Patient","id":"new"})")), 405);
}

TEST_F(Program, SaysWhatIsWrongWithItsCommandLine) {
  std::ofstream(folder / "bad.json") << "{\"resourceType\":";
  const std::vector<std::vector<std::string>> kBad = {
      {"--nonsense"},
      {"--load", (folder / "absent.json").string()},
      {"--load", (folder / "bad.json").string()},
      {"--faults", (folder / "bad.json").string()},
      {"--listen", "nowhere at all"},
      {"--port-file", "/nowhere/port"},
  };
  for (const auto& arguments : kBad) {
    start(arguments);
    EXPECT_EQ(wait(), 2) << arguments[0];
    EXPECT_FALSE(text("err").empty() && text("out").empty()) << arguments[0];
  }
}

}  // namespace
}  // namespace bhi::sim::testing
