// What a site says about writing to an EHR: taken as it stands, and every mistake named where it stands.
#include "service/options_writing.h"

#include "service/delivery_work.h"
#include "service/ehr_auth.h"
#include "service/read_settings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::service {
namespace {

const std::string kSource =
    "instance_id: one\nstore: {path: /tmp/x.db}\nsources:\n  - name: a\n    base_url: http://127.0.0.1:1/fhir\n";

std::string mistakes(const std::string& lines) {
  const auto read = read_settings(kSource + lines, "f.yaml");
  return read.ok() ? "" : read.error().message;
}

TEST(OptionsOfWriting, TakeTheRungsInTheSitesOrder) {
  const auto read = read_settings(
      kSource +
          "    write_back: true\n    writing:\n      care_plan: [DocumentReference, Communication, outbox-file]\n"
          "      screening_result: [Observation, DocumentReference]\n      twice: [screening-result]\n"
          "      outbox_folder: /var/spool/bhi\n      outbox_key_file: /etc/bhi/outbox.pem\n",
      "f.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto terms = terms_of(read->sources[0]);
  EXPECT_EQ(terms.writing.rungs.at("care-plan"),
            (std::vector<std::string>{"DocumentReference", "Communication", "outbox-file"}));
  EXPECT_EQ(terms.writing.rungs.at("screening-result"), (std::vector<std::string>{"Observation", "DocumentReference"}));
  EXPECT_FALSE(terms.writing.rungs.contains("safety"));
  EXPECT_EQ(terms.writing.twice, (std::vector<std::string>{"screening-result"}));
  EXPECT_TRUE(terms.writing.outbox_files);
  EXPECT_TRUE(read->sources[0].write_back);
  EXPECT_FALSE(read->sources[0].dry_run);
}

TEST(OptionsOfWriting, KnowTheDryRun) {
  const auto read = read_settings(kSource + "    write_back: dry-run\n", "f.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->sources[0].write_back);
  EXPECT_TRUE(read->sources[0].dry_run);
  EXPECT_EQ(mistakes("    write_back: maybe\n"),
            "f.yaml:6:17: sources[0].write_back: expected one of false, true, dry-run, found 'maybe'");
}

TEST(OptionsOfWriting, RefuseUnknownRungsWithTheKnownOnesAndASuggestion) {
  EXPECT_EQ(mistakes("    writing: {care_plan: [CarePlan, DocumentRefernce]}\n"),
            "f.yaml:6:37: sources[0].writing.care_plan: expected a list of CarePlan, parts, DocumentReference, "
            "Communication, "
            "Task, outbox-file, found 'DocumentRefernce'; did you mean `DocumentReference`?");
  EXPECT_EQ(mistakes("    writing: {safety: [Pager]}\n"),
            "f.yaml:6:24: sources[0].writing.safety: expected a list of Flag, Communication, CommunicationRequest, "
            "Task, DocumentReference, found 'Pager'");
  EXPECT_NE(mistakes("    writing: {care_plans: [CarePlan]}\n").find("did you mean `care_plan`?"), std::string::npos);
}

TEST(OptionsOfWriting, RefuseAnEmptyLadderAndARungTwice) {
  EXPECT_NE(mistakes("    writing: {care_plan: []}\n").find("sources[0].writing.care_plan: expected a list of"),
            std::string::npos);
  EXPECT_NE(mistakes("    writing: {care_plan: [Task, Task]}\n").find("sources[0].writing.care_plan: expected"),
            std::string::npos);
}

TEST(OptionsOfWriting, NameWhatDoesNotFitTogether) {
  EXPECT_NE(mistakes("    writing: {care_plan: [CarePlan, outbox-file]}\n")
                .find("sources[0].writing.care_plan: `outbox-file` needs writing.outbox_folder"),
            std::string::npos);
  EXPECT_NE(mistakes("    writing: {care_plan: [CarePlan], parts: true}\n")
                .find("sources[0].writing.parts: needs `parts` in writing.care_plan"),
            std::string::npos);
  EXPECT_EQ(mistakes("    writing: {care_plan: [parts, CarePlan]}\n"), "");
  EXPECT_EQ(mistakes("    writing: {parts: true}\n"), "");
  EXPECT_NE(mistakes("    writing: {care_plan: [CarePlan], twice: [care-plan]}\n")
                .find("sources[0].writing.twice: `care-plan` needs DocumentReference in writing.care_plan"),
            std::string::npos);
}

TEST(OptionsOfWriting, AskForTheScopesOfTheWishedRungsOnly) {
  const auto written = [](const std::string& lines) {
    const auto read = read_settings(kSource + "    types: [Patient]\n    write_back: true\n" + lines, "f.yaml");
    EXPECT_TRUE(read.ok());
    std::vector<std::string> types;
    for (const auto& lane : lanes_of(read->sources[0])) {
      if (lane.write) types.push_back(lane.type);
    }
    std::ranges::sort(types);
    return types;
  };
  EXPECT_EQ(written("    writing: {care_plan: [DocumentReference], screening_result: [DocumentReference], safety: "
                    "[Flag, Task]}\n"),
            (std::vector<std::string>{"DocumentReference", "Flag", "Task"}));
  EXPECT_EQ(
      written("    writing: {care_plan: [CarePlan], screening_result: [QuestionnaireResponse], safety: [Flag]}\n"),
      (std::vector<std::string>{"CarePlan", "Flag", "Observation", "QuestionnaireResponse"}));
  EXPECT_EQ(written("    writing: {care_plan: [parts], screening_result: [Observation], safety: [Flag]}\n"),
            (std::vector<std::string>{"Condition", "Flag", "Goal", "Observation", "ServiceRequest"}));
}

}  // namespace
}  // namespace bhi::service
