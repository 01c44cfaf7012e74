// Files laid in a folder: taken once they are complete, kept before they are moved, told about without their names.
#include "service/drop_folder.h"

#include "fhir/json.h"
#include "service/watched_store.h"
#include "tests/service/support/daemon.h"

#include <sys/stat.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace bhi::service::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::string patient(const std::string& id) {
  return R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":"Alder"}]})";
}

// A store whose disk is full when told so, and that can refuse after some batches, as when the process is killed.
class FullStore : public WatchedStore {
 public:
  FullStore(std::unique_ptr<flow::Store> store, Metrics& metrics)
      : WatchedStore(std::move(store), metrics, [](const Error&) {}) {}
  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override {
    if (batches_left == 0) return Error{Kind::Unavailable, "store: disk full"};
    --batches_left;
    return WatchedStore::accept(batch);
  }
  int batches_left = 1'000'000;
};

class DropFolderTest : public DaemonTest {
 protected:
  DropFolderTest() : live(engine()) {
    drop = folder / "drop";
    fs::create_directories(drop);
    source = settings.sources.front();
    source.drop_folder = drop.string();
    limits = settings.limits;
    store = std::make_unique<FullStore>(*store::open_sqlite((folder / "drop.db").string()), metrics);
    common.emplace(Common{*store, metrics, live, {{"main"}}, [] { return *instant_from("2026-07-28T12:00:00Z"); }});
    begin();
  }

  // As after a start of the process: nothing is remembered but what is on disk.
  void begin() {
    watched = std::make_unique<DropFolder>(*common, source, limits, [this] { ++woken; });
  }

  void lay(const std::string& name, const std::string& text) { std::ofstream(drop / name, std::ios::binary) << text; }
  void lay_gzip(const std::string& name, const std::string& text, std::size_t cut = 0) {
    gzFile file = gzopen((drop / name).c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
    if (cut > 0) fs::resize_file(drop / name, fs::file_size(drop / name) - cut);
  }
  void look(seconds later = seconds(6)) {
    now += later;
    watched->look(now, {});
  }
  void settle() {
    look();
    look();
  }
  static std::string text_of(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  bool kept(const std::string& id) { return store->resource("main", "Patient", id)->has_value(); }
  std::size_t pending() {
    std::size_t count = 0;
    const auto lanes = store->pending_lanes(1000);
    for (const auto& lane : *lanes) count += store->pending(lane, 1000)->size();
    return count;
  }
  static std::size_t count_in(const fs::path& path) {
    std::error_code error;
    const fs::directory_iterator files(path, error);
    return static_cast<std::size_t>(std::distance(begin_of(files), fs::directory_iterator()));
  }
  static fs::directory_iterator begin_of(fs::directory_iterator files) { return files; }

  fs::path drop;
  SourceSettings source;
  LimitSettings limits;
  LiveEngine live;
  Metrics metrics;
  std::unique_ptr<FullStore> store;
  std::optional<Common> common;
  std::unique_ptr<DropFolder> watched;
  DropWatch::Time now{};
  int woken = 0;
};

TEST(DropWatch, TakesAFileOnlyWhenItHasBeenTheSameForAWhileByOurOwnClock) {
  DropWatch watch(seconds(5));
  const DropWatch::Time start{};
  EXPECT_TRUE(watch.due({{"a", "1", 1}}, start).empty()) << "seen for the first time";
  EXPECT_TRUE(watch.due({{"a", "1", 1}}, start + seconds(4)).empty());
  EXPECT_TRUE(watch.due({{"a", "2", 1}}, start + seconds(6)).empty()) << "it grew";
  EXPECT_TRUE(watch.due({{"a", "2", 1}}, start + seconds(10)).empty());
  EXPECT_EQ(watch.due({{"a", "2", 1}}, start + seconds(11)).size(), 1u);
  watch.rest("a", start + seconds(60));
  EXPECT_TRUE(watch.due({{"a", "2", 1}}, start + seconds(59)).empty());
  EXPECT_EQ(watch.due({{"a", "2", 1}}, start + seconds(60)).size(), 1u);
  EXPECT_TRUE(watch.due({}, start + seconds(70)).empty());
  EXPECT_TRUE(watch.due({{"a", "2", 1}}, start + seconds(80)).empty()) << "gone and laid anew";
}

TEST(DropWatch, GivesTheOldestFirst) {
  DropWatch watch(seconds(1));
  const std::vector<DropEntry> there = {{"a", "1", 30}, {"b", "1", 10}, {"c", "1", 20}};
  watch.due(there, DropWatch::Time{});
  const auto due = watch.due(there, DropWatch::Time{} + seconds(1));
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(due[0].name + due[1].name + due[2].name, "bca");
}

TEST(DropFile, IsToldByTheEndOfItsName) {
  EXPECT_EQ(drop_form("a.json"), DropForm::Document);
  EXPECT_EQ(drop_form("A.XML.GZ"), DropForm::Document);
  EXPECT_EQ(drop_form("a.ndjson.gz"), DropForm::Lines);
  EXPECT_EQ(drop_form("a.jsonl"), DropForm::Lines);
  for (const char* other : {"a.pdf", "a", "", ".json", ".gz", "a.gz", "a.json.zip"})
    EXPECT_FALSE(drop_form(other)) << other;
}

TEST_F(DropFolderTest, TakesJsonXmlAndLinesPlainAndPacked) {
  lay("a.json", patient("a"));
  lay("b.xml", R"(<Patient xmlns="http://hl7.org/fhir"><id value="b"/></Patient>)");
  lay("c.ndjson", patient("c1") + "\n\n" + patient("c2") + "\r\n" + patient("c3"));
  lay_gzip("d.json.gz", patient("d"));
  lay_gzip("e.ndjson.gz", patient("e1") + "\n" + patient("e2") + "\n");
  look();
  EXPECT_EQ(pending(), 0u) << "nothing has settled yet";
  look();
  for (const char* id : {"a", "b", "c1", "c2", "c3", "d", "e1", "e2"}) EXPECT_TRUE(kept(id)) << id;
  EXPECT_EQ(count_in(drop / "done"), 5u);
  EXPECT_EQ(count_in(drop / "failed"), 0u);
  EXPECT_EQ(woken, 5);
  EXPECT_NE(watched->status().find(R"("state":"watching","waiting":0,"ignored":0,"taken":5,"failed":0)"),
            std::string::npos)
      << watched->status();
}

TEST_F(DropFolderTest, PutsARefusedFileAsideWithTheReasonBesideIt) {
  lay("a.json", R"({"resourceType":"Patient","id":"a",)");
  lay("b.json", R"({"resourceType":"Wish","id":"b"})");
  lay("c.json", "");
  lay("d.json", R"({"resourceType":"Observation","id":"o","subject":[{"reference":"Patient/1"}]})");
  settle();
  EXPECT_EQ(pending(), 0u);
  EXPECT_EQ(count_in(drop / "done"), 0u);
  EXPECT_NE(text_of(drop / "failed/a.json.errors.txt").find("1 documents, 1 refused"), std::string::npos);
  EXPECT_NE(text_of(drop / "failed/a.json.errors.txt").find("line 1"), std::string::npos);
  EXPECT_NE(text_of(drop / "failed/b.json.errors.txt").find("resourceType"), std::string::npos);
  EXPECT_NE(text_of(drop / "failed/d.json.errors.txt").find("Observation.subject"), std::string::npos);
  for (const char* name : {"a.json", "b.json", "c.json", "d.json"}) EXPECT_TRUE(fs::exists(drop / "failed" / name));
}

TEST_F(DropFolderTest, TakesTheGoodLinesOfABadFileAndNamesTheOthers) {
  lay("a.ndjson", patient("a1") + "\n{\"resourceType\":\n" + patient("a2") + "\nnonsense\n" + patient("a3") + "\n");
  settle();
  for (const char* id : {"a1", "a2", "a3"}) EXPECT_TRUE(kept(id)) << id;
  const auto notes = text_of(drop / "failed/a.ndjson.errors.txt");
  EXPECT_NE(notes.find("5 documents, 2 refused; 3 resources, 3 stored"), std::string::npos) << notes;
  EXPECT_NE(notes.find("\nline 2: "), std::string::npos) << notes;
  EXPECT_NE(notes.find("\nline 4: "), std::string::npos) << notes;
  EXPECT_EQ(notes.find("Alder"), std::string::npos);
}

TEST_F(DropFolderTest, KeepsWhatIsInvalidAndSaysWhatWillBePutAside) {
  lay("a.json", R"({"resourceType":"Patient","id":"a","birthDate":"01/02/2023"})");
  settle();
  EXPECT_EQ(pending(), 1u);
  EXPECT_TRUE(fs::exists(drop / "done/a.json"));
  EXPECT_NE(text_of(drop / "done/a.json.errors.txt").find("Patient.birthDate"), std::string::npos);
  EXPECT_EQ(text_of(drop / "done/a.json.errors.txt").find("01/02/2023"), std::string::npos);
}

TEST_F(DropFolderTest, TwiceIsHarmless) {
  lay("a.json", patient("a"));
  settle();
  lay("a.json", patient("a"));
  settle();
  EXPECT_EQ(pending(), 1u);
  EXPECT_TRUE(fs::exists(drop / "done/a.json"));
  EXPECT_TRUE(fs::exists(drop / "done/a.1.json")) << "the first one is not overwritten";
}

TEST_F(DropFolderTest, GoesOnAfterAKillBetweenTwoBatchesAndAfterTheLastOne) {
  std::string text;
  for (int i = 0; i < 450; ++i) text += patient("p" + std::to_string(i)) + "\n";
  text += "nonsense\n";
  lay("a.ndjson", text);
  store->batches_left = 1;
  settle();
  EXPECT_EQ(pending(), 200u);
  EXPECT_TRUE(fs::exists(drop / "a.ndjson")) << "nothing is moved before it is durable";
  EXPECT_NE(watched->status().find("disk full"), std::string::npos) << watched->status();
  store->batches_left = 1'000'000;
  begin();
  settle();
  EXPECT_EQ(pending(), 451u - 1u);
  const auto notes = text_of(drop / "failed/a.ndjson.errors.txt");
  EXPECT_NE(notes.find("451 documents, 1 refused; 450 resources, 250 stored, 200 unchanged"), std::string::npos)
      << notes;
  // Killed between the last batch and the move: the same file lies there again, and nothing of it is new.
  fs::rename(drop / "failed/a.ndjson", drop / "a.ndjson");
  begin();
  settle();
  EXPECT_EQ(pending(), 450u);
}

TEST_F(DropFolderTest, AFullDiskLeavesTheFileAndIsOverWhenItIsOver) {
  lay("a.json", patient("a"));
  store->batches_left = 0;
  settle();
  EXPECT_TRUE(fs::exists(drop / "a.json"));
  EXPECT_NE(watched->status().find(R"("state":"failing","waiting":1)"), std::string::npos) << watched->status();
  store->batches_left = 10;
  look();
  EXPECT_NE(watched->status().find(R"("state":"failing")"), std::string::npos) << "it rests, nothing is better yet";
  lay("b.json", patient("b"));  // on its way, and no reason to say that something fails
  look(seconds(61));
  EXPECT_TRUE(kept("a"));
  EXPECT_TRUE(fs::exists(drop / "done/a.json"));
  EXPECT_NE(watched->status().find(R"("state":"watching")"), std::string::npos) << watched->status();
}

TEST_F(DropFolderTest, AFileThatCannotBeMovedIsTakenOnce) {
  lay("a.json", patient("a"));
  std::ofstream(drop / "done") << "a file where the folder should be";
  settle();
  EXPECT_TRUE(kept("a"));
  EXPECT_TRUE(fs::exists(drop / "a.json"));
  EXPECT_NE(watched->status().find("done/"), std::string::npos) << watched->status();
  store->batches_left = 0;  // a second taking would fail
  fs::remove(drop / "done");
  look(seconds(61));
  EXPECT_TRUE(fs::exists(drop / "done/a.json"));
}

TEST_F(DropFolderTest, FollowsNoLinksAndReadsNothingButFiles) {
  std::ofstream(folder / "secret.json") << patient("secret");
  fs::create_symlink(folder / "secret.json", drop / "link.json");
  fs::create_directory(drop / "folder.json");
  ASSERT_EQ(mkfifo((drop / "pipe.json").c_str(), 0600), 0);
  lay("notes.txt", "for people");
  lay(".hidden.json", patient("h"));
  lay("on-its-way.json.part", patient("w"));
  settle();
  EXPECT_EQ(pending(), 0u);
  EXPECT_FALSE(kept("secret"));
  EXPECT_NE(watched->status().find(R"("ignored":4)"), std::string::npos) << watched->status();
  fs::create_directories(folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", drop / "done");
  lay("a.json", patient("a"));
  settle();
  EXPECT_EQ(count_in(folder / "elsewhere"), 0u) << "done/ is never a link to elsewhere";
}

TEST_F(DropFolderTest, TakesOddNamesAndShowsThemNowhere) {
  const std::vector<std::string> names = {"Alder, Jane 1960.json", "a\nb.json", "\xff\xfe.json", "-rf.json",
                                          std::string(250, 'x') + ".json"};
  for (const auto& name : names) lay(name, patient("p" + std::to_string(&name - names.data())) + "x");
  settle();
  EXPECT_EQ(count_in(drop / "failed"), 2 * names.size());
  EXPECT_EQ(count_in(drop), 1u) << "failed/ alone";
  EXPECT_EQ(watched->status().find("Alder"), std::string::npos);
}

TEST_F(DropFolderTest, KeepsToItsLimits) {
  limits.max_body_bytes = 1024;
  source.drop_max_file_bytes = 4096;
  begin();
  lay("a.json", patient("a") + std::string(2000, ' '));
  lay("b.ndjson", patient("b1") + "\n" + R"({"resourceType":"Patient","id":")" + std::string(200'000, 'x') + "\"}\n");
  lay("c.ndjson", patient("c1") + "\n" + R"({"resourceType":"Patient","id":")" + std::string(2000, 'x') + "\"}\n" +
                      patient("c2") + "\n");
  lay_gzip("d.json.gz", std::string(50'000'000, ' '));
  settle();
  EXPECT_FALSE(kept("a"));
  EXPECT_TRUE(kept("b1"));
  EXPECT_TRUE(kept("c1"));
  EXPECT_TRUE(kept("c2")) << "the line behind the long one";
  EXPECT_NE(text_of(drop / "failed/c.ndjson.errors.txt").find("\nline 2: "), std::string::npos);
  for (const char* name : {"a.json", "b.ndjson", "d.json.gz"}) {
    EXPECT_NE(text_of(drop / "failed" / (std::string(name) + ".errors.txt")).find("bytes a "), std::string::npos)
        << name;
  }
}

TEST_F(DropFolderTest, SaysThatAPackedFileIsCutOff) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += patient("p" + std::to_string(i * 7919)) + "\n";
  lay_gzip("a.ndjson.gz", text, 40);
  lay_gzip("b.json.gz", patient("b"), 12);
  settle();
  EXPECT_NE(text_of(drop / "failed/a.ndjson.gz.errors.txt").find("cut off"), std::string::npos);
  EXPECT_TRUE(kept("p0"));
  EXPECT_NE(text_of(drop / "failed/b.json.gz.errors.txt").find("cut off"), std::string::npos);
  EXPECT_FALSE(kept("b"));
}

TEST_F(DropFolderTest, TellsThatTheFolderIsNotThere) {
  fs::remove_all(drop);
  settle();
  EXPECT_NE(watched->status().find("the drop folder cannot be opened"), std::string::npos) << watched->status();
  fs::create_directories(drop);
  lay("a.json", patient("a"));
  settle();
  EXPECT_TRUE(kept("a"));
  EXPECT_NE(watched->status().find(R"("state":"watching")"), std::string::npos) << watched->status();
}

// The bodies that are posted to the API, and the files of lines, each as a file of its own.
TEST_F(DropFolderTest, SurvivesEveryHostileBodyAndRepeatsNothingOfIt) {
  const char* given = std::getenv("BHI_FIXTURES");
  const fs::path hostile = fs::path(given != nullptr ? given : BHI_SOURCE_DIR "/../shared/fixtures") / "hostile";
  if (!fs::exists(hostile / "manifest.json")) GTEST_SKIP() << "no hostile inputs: fixtures/hostile";
  const auto manifest = fhir::read_json(text_of(hostile / "manifest.json"));
  ASSERT_TRUE(manifest.ok());
  struct Laid {
    std::string name, canary;
    bool refused;
  };
  std::vector<Laid> laid;
  for (const auto& one : fhir::each((*manifest)->root().find("cases"))) {
    const bool lines = one.text_of("channel") == "bulk";
    if (!lines && one.text_of("channel") != "post") continue;
    // Refused for what the body is, not for its address or header.
    const std::string_view category = one.text_of("category");
    const bool refused = one.text_of("expect") == "reject-4xx" && one.find("also_ok") == nullptr &&
                         category != "content" && category != "id";
    const std::string name = std::string(one.text_of("id")) + (lines ? ".ndjson" : ".json");
    fs::copy_file(hostile / one.text_of("file"), drop / name);
    laid.push_back({name, std::string(one.text_of("canary")), refused});
  }
  lay("neighbour.json", patient("neighbour"));
  settle();
  EXPECT_TRUE(kept("neighbour"));
  EXPECT_GE(laid.size(), 90u);
  for (const auto& one : laid) {
    const bool failed = fs::exists(drop / "failed" / one.name);
    EXPECT_TRUE(failed || fs::exists(drop / "done" / one.name)) << one.name;
    EXPECT_TRUE(failed || !one.refused) << one.name;
    const auto notes = text_of(drop / (failed ? "failed" : "done") / (one.name + ".errors.txt"));
    EXPECT_TRUE(one.canary.empty() || notes.find(one.canary) == std::string::npos) << one.name << ": " << notes;
    EXPECT_EQ(failed && notes.empty(), false) << one.name;
  }
}

TEST_F(DropFolderTest, ReachesTheCareModelAndTheStatusOfTheSources) {
  settings.sources.front().drop_folder = drop.string();
  settings.sources.front().drop_settle_secs = 1;
  start();
  lay("a.json", patient("a"));
  EXPECT_FALSE(patient_id().empty());
  EXPECT_TRUE(until([&] { return fs::exists(drop / "done/a.json"); }));
  std::string answer;
  EXPECT_TRUE(until([&] { return (answer = ask("GET", "/care/sources")).find(R"("taken":1)") != std::string::npos; }))
      << answer;
  EXPECT_NE(manage("/metrics").find(R"(bhi_dropped_files_total{outcome="done",source="main"} 1)"), std::string::npos);
}

}  // namespace
}  // namespace bhi::service::test
