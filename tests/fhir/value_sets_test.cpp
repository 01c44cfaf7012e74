#include "fhir/value_sets.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace bhi::fhir {
namespace {

constexpr const char* kGender = "http://hl7.org/fhir/ValueSet/administrative-gender";

TEST(ValueSets, KnowWhichCodesBelongToThem) {
  const auto sets = ValueSets::read(R"({"http://a/ValueSet/x": {"http://a/one": ["a", "b"], "http://a/two": ["c"]}})");
  ASSERT_TRUE(sets.ok()) << sets.error().message;
  EXPECT_EQ(sets->contains("http://a/ValueSet/x", "http://a/one", "a"), true);
  EXPECT_EQ(sets->contains("http://a/ValueSet/x|1.0", "http://a/one", "a"), true);
  EXPECT_EQ(sets->contains("http://a/ValueSet/x", "http://a/two", "a"), false);
  EXPECT_EQ(sets->contains("http://a/ValueSet/x", "http://b", "a"), false);
  EXPECT_EQ(sets->contains("http://a/ValueSet/x", "", "c"), true);
  EXPECT_EQ(sets->contains("http://a/ValueSet/x", "", "d"), false);
  EXPECT_EQ(sets->contains("http://a/ValueSet/y", "", "c"), std::nullopt);
}

TEST(ValueSets, RefuseWhatIsNoListOfCodes) {
  for (const char* text : {"[]", "{", R"({"u": {}})", R"({"u": "s"})", R"({"u": {"s": "a"}})"}) {
    EXPECT_FALSE(ValueSets::read(text).ok()) << text;
  }
}

TEST(ValueSets, OfR4AreThereWithTheirCodes) {
  std::ifstream file(std::string(BHI_SOURCE_DIR) + "/fhir_profiles/terminology/r4-value-sets.json");
  std::ostringstream text;
  text << file.rdbuf();
  const auto sets = ValueSets::read(text.str());
  ASSERT_TRUE(sets.ok()) << sets.error().message;
  EXPECT_GT(sets->size(), 600u);
  EXPECT_EQ(sets->contains(kGender, "http://hl7.org/fhir/administrative-gender", "other"), true);
  EXPECT_EQ(sets->contains(kGender, "", "F"), false);
}

}  // namespace
}  // namespace bhi::fhir
