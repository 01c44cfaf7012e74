// Maps that change under a running daemon: good ones come into use, broken ones leave everything as it is.
#include "service/map_watch.h"

#include "service/load_engine.h"
#include "tests/service/support/daemon.h"

#include <fstream>

namespace bhi::service::test {
namespace {

constexpr const char* kOverlay =
    "/// url = 'http://bhi-adapter.org/fhir/StructureMap/patient-to-care'\n"
    "uses \"http://hl7.org/fhir/StructureDefinition/Patient\" alias Patient as source\n"
    "uses \"http://bhi-adapter.org/fhir/StructureDefinition/care-Patient\" alias CarePatient as target\n"
    "imports 'http://bhi-adapter.org/fhir/StructureMap/patient-to-care'\n"
    "group PatientToCare(source patient : Patient, target person : CarePatient) extends PatientToCare {\n"
    "  patient -> person.name = 'NAME' \"site\";\n"
    "}\n";

class MapWatchTest : public DaemonTest {
 protected:
  MapWatchTest() {
    maps_folder = folder / "maps";
    std::filesystem::create_directories(maps_folder);
    settings.maps_folder = maps_folder;
    settings.assets = BHI_SOURCE_DIR;
  }

  void write(const std::string& name, std::string text, const std::string& person = "") {
    if (const auto at = text.find("NAME"); at != std::string::npos) text.replace(at, 4, person);
    std::filesystem::create_directories((maps_folder / name).parent_path());
    std::ofstream(maps_folder / name) << text;
  }

  void start_watching() {
    maps.load = [this] {
      ++loads;
      return load_engine(settings);
    };
    maps.signature = [this] { return signature_of(maps_folder); };
    maps.loaded = maps.signature();
    const auto first = load_engine(settings);
    ASSERT_TRUE(first.ok()) << first.error().message;
    started_with = *first;
    start();
  }

  std::string name_of_a_new_patient() {
    const std::string id = "p" + std::to_string(++patients);
    EXPECT_EQ(status_of(post_fhir(R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"text":"core"}]})")), 201);
    std::string all;
    EXPECT_TRUE(until([&] {
      all = ask("GET", "/care/patients");
      return all.find("\"id\":\"" + id + "\"") != std::string::npos;
    })) << all;
    const auto source = all.find("\"id\":\"" + id + "\"");
    const auto begin = all.find("\"name\":\"", source) + 8;
    return all.substr(begin, all.find('"', begin) - begin);
  }

  std::string metric(const std::string& name) {
    const auto text = manage("/metrics");
    const auto at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "none";
    const auto begin = at + name.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  std::filesystem::path maps_folder;
  std::atomic<int> loads{0};
  int patients = 0;
};

TEST_F(MapWatchTest, ChangedMapsComeIntoUse) {
  start_watching();
  EXPECT_EQ(name_of_a_new_patient(), "core");
  EXPECT_EQ(metric("bhi_maps_reloaded_total"), "0");
  write("person.map", kOverlay, "site");
  ASSERT_TRUE(until([this] { return metric("bhi_maps_reloaded_total") == "1"; }));
  EXPECT_EQ(name_of_a_new_patient(), "site");
  EXPECT_EQ(metric("bhi_maps_loaded"), std::to_string(core_maps()));
}

TEST_F(MapWatchTest, ABrokenSetIsRejectedWholeAndNotTriedAgain) {
  write("person.map", kOverlay, "first");
  start_watching();
  EXPECT_EQ(name_of_a_new_patient(), "first");
  write("person.map", kOverlay, "second");
  write("other.map", "/// url = 'http://example.org/other'\ngroup A(source s, target t) { s.x -> ; }");
  ASSERT_TRUE(until([this] { return metric("bhi_maps_rejected_total") == "1"; }));
  EXPECT_EQ(status_of(manage("/readyz")), 200);
  EXPECT_EQ(name_of_a_new_patient(), "first");
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_EQ(loads, 1);
  std::filesystem::remove(maps_folder / "other.map");
  ASSERT_TRUE(until([this] { return metric("bhi_maps_reloaded_total") == "1"; }));
  EXPECT_EQ(name_of_a_new_patient(), "second");
}

TEST_F(MapWatchTest, ReadsAgainWhenAskedTo) {
  start_watching();
  daemon->reload_maps();
  EXPECT_TRUE(until([this] { return metric("bhi_maps_reloaded_total") == "1"; }));
}

TEST_F(MapWatchTest, AnOverlayIsForTheSourcesThatAskForIt) {
  SourceSettings other;
  apply_defaults(other);
  other.name = "other";
  settings.sources.push_back(other);
  settings.sources.front().maps = "epic";
  write("epic/person.map", kOverlay, "epic");
  start_watching();
  EXPECT_EQ(status_of(post_fhir(R"({"resourceType":"Patient","id":"a","name":[{"text":"core"}]})", "?source=main")),
            201);
  EXPECT_EQ(status_of(post_fhir(R"({"resourceType":"Patient","id":"b","name":[{"text":"core"}]})", "?source=other")),
            201);
  std::string all;
  EXPECT_TRUE(until([&] {
    all = ask("GET", "/care/patients");
    return all.find("\"name\":\"epic\"") != std::string::npos && all.find("\"name\":\"core\"") != std::string::npos;
  })) << all;
}

TEST_F(MapWatchTest, NamesTheOverlaysThatThereAre) {
  settings.sources.front().maps = "epc";
  write("epic/person.map", kOverlay, "epic");
  const auto engine = load_engine(settings);
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().message,
            "maps of source 'main': expected a folder of maps (epic), found 'epc' (did you mean `epic`?)");
}

}  // namespace
}  // namespace bhi::service::test
