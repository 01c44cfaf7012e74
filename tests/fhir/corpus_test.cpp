// Whole collections of real and of hostile documents, compared with what RapidJSON's own document makes of them.
#include "fhir/bundle.h"
#include "fhir/json.h"

#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <set>

namespace bhi::fhir {
namespace {

// Numbers as the digits they are written with; members without regard to order.
bool same_for_rapidjson(const std::string& a, const std::string& b) {
  rapidjson::Document x;
  rapidjson::Document y;
  x.Parse<rapidjson::kParseNumbersAsStringsFlag>(a.data(), a.size());
  y.Parse<rapidjson::kParseNumbersAsStringsFlag>(b.data(), b.size());
  return !x.HasParseError() && !y.HasParseError() && x == y;
}

void expect_round_trip(const std::filesystem::path& path) {
  const std::string text = test::read_file(path);
  const auto first = read_json(text);
  ASSERT_TRUE(first.ok()) << path << ": " << first.error().message;
  const std::string written = write_json((*first)->root());
  EXPECT_TRUE(same_for_rapidjson(text, written)) << path;
  const auto second = read_json(write_json_pretty((*first)->root()));
  ASSERT_TRUE(second.ok()) << path;
  EXPECT_TRUE(same((*first)->root(), (*second)->root())) << path;
  EXPECT_EQ(write_json((*second)->root()), written) << path;
  Arena arena;
  EXPECT_TRUE(same(copy((*first)->root(), arena), (*second)->root())) << path;
  EXPECT_EQ(write_canonical_json((*first)->root()), write_canonical_json((*second)->root())) << path;
}

// Published examples that repeat a name within an object, which we refuse.
const std::set<std::string> kRepeatsNames{"qr-with-answerValueSet-matrix.json"};

class Corpus : public testing::TestWithParam<const char*> {};

TEST_P(Corpus, KeepsEveryDigitAndEveryName) {
  BHI_NEEDS_FIXTURES(GetParam());
  std::size_t count = 0;
  for (const auto& path : test::files_below(test::fixtures() / GetParam(), ".json")) {
    if (kRepeatsNames.contains(path.filename().string())) continue;
    expect_round_trip(path);
    ++count;
  }
  EXPECT_GE(count, 10u);
}

std::string readable(const testing::TestParamInfo<const char*>& folder) {
  std::string name(folder.param);
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == '/'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Folders, Corpus,
                         testing::Values("r4-examples", "us-core", "screening", "sdc", "fhirpath-r4",
                                         "synthea/smart-generated", "synthea/hl7-phr"),
                         readable);

// Those that are refused later: they are good JSON, and what is wrong is for the validation of types to find.
const std::set<std::string_view> kForValidation{"utf8.esc-bell", "number.integer-2147483648",
                                                "number.positiveint-minus1", "dupkey.case-variant"};

TEST(Hostile, IsRefusedOrTakenAsTheManifestSays) {
  BHI_NEEDS_FIXTURES("hostile/manifest.json");
  const auto manifest = read_json(test::read_file(test::fixtures() / "hostile" / "manifest.json")).value();
  const std::set<std::string_view> categories{"syntax", "utf8", "depth", "number", "dupkey"};
  int seen = 0;
  for (const Node& one : each(manifest->root().find("cases"))) {
    const std::string_view id = one.text_of("id");
    if (!categories.contains(one.text_of("category")) || one.text_of("channel") != "post") continue;
    const bool accept = one.text_of("expect") == "accept" || kForValidation.contains(id);
    const auto result = read_json(test::read_file(test::fixtures() / "hostile" / one.text_of("file")));
    EXPECT_EQ(result.ok(), accept) << id << ": " << (result.ok() ? "taken" : result.error().message);
    ++seen;
  }
  EXPECT_GT(seen, 25);
}

TEST(Hostile, NeverGetsMoreThanAnAnswer) {
  BHI_NEEDS_FIXTURES("hostile/cases");
  for (const auto& entry : std::filesystem::directory_iterator(test::fixtures() / "hostile" / "cases")) {
    const std::string text = test::read_file(entry.path());
    const auto document = read_json(text);
    if (document.ok()) {
      Arena arena;
      const auto entries = split((*document)->root(), arena);
      EXPECT_TRUE(entries.ok() || entries.error().kind == Kind::Incorrect || entries.error().kind == Kind::Unsupported)
          << entry.path();
    } else {
      EXPECT_FALSE(document.error().message.empty());
      EXPECT_LT(document.error().message.size(), 300u) << entry.path();
    }
    read_ndjson(text);
  }
}

}  // namespace
}  // namespace bhi::fhir
