// What --state keeps over a restart.
#include "ehr_sim/journal.h"
#include "tests/ehr_sim/support/world.h"

#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace bhi::sim::testing {
namespace {

class Keeping : public ::testing::Test {
 protected:
  void SetUp() override {
    path = (std::filesystem::temp_directory_path() / ("bhi-journal-" + std::to_string(::getpid()))).string();
    std::filesystem::remove(path);
  }
  void TearDown() override { std::filesystem::remove(path); }

  // One life of the program.
  void live(const std::function<void(World&, Journal&)>& act) {
    std::unique_ptr<Journal> journal;
    World world({}, [&](std::span<const VersionPtr> versions) { return journal->append(versions); });
    auto opened = Journal::open(path, [&](VersionPtr version) { world.simulator.restore(std::move(version)); });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    journal = *std::move(opened);
    act(world, *journal);
  }

  std::string path;
};

constexpr const char* kPatient =
    R"({"resourceType":"Patient","id":"p1","identifier":[{"value":"x"}],"multipleBirthInteger":2,"odd":1.50})";

TEST_F(Keeping, BringsBackVersionsDeletionsAndTimes) {
  live([](World& world, Journal&) {
    world.put("Patient/p1", kPatient);
    world.now += std::chrono::minutes(1);
    world.put("Patient/p1", kPatient);
    world.put("Patient/p2", R"({"resourceType":"Patient","id":"p2"})");
    world.ask("DELETE", "Patient/p2");
  });
  live([](World& world, Journal&) {
    EXPECT_EQ(world.simulator.version_count(), 4u);
    const Response read = world.get("Patient/p1");
    EXPECT_EQ(text_at(read, "meta.versionId"), "2");
    EXPECT_EQ(text_at(read, "meta.lastUpdated"), "2026-11-22T09:31:00.123Z");
    EXPECT_NE(read.body.find("\"odd\":1.50"), std::string::npos);
    EXPECT_EQ(ids_of(world.get("Patient?identifier=x")), "p1");
    EXPECT_EQ(world.get("Patient/p2").status, 410);
    EXPECT_EQ(world.put("Patient/p1", kPatient, {{"If-Match", "W/\"2\""}}).status, 200);
  });
  live([](World& world, Journal&) { EXPECT_EQ(text_at(world.get("Patient/p1"), "meta.versionId"), "3"); });
}

TEST_F(Keeping, ForgetsAHalfWrittenLastLine) {
  live([](World& world, Journal&) { world.put("Patient/p1", kPatient); });
  std::ofstream(path, std::ios::app) << R"({"versions":[{"type":"Patient","id":"p9","version":1,"upd)";
  live([](World& world, Journal&) {
    EXPECT_EQ(world.simulator.version_count(), 1u);
    world.put("Patient/p1", kPatient);
  });
  live([](World& world, Journal&) { EXPECT_EQ(world.simulator.version_count(), 2u); });
}

TEST_F(Keeping, RefusesABrokenLineInTheMiddleAndNamesIt) {
  std::ofstream(path) << "{\"keep\":0}\nnonsense\n{\"keep\":0}\n";
  const auto opened = Journal::open(path, [](VersionPtr) {});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find(":2:"), std::string::npos) << opened.error().message;
}

TEST_F(Keeping, RemembersAReset) {
  live([](World& world, Journal& journal) {
    world.put("Patient/p1", kPatient);
    world.put("Patient/p1", kPatient);
    ASSERT_TRUE(world.simulator.roll_back(1, [&](std::size_t count) { return journal.forget_after(count); }).ok());
    world.put("Patient/p2", R"({"resourceType":"Patient","id":"p2"})");
  });
  live([](World& world, Journal&) {
    EXPECT_EQ(text_at(world.get("Patient/p1"), "meta.versionId"), "1");
    EXPECT_EQ(ids_of(world.get("Patient")), "p1 p2");
  });
}

}  // namespace
}  // namespace bhi::sim::testing
