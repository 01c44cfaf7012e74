// The wishes of one source: asked for between polls, again when they were not there, and remembered over a restart.
#include "service/fill_in.h"

#include "tests/service/support/daemon.h"

#include <map>

namespace bhi::service::test {
namespace {

using std::chrono::minutes;

// Has some resources, and counts how often it is asked.
class ReadEhr : public flow::Ehr {
 public:
  std::map<std::string, std::string> resources;  // by Type/id
  std::size_t requests = 0;

  Result<flow::Capabilities> capabilities() override { return flow::Capabilities(); }
  Result<flow::Page> search(std::string_view, std::string_view) override {
    return Error{Kind::Unsupported, "no search"};
  }
  Result<flow::Page> next(std::string_view) override { return Error{Kind::Unsupported, "no search"}; }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    ++requests;
    const auto found = resources.find(std::string(type) + "/" + std::string(id));
    if (found == resources.end()) return Error{Kind::NotFound, "404"};
    return fhir::read_json(found->second);
  }
  flow::Answer create(std::string_view, std::string_view, std::string_view) override { return {}; }
  flow::Answer update(std::string_view, std::string_view, std::string_view, std::string_view) override { return {}; }
};

class FillInTest : public DaemonTest {
 protected:
  FillInTest()
      : store(*store::open_sqlite((folder / "fill.db").string())),
        live(engine()),
        common{*store, metrics, live, {}, [] { return *instant_from("2026-11-22T12:00:00Z"); }} {
    begin();
  }
  void begin() {
    wishes = std::make_unique<FillIn>(common, "main", [this] { ++woken; });
    wishes->remember();
  }
  bool fetch(minutes later = minutes(0)) {
    now += later;
    return wishes->fetch(there, {}, now);
  }

  std::unique_ptr<flow::Store> store;
  Metrics metrics;
  LiveEngine live;
  Common common;
  ReadEhr there;
  std::unique_ptr<FillIn> wishes;
  FillIn::Clock::time_point now = FillIn::Clock::now();
  int woken = 0;
};

TEST_F(FillInTest, AsksOnceForWhatManyWantAndAgainLaterForWhatWasNotThere) {
  EXPECT_TRUE(wishes->want({"Medication/7", "MedicationRequest/1"}));
  EXPECT_FALSE(wishes->want({"Medication/7", "MedicationRequest/2"}));
  fetch();
  EXPECT_EQ(there.requests, 1u);
  fetch(minutes(9));
  EXPECT_EQ(there.requests, 1u);
  fetch(minutes(1));
  EXPECT_EQ(there.requests, 2u);
  fetch(minutes(10));
  EXPECT_EQ(there.requests, 2u) << "less and less often";
  there.resources["Medication/7"] = R"({"resourceType":"Medication","id":"7"})";
  fetch(minutes(60));
  EXPECT_EQ(there.requests, 3u);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(wishes->open(), 0u);
}

TEST_F(FillInTest, RemembersWhatIsMissingOverARestart) {
  wishes->want({"Medication/7", "MedicationRequest/1"});
  wishes->want({"Patient/p", ""});
  fetch();
  begin();
  EXPECT_EQ(wishes->open(), 2u);
  there.resources["Medication/7"] = R"({"resourceType":"Medication","id":"7"})";
  there.resources["Patient/p"] = R"({"resourceType":"Patient","id":"p"})";
  fetch();
  EXPECT_EQ(wishes->open(), 0u);
  begin();
  EXPECT_EQ(wishes->open(), 0u) << "what arrived is forgotten";
}

TEST_F(FillInTest, AsksForSomeAtATime) {
  for (int i = 0; i < 60; ++i) wishes->want({"Medication/" + std::to_string(i), ""});
  EXPECT_TRUE(fetch());
  EXPECT_EQ(there.requests, 25u);
  EXPECT_TRUE(fetch());
  EXPECT_FALSE(fetch());
  EXPECT_EQ(there.requests, 60u);
}

}  // namespace
}  // namespace bhi::service::test
