// Which files become maps and models, and in which layer they lie.
#include "service/assets.h"

#include "fhir/json.h"
#include "tests/service/support/tar.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace bhi::service {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMap = "/// url = 'http://example.org/m'\ngroup G(source s, target t) {}\n";
constexpr const char* kModel =
    R"({"resourceType":"StructureDefinition","url":"http://example.org/Model","name":"Model","status":"active",)"
    R"("kind":"logical","abstract":false,"type":"http://example.org/Model","derivation":"specialization",)"
    R"("baseDefinition":"http://hl7.org/fhir/StructureDefinition/Element","differential":{"element":[)"
    R"({"id":"Model","path":"Model","min":0,"max":"*"},)"
    R"({"id":"Model.word","path":"Model.word","min":0,"max":"1","type":[{"code":"string"}]}]}})";

class AssetsTest : public ::testing::Test {
 protected:
  AssetsTest() : folder_(fs::temp_directory_path() / ("bhi-assets-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~AssetsTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  flow::EngineTexts load() {
    auto texts = load_texts(BHI_SOURCE_DIR, folder_);
    if (texts.ok()) return *std::move(texts);
    ADD_FAILURE() << texts.error().message;
    return {};
  }

  // "name layer" of what came from the folder.
  std::vector<std::string> own_maps() {
    std::vector<std::string> maps;
    for (const auto& map : load().maps) {
      if (map.file.starts_with(folder_.string()))
        maps.push_back(map.file.substr(folder_.string().size() + 1) + " " + map.layer);
    }
    std::ranges::sort(maps);
    return maps;
  }

  fs::path folder_;
};

TEST_F(AssetsTest, LayersFollowTheFolders) {
  for (const char* name :
       {"a.map", "core/b.fml", "epic/deep/c.map", "epic/cases/x/d.map", ".hidden/e.map", "readme.txt"})
    write(name, kMap);
  EXPECT_EQ(own_maps(), (std::vector<std::string>{"a.map site", "core/b.fml site", "epic/deep/c.map site:epic"}));
  EXPECT_EQ(flow::overlays_in(load()), std::vector<std::string>{"epic"});
}

TEST_F(AssetsTest, PackagesBringMapsAndModels) {
  const std::string map =
      R"({"resourceType":"StructureMap","url":"http://example.org/p","name":"P","status":"draft","structure":[)"
      R"({"url":"http://example.org/Model","mode":"source","alias":"Model"},)"
      R"({"url":"http://hl7.org/fhir/StructureDefinition/Basic","mode":"target","alias":"Basic"}],"group":[{"name":"G",)"
      R"("typeMode":"none","input":[{"name":"s","type":"Model","mode":"source"},{"name":"t","type":"Basic","mode":"target"}],)"
      R"("rule":[{"name":"word","source":[{"context":"s","element":"word","variable":"w"}],"target":[{"context":"t",)"
      R"("contextType":"variable","element":"id","transform":"copy","parameter":[{"valueId":"w"}]}]}]}]})";
  write("guide.tgz", test::gzip(test::entry("package/StructureMap-p.json", map) +
                                test::entry("package/StructureDefinition-m.json", kModel) +
                                test::entry("package/ValueSet-v.json", R"({"resourceType":"ValueSet"})") + test::kEnd));
  EXPECT_EQ(own_maps(), std::vector<std::string>{"guide.tgz!package/StructureMap-p.json site"});
  const auto engine = flow::make_engine("test", {}, load());
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  EXPECT_NE((*engine)->types->find("http://example.org/Model"), nullptr);
  ASSERT_NE((*engine)->maps->find("http://example.org/p"), nullptr);
  EXPECT_EQ((*engine)->maps->find("http://example.org/p")->parameters[0].type, "http://example.org/Model");
}

TEST_F(AssetsTest, ValueSetsOfTheSiteAnswerItsMaps) {
  write("moods.json",
        R"({"resourceType":"ValueSet","url":"http://example.org/moods","status":"active","compose":{"include":[)"
        R"({"system":"urn:moods","concept":[{"code":"low"}]}]}})");
  write("a.map",
        "/// url = 'http://example.org/a'\n"
        "uses \"http://hl7.org/fhir/StructureDefinition/Observation\" alias Observation as source\n"
        "uses \"http://hl7.org/fhir/StructureDefinition/Basic\" alias Basic as target\n"
        "group A(source src : Observation, target tgt : Basic) {\n"
        "  src.code as code where memberOf('http://example.org/moods') -> tgt.code = code;\n}\n");
  const auto engine = flow::make_engine("test", {}, load());
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  const auto made = [&](const std::string& code) {
    const auto read = fhir::read_json(R"({"resourceType":"Observation","status":"final","code":{"coding":[)"
                                      R"({"system":"urn:moods","code":")" +
                                      code + R"("}]}})");
    Arena arena;
    const mapping::Input input{"", &(*read)->root(), nullptr};
    const auto output = (*engine)->maps->run("http://example.org/a", {&input, 1}, mapping::World{}, arena);
    return output.ok() ? fhir::write_json(output->root) : output.error().message;
  };
  EXPECT_EQ(made("low"), R"({"resourceType":"Basic","code":{"coding":[{"system":"urn:moods","code":"low"}]}})");
  EXPECT_EQ(made("high"), R"({"resourceType":"Basic"})");
}

TEST_F(AssetsTest, DamagedFilesAreNamed) {
  write("guide.tgz", "no package");
  EXPECT_EQ(load_texts(BHI_SOURCE_DIR, folder_).error().message,
            folder_.string() + "/guide.tgz: expected a gzipped tar archive, found damaged or other data");
  fs::remove(folder_ / "guide.tgz");
  write("a.json", R"({"resourceType":"StructureMap")");
  EXPECT_TRUE(load_texts(BHI_SOURCE_DIR, folder_).error().message.starts_with(folder_.string() + "/a.json: "));
  EXPECT_EQ(load_texts(BHI_SOURCE_DIR, (folder_ / "gone").string()).error().kind, Kind::Incorrect);
}

TEST_F(AssetsTest, TheSignatureFollowsEveryChange) {
  const auto signature = [this] { return signature_of(folder_); };
  const auto none = signature();
  write("a.map", kMap);
  const auto one = signature();
  EXPECT_NE(one, none);
  EXPECT_EQ(signature(), one);
  write("cases/x/b.map", kMap);
  write("notes.txt", "x");
  EXPECT_EQ(signature(), one) << "what is no map changes nothing";
  fs::last_write_time(folder_ / "a.map", fs::last_write_time(folder_ / "a.map") + std::chrono::seconds(1));
  const auto touched = signature();
  EXPECT_NE(touched, one);
  fs::remove(folder_ / "a.map");
  EXPECT_EQ(signature(), none);
}

}  // namespace
}  // namespace bhi::service
