// The site's own forms: what is right is taken, and every mistake is named where it stands.
#include "service/read_forms.h"

#include "service/load_engine.h"
#include "service/read_settings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bhi::service {
namespace {

std::string mistakes(std::string_view text) {
  const auto read = read_forms(text, "forms.yaml");
  if (read.ok()) return "";
  EXPECT_EQ(read.error().kind, Kind::Incorrect);
  return read.error().message;
}

TEST(ReadForms, TakesYamlAndJsonAlike) {
  const care::SiteMap expected{{"http://clinic.example/Questionnaire/mood|2", "q1", "phq-2", 1},
                               {"http://clinic.example/Questionnaire/mood|2", "q2", "phq-2", 2},
                               {"http://clinic.example/Questionnaire/mood|2", "sum", "phq-2", 0},
                               {"urn:who", "", "who-5", 0}};
  const auto yaml = read_forms(
      "- questionnaire: http://clinic.example/Questionnaire/mood|2\n"
      "  instrument: phq-2\n"
      "  items: {q1: 1, q2: 2, sum: total}\n"
      "- {questionnaire: 'urn:who', instrument: who-5}\n",
      "forms.yaml");
  ASSERT_TRUE(yaml.ok()) << yaml.error().message;
  EXPECT_EQ(*yaml, expected);
  const auto json = read_forms(
      R"([{"questionnaire":"http://clinic.example/Questionnaire/mood|2","instrument":"phq-2",
           "items":{"q1":1,"q2":2,"sum":"total"}},{"questionnaire":"urn:who","instrument":"who-5"}])",
      "forms.json");
  ASSERT_TRUE(json.ok()) << json.error().message;
  EXPECT_EQ(*json, expected);
  EXPECT_TRUE(care::wrong_rows(*yaml).empty());
}

TEST(ReadForms, NamesEveryMistakeWithItsPlace) {
  const std::string found = mistakes(
      "- questionnaire: mood\n"
      "  instrument: phq-2\n"
      "  item: {q1: 1}\n"
      "- questionnaire: http://x/a\n"
      "  instrument: phq-2\n"
      "  items: {q1: 1, q1: 2, q2: 3, q3: first, q4: 1, q5: -1}\n"
      "- instrument: phq2\n"
      "- 7\n");
  const std::vector<std::string> lines = {
      "forms.yaml:1:18: forms[0].questionnaire: expected the canonical URL of a questionnaire, found 'mood'",
      "forms.yaml:3:3: forms[0]: unknown member 'item'; known here: questionnaire, instrument, items",
      "forms.yaml:6:18: forms[1].items.q1: the same question stands here before",
      "forms.yaml:6:29: forms[1].items.q2: phq-2 has no item 3",
      "forms.yaml:6:36: forms[1].items.q3: expected the number of an item, or total; found 'first'",
      "forms.yaml:6:47: forms[1].items.q4: another question of this form is already '1'",
      "forms.yaml:6:54: forms[1].items.q5: expected the number of an item, or total; found '-1'",
      "forms.yaml:7:3: forms[2].questionnaire: required, not given",
      "forms.yaml:8:3: forms[3]: expected questionnaire, instrument and items, found '7'"};
  for (const std::string& line : lines) EXPECT_NE(found.find(line), std::string::npos) << line << "\nin\n" << found;
  EXPECT_NE(found.find("forms.yaml:7:15: forms[2].instrument: expected one of "), std::string::npos) << found;
  EXPECT_EQ(std::ranges::count(found, '\n') + 1, static_cast<std::ptrdiff_t>(lines.size() + 1)) << found;
}

TEST(ReadForms, RefusesWhatIsNoListOfForms) {
  EXPECT_EQ(mistakes(""), "forms.yaml:1:1: expected one YAML document, found 0");
  EXPECT_EQ(mistakes("{}"), "forms.yaml:1:1: forms: expected a list of questionnaires, found a mapping");
  EXPECT_NE(mistakes("- {a: ["), "");
  EXPECT_NE(mistakes("- {questionnaire: 'urn:a', instrument: phq-2, items: []}").find("expected linkIds"),
            std::string::npos);
}

TEST(ReadForms, TheEngineHasThemAndABadFileIsNamedWithTheSettings) {
  const auto folder = std::filesystem::temp_directory_path() / "bhi-forms-test";
  std::filesystem::create_directories(folder);
  const auto file = (folder / "forms.yaml").string();
  std::ofstream(file) << "- {questionnaire: 'urn:a', instrument: phq-2, items: {x: 1}}\n";
  auto settings = read_settings("instance_id: one\nstore: {path: " + (folder / "x.db").string() +
                                    "}\npolicy: {forms: " + file + ", tick_interval_hours: 24}\n",
                                "f.yaml");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->tick_interval_hours, 24);
  EXPECT_TRUE(check_files(*settings).ok());
  settings->assets = BHI_SOURCE_DIR;
  const auto engine = load_engine(*settings);
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  EXPECT_EQ((*engine)->policy.forms, (care::SiteMap{{"urn:a", "x", "phq-2", 1}}));

  std::ofstream(file) << "- {questionnaire: 'urn:a', instrument: phq-2, items: {x: 9}}\n";
  const auto checked = check_files(*settings);
  ASSERT_FALSE(checked.ok());
  EXPECT_NE(checked.error().message.find("policy.forms: " + file + ":1:"), std::string::npos)
      << checked.error().message;
  EXPECT_FALSE(load_engine(*settings).ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bhi::service
