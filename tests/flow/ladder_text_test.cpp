// A write plan as people and programs see it.
#include "flow/ladder_text.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

TypeCapability type(std::string name, bool create, bool update) {
  TypeCapability capability;
  capability.type = std::move(name);
  capability.read = capability.search = true;
  capability.create = create;
  capability.update = update;
  return capability;
}

// Documents and answers can be created, nothing can be changed.
Capabilities only_create() {
  Capabilities capabilities;
  capabilities.types = {type("CarePlan", false, false), type("DocumentReference", true, false),
                        type("QuestionnaireResponse", true, false), type("Communication", true, false)};
  return capabilities;
}

const PlannedCase* find(const std::vector<PlannedCase>& cases, std::string_view artifact, Occasion occasion) {
  for (const PlannedCase& one : cases) {
    if (one.artifact == artifact && one.occasion == occasion) return &one;
  }
  return nullptr;
}

TEST(LadderText, HasEveryArtifactOnEveryOccasion) {
  const auto cases = planned_cases(only_create(), {});
  ASSERT_EQ(cases.size(), 8u);
  EXPECT_EQ(rungs_taken(find(cases, "care-plan", Occasion::New)->plan), "DocumentReference");
  EXPECT_EQ(rungs_taken(find(cases, "care-plan", Occasion::Changed)->plan), "DocumentReference");
  EXPECT_EQ(rungs_taken(find(cases, "screening-result", Occasion::New)->plan), "QuestionnaireResponse");
  EXPECT_EQ(rungs_taken(find(cases, "screening-result", Occasion::Theirs)->plan), "DocumentReference");
  EXPECT_EQ(rungs_taken(find(cases, "safety", Occasion::New)->plan), "Communication");
  EXPECT_EQ(find(cases, "safety", Occasion::Theirs), nullptr);
}

TEST(LadderText, WhatWasCreatedAndCannotBeChangedGoesAnotherWay) {
  const auto cases = planned_cases(only_create(), {});
  EXPECT_EQ(rungs_taken(find(cases, "screening-result", Occasion::Changed)->plan), "DocumentReference");
}

TEST(LadderText, SaysForPeopleWhatIsTakenAndWhyNotTheRest) {
  WritingWishes wishes;
  wishes.rungs["safety"] = {"Flag"};
  const std::string text = plans_text(planned_cases(only_create(), wishes));
  EXPECT_NE(text.find("  care-plan         new\n"
                      "    no  CarePlan                CarePlan create is not declared by the EHR\n"
                      "    no  parts                   discrete parts: not opted in to\n"
                      "    ->  DocumentReference       DocumentReference create\n"
                      "    or  Communication           Communication create\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  safety            new: none; it is parked, a person decides\n"
                      "    no  Flag                    Flag is not declared by the EHR\n"),
            std::string::npos)
      << text;
}

TEST(LadderText, SaysTheSameToPrograms) {
  WritingWishes wishes;
  wishes.rungs["safety"] = {"Flag"};
  wishes.twice = {"screening-result"};
  const auto read = fhir::read_json("{\"plans\":" + plans_json(planned_cases(only_create(), wishes)) + "}");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto plans = fhir::each((*read)->root().find("plans"));
  ASSERT_EQ(plans.size(), 7u);
  EXPECT_EQ(plans[3].text_of("artifact"), "screening-result");
  EXPECT_EQ(plans[3].text_of("occasion"), "new");
  EXPECT_EQ(plans[3].text_of("taken"), "QuestionnaireResponse and DocumentReference");
  EXPECT_EQ(fhir::each(plans[3].find("interactions")).size(), 2u);
  EXPECT_EQ(plans[6].text_of("taken"), "none");
  EXPECT_EQ(plans[6].text_of("why_none"), "no rung: Flag is not declared by the EHR");
  const auto rungs = fhir::each(plans[6].find("ladder"));
  ASSERT_EQ(rungs.size(), 1u);
  EXPECT_FALSE(rungs[0].find("fits")->as_boolean());
}

}  // namespace
}  // namespace bhi::flow
