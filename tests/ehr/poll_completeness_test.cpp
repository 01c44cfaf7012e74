// Nothing is missed: open servers whose commits become visible late, whose clocks disagree and step back, whose pages
// shift while they are read and whose answers fail. For comparison a poller that asks strictly behind the newest time
// it has seen: it must miss records here, or these tests prove nothing.
#include "flow/poll.h"
#include "store/sqlite_store.h"
#include "tests/ehr/support/front_ehr.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;

constexpr int kPage = 20;

struct Case {
  const char* profile;
  unsigned seed;
  int date_skew;       // seconds, of the Date header
  const char* stamps;  // skews of lastUpdated, node after node
  int step_back;       // seconds, in the middle
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.profile << " seed " << one.seed << " Date " << one.date_skew << " stamps " << one.stamps
             << " step back " << one.step_back;
}

// Asks for what is newer than the newest seen, and believes every page.
class StrictPoller {
 public:
  void poll(flow::Ehr& ehr) {
    auto page = ehr.search("Observation",
                           "_count=" + std::to_string(kPage) + (newest_.empty() ? "" : "&_lastUpdated=gt" + newest_));
    while (page.ok()) {
      for (const fhir::Node& entry : fhir::each(page->bundle->root().find("entry"))) {
        const fhir::Node& resource = *entry.find("resource");
        const std::string updated(resource.find("meta")->text_of("lastUpdated"));
        words_[std::string(resource.text_of("id"))] = resource.text_of("language");
        highest_ = std::max(highest_, updated);
      }
      if (page->next.empty()) break;
      page = ehr.next(page->next);
    }
    newest_ = highest_;
  }
  std::string word(const std::string& id) const {
    const auto found = words_.find(id);
    return found == words_.end() ? std::string() : found->second;
  }

 private:
  std::string newest_, highest_;
  std::map<std::string, std::string> words_;
};

class Completeness : public testing::TestWithParam<Case> {
 protected:
  Completeness() : dice_(GetParam().seed) {
    // In memory where there is such a place: thousands of commits, and no power to lose.
    const std::filesystem::path memory = "/dev/shm";
    const auto above = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string name = (above / "bhi-complete-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    store_ = *store::open_sqlite((folder_ / "bhi.db").string());
    sim::Settings settings;
    settings.seed = "complete";
    settings.rules.profile = *sim::profile_named(GetParam().profile);
    // In small what is 10,000 there: who counts further is refused.
    if (settings.rules.profile.manners.most_offset > 0) settings.rules.profile.manners.most_offset = 60;
    simulator_ = std::make_unique<sim::Simulator>(settings);
    front_ = std::make_unique<sim::Front>(
        *simulator_, [this] { return now_; }, [](std::chrono::milliseconds) {});
    ehr_ = std::make_unique<test::FrontEhr>(*front_, now_);
    clock(R"({"date_skew_secs":)" + std::to_string(GetParam().date_skew) + R"(,"stamp_skew_secs":)" +
          GetParam().stamps + "}");
  }
  ~Completeness() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  int throw_dice(int least, int most) { return std::uniform_int_distribution<int>(least, most)(dice_); }
  void clock(const std::string& settings) { ASSERT_EQ(ehr_->post("/_sim/clock", settings).status, 200) << settings; }
  void fault(const std::string& settings) { ASSERT_EQ(ehr_->post("/_sim/faults", settings).status, 200) << settings; }

  static std::string observation(const std::string& id, const std::string& word) {
    return R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","language":")" + word + "\"}";
  }
  void load(const std::string& body, int late = 0) {
    const auto loaded = ehr_->post("/_sim/load?late_secs=" + std::to_string(late), body);
    ASSERT_EQ(loaded.status, 200) << loaded.body;
  }
  // Who writes late holds the row until then: nobody else writes it meanwhile.
  void edit(const std::string& id, int late = 0) {
    if (locked_until_[id] > now_) return;
    locked_until_[id] = now_ + std::chrono::seconds(late);
    load(observation(id, "w" + std::to_string(++words_)), late);
  }
  std::string add() {
    ids_.push_back("o" + std::to_string(ids_.size()));
    return ids_.back();
  }
  // Many of one moment, in one Bundle.
  void add_many(int count, int late = 0) {
    std::string entries;
    for (int i = 0; i < count; ++i) {
      const std::string id = add();
      locked_until_[id] = now_ + std::chrono::seconds(late);
      entries +=
          std::string(i == 0 ? "" : ",") + R"({"resource":)" + observation(id, "w" + std::to_string(++words_)) + "}";
    }
    load(R"({"resourceType":"Bundle","type":"collection","entry":[)" + entries + "]}", late);
  }

  // What others write in a moment.
  void others_write() {
    for (int i = throw_dice(0, 3); i > 0; --i) {
      const int late = throw_dice(0, 2) == 0 ? throw_dice(1, 120) : 0;
      if (throw_dice(0, 1) == 0) {
        edit(add(), late);
      } else {
        edit(ids_[static_cast<std::size_t>(throw_dice(0, static_cast<int>(ids_.size()) - 1))], late);
      }
    }
  }
  void something_fails() {
    static constexpr const char* kFaults[] = {
        R"({"expire_next":{}})",
        R"({"loop_pages":{}})",
        R"({"repeat_page":{}})",
        R"({"empty_page":{}})",
        R"({"forge_next":{}})",
        R"({"html":{}})",
        R"({"status":{"code":503}})",
        R"({"status":{"code":429,"rate_limit":1}})",
        R"({"status":{"code":429,"retry_after":1}})",
    };
    fault(kFaults[throw_dice(0, static_cast<int>(std::size(kFaults)) - 1)]);
  }

  Result<flow::PollSummary> poll() {
    const auto capabilities = ehr_->capabilities();
    if (!capabilities) return capabilities.error();
    const auto choice = flow::choose_poll(*capabilities, "Observation", {});
    EXPECT_EQ(choice.mode, flow::PollMode::LastUpdated) << choice.reason;
    flow::PollSettings settings{.source = "main"};
    settings.page_size = kPage;
    return flow::poll(*store_, *ehr_, settings, choice, now_);
  }
  // Until a window is complete.
  void poll_whole() {
    for (int i = 0; i < 20; ++i) {
      const auto summary = poll();
      if (summary && summary->complete) return;
      now_ += 5s;
    }
    FAIL() << "no window was complete";
  }

  std::string ours(const std::string& id) {
    const auto copy = store_->resource("main", "Observation", id);
    const auto document = copy && *copy ? fhir::read_json((*copy)->body) : Result<fhir::DocumentPtr>(Error{});
    return document ? std::string((*document)->root().text_of("language")) : std::string();
  }
  std::string theirs(const std::string& id) {
    const auto document = ehr_->read("Observation", id);
    return document ? std::string((*document)->root().text_of("language")) : "unreadable";
  }

  Instant now_ = *instant_from("2026-11-22T09:00:00.000Z");
  std::mt19937 dice_;
  int words_ = 0;
  std::vector<std::string> ids_;
  std::map<std::string, Instant> locked_until_;
  std::filesystem::path folder_;
  std::unique_ptr<flow::Store> store_;
  std::unique_ptr<sim::Simulator> simulator_;
  std::unique_ptr<sim::Front> front_;
  std::unique_ptr<test::FrontEhr> ehr_;
};

TEST_P(Completeness, D4_03_EverythingIsFoundWhateverTheServerDoes) {
  StrictPoller strict;
  add_many(130);
  now_ += 10s;
  int requests = 0;
  ehr_->before_each = [&] {
    if (++requests % 3 == 0) others_write();  // between two pages too
  };
  constexpr int kRounds = 24;
  for (int round = 0; round < kRounds; ++round) {
    if (round == kRounds / 2 && GetParam().step_back > 0) {
      clock(R"({"advance_secs":-)" + std::to_string(GetParam().step_back) + "}");
    }
    others_write();
    if (throw_dice(0, 7) == 0) add_many(throw_dice(2, 50), throw_dice(0, 1) * throw_dice(1, 120));
    if (throw_dice(0, 2) == 0) something_fails();
    static_cast<void>(poll());
    ehr_->post("/_sim/reset", "");  // faults; the clock keeps its course below
    clock(R"({"date_skew_secs":)" + std::to_string(GetParam().date_skew) + R"(,"stamp_skew_secs":)" +
          GetParam().stamps + R"(,"advance_secs":)" + std::to_string(round >= kRounds / 2 ? -GetParam().step_back : 0) +
          "}");
    strict.poll(*ehr_);
    now_ += std::chrono::seconds(throw_dice(5, 40));
  }
  ehr_->before_each = [] {};
  now_ += 121s;  // the last late ones
  poll_whole();
  strict.poll(*ehr_);

  std::size_t missed = 0, missed_by_strict = 0;
  for (const std::string& id : ids_) {
    const std::string word = theirs(id);
    if (ours(id) != word && ++missed < 5) ADD_FAILURE() << id << ": " << ours(id) << " instead of " << word;
    missed_by_strict += strict.word(id) == word ? 0u : 1u;
  }
  EXPECT_EQ(missed, 0u) << "of " << ids_.size();
  EXPECT_GT(missed_by_strict, 0u) << "of " << ids_.size() << ": this test proves nothing";
  RecordProperty("records", static_cast<int>(ids_.size()));
  RecordProperty("missed_by_a_strict_poller", static_cast<int>(missed_by_strict));
}

class Drift : public Completeness {};

TEST_P(Drift, D4_09_EditsBetweenTwoPagesPushNothingOverTheEdge) {
  for (int i = 0; i < 100; ++i) edit(add());
  add_many(90);  // of one moment, more than a page
  now_ += 1h;
  std::size_t at = 0;
  ehr_->before_each = [&] { edit(ids_[(at += 3) % 190]); };
  poll_whole();
  ehr_->before_each = [] {};
  now_ += 1h;
  poll_whole();
  for (const std::string& id : ids_) EXPECT_EQ(ours(id), theirs(id)) << id;
}

std::vector<Case> cases() {
  const char* full = std::getenv("BHI_FULL");
  const unsigned seeds = full != nullptr && std::string(full) == "1" ? 25 : 1;
  std::vector<Case> made;
  for (const char* profile : {"medplum", "hapi"}) {
    for (unsigned seed = 1; seed <= seeds; ++seed) {
      made.push_back({profile, seed, 10, "[-10]", 0});
      made.push_back({profile, seed + 1000, -10, "[10,-10]", 45});
      made.push_back({profile, seed + 2000, 10, "[-10,10]", 400});
    }
  }
  return made;
}
INSTANTIATE_TEST_SUITE_P(OpenServers, Completeness, testing::ValuesIn(cases()));
INSTANTIATE_TEST_SUITE_P(OpenServers, Drift,
                         testing::Values(Case{"medplum", 1, 0, "[0]", 0}, Case{"hapi", 1, 0, "[0]", 0}));

}  // namespace
}  // namespace bhi::ehr
