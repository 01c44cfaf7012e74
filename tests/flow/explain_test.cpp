// Why a write says what it says, and what an answer went into: the sample patients through the core maps.
#include "flow/explain.h"

#include "tests/flow/support/engine.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>

namespace bhi::flow {
namespace {

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");

// A sample of the simulator on a fixed day.
InputText sample(const std::string& name) {
  std::ifstream file(std::string(BHI_SOURCE_DIR) + "/tools/ehr_sim/samples/" + name);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text = std::regex_replace(text, std::regex(R"(\{\{today[^}]*\}\})"), "2026-11-20");
  text = std::regex_replace(text, std::regex(R"(\{\{now[^}]*\}\})"), "2026-11-20T09:00:00Z");
  return {name, text};
}

std::vector<ExplainedWrite> explained(const std::string& patient, const ExplainFilter& filter) {
  static MapReport report;  // outlives the answer
  const std::vector<InputText> inputs = {sample("01-forms.json"), sample("02-clinic.json"), sample(patient)};
  MapTrace trace;
  report = map_files(test::engine(), inputs, "file", kNow, &trace);
  auto writes = explain(report, trace);
  keep_only(writes, filter);
  return writes;
}

// Without line numbers and ids, which are not the point.
std::string text_of(const std::vector<ExplainedWrite>& writes) {
  std::string text = to_text(writes);
  text = std::regex_replace(text, std::regex(R"(([a-z-]+\.map):\d+:\d+)"), "$1");
  return std::regex_replace(text, std::regex("Screening/[a-z0-9]{26}"), "Screening/ID");
}

TEST(Explain, LeadsFromTheScoreToEveryAnswer) {
  const auto writes = explained("10-june-alder.json", {"Observation.valueQuantity.value", "", ""});
  const std::string text = text_of(writes);
  EXPECT_TRUE(
      text.starts_with("POST Observation  (screening-result)\n"
                       "  Observation.valueQuantity.value = 14\n"
                       "    copied by care-to-observation.map rule 'value' of CareToObservation\n"
                       "      <- Screening/ID total = 14\n"
                       "        care rule: PHQ-9: sum of items 1 to 9 (instrument tables 2026-11b)\n"))
      << text;
  EXPECT_NE(text.find("          <- Screening/ID items[8].score = 0\n"
                      "            care rule: PHQ-9 item 9, recognised by its code; scored by the score that the form "
                      "states for the answer (instrument tables 2026-11b)\n"
                      "              <- ScreeningReport items[8].answers\n"
                      "                copied by questionnaire-response.map rule 'coding' of Answer\n"
                      "                  <- QuestionnaireResponse/june-phq9 item[8].answer[0].valueCoding\n"),
            std::string::npos)
      << text;
  ASSERT_EQ(writes.size(), 1u);
  const Explained& total = writes[0].elements.at(0).steps.at(0).from.at(0);
  EXPECT_EQ(total.steps.at(0).from.size(), 9u);
  const mapping::LineageRule& rule = *writes[0].elements[0].steps[0].rule;
  EXPECT_EQ(rule.map, "http://bhi-adapter.org/fhir/StructureMap/care-to-observation");
  EXPECT_EQ(rule.hash.size(), 64u);
}

TEST(Explain, TellsEveryCodingOfThePushedObservation) {
  EXPECT_EQ(text_of(explained("10-june-alder.json", {"Observation.code.coding", "", ""})),
            "POST Observation  (screening-result)\n"
            "  Observation.code.coding[0].system = \"http://loinc.org\"\n"
            "    constant by care-to-observation.map rule 'total' of CareToObservation\n"
            "  Observation.code.coding[0].code = \"44261-6\"\n"
            "    translated with translate by care-to-observation.map rule 'total' of CareToObservation, #totals: "
            "phq-9 -> http://loinc.org|44261-6\n"
            "      <- Screening/ID instrument = \"phq-9\"\n"
            "        care rule: recognised as PHQ-9 by the code of the form (instrument tables 2026-11b)\n"
            "          <- ScreeningReport codes\n"
            "            copied by questionnaire-response.map rule 'code' of QuestionnaireResponseToCare\n"
            "              <- Questionnaire/form-phq-9 code[0]\n");
  EXPECT_EQ(text_of(explained("10-june-alder.json", {"Observation.category[0].coding[0].code", "", ""})),
            "POST Observation  (screening-result)\n"
            "  Observation.category[0].coding[0].code = \"survey\"\n"
            "    constant by care-to-observation.map rule 'category' of CareToObservation\n");
}

TEST(Explain, NamesWhatAnAnswerWentInto) {
  const auto writes = explained("10-june-alder.json",
                                {"", "QuestionnaireResponse/june-phq9", "QuestionnaireResponse.item[8].answer[0]"});
  std::vector<std::string> elements;
  for (const ExplainedWrite& write : writes) {
    for (const Explained& element : write.elements) elements.push_back(element.path);
  }
  EXPECT_EQ(elements,
            (std::vector<std::string>{"Observation.valueQuantity.value", "Observation.interpretation[0].text"}));
  EXPECT_EQ(text_of(explained("10-june-alder.json", {"", "QuestionnaireResponse/nobody", ""})),
            "nothing would be written that is made from it\n");
}

TEST(Explain, EveryElementOfEveryWriteNamesItsRule) {
  for (const std::string patient : {"10-june-alder.json", "11-marcus-birch.json", "12-tess-cedar.json"}) {
    std::size_t observations = 0;
    for (const ExplainedWrite& write : explained(patient, {})) {
      observations += write.write->url == "Observation" ? 1 : 0;
      for (const Explained& element : write.elements) {
        if (element.path.ends_with(".id")) continue;  // of an update: the resource that is there
        EXPECT_FALSE(element.steps.empty()) << patient << " " << element.path;
      }
    }
    EXPECT_EQ(observations, 1u) << patient;
  }
}

TEST(Explain, PrintsTheSameAsJson) {
  const std::string json = to_json(explained("10-june-alder.json", {"Observation.code.coding[0].code", "", ""}));
  EXPECT_NE(json.find(R"x("translation": "#totals: phq-9 -> http://loinc.org|44261-6")x"), std::string::npos) << json;
  EXPECT_NE(json.find(R"x("careRule": "recognised as PHQ-9 by the code of the form (instrument tables 2026-11b)")x"),
            std::string::npos)
      << json;
}

}  // namespace
}  // namespace bhi::flow
