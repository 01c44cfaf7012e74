// Whose records are asked for: by a search at the EHR, or by who is on the caseload here.
#include "flow/cohort.h"

#include "care/model.h"
#include "flow/binding.h"
#include "flow/inbound.h"
#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

using test::FakeEhr;
using test::searchset;
using Ids = std::vector<std::string>;

const std::string kAbout = R"("subject":{"reference":"Patient/)";

std::string condition(const std::string& id, const std::string& patient) {
  return R"({"resourceType":"Condition","id":")" + id + "\"," + kAbout + patient + "\"}}";
}

TEST(CohortBySearch, IsWhoIsFoundOrWhomTheFoundIsAbout) {
  FakeEhr ehr;
  ehr.pages["_count=2&code=x"] = {searchset({condition("c1", "a"), condition("c2", "b")}), "next", std::nullopt};
  ehr.pages["next"] = {searchset({condition("c3", "a"), condition("c4", "c"), condition("c5", "../evil")}), "",
                       std::nullopt};
  const auto found = patients_of_search(ehr, "Condition?code=x", 2);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(*found, (Ids{"a", "b", "c"}));
  ehr.pages["_count=2&active=true"] = {
      searchset({R"({"resourceType":"Patient","id":"p"})", R"({"resourceType":"Organization","id":"o"})"}), "",
      std::nullopt};
  EXPECT_EQ(*patients_of_search(ehr, "Patient?active=true", 2), (Ids{"p"}));
}

TEST(CohortBySearch, AHalfCohortIsNone) {
  FakeEhr ehr;
  ehr.pages["_count=2&code=x"] = {searchset({condition("c1", "a")}), "next", std::nullopt};
  ehr.page_errors.emplace("next", Error{Kind::NotFound, "GET Condition: 410"});
  const auto expired = patients_of_search(ehr, "Condition?code=x", 2);
  ASSERT_FALSE(expired.ok());
  EXPECT_EQ(expired.error().kind, Kind::Unavailable);
  ehr.pages["_count=2&code=y"] = {
      searchset({condition("c1", "a"),
                 R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]})"}),
      "", std::nullopt};
  EXPECT_FALSE(patients_of_search(ehr, "Condition?code=y", 2).ok());
}

TEST(CohortByEnrolment, IsWhoIsOnTheCaseloadAndCameFromTheSource) {
  test::TempStore store;
  Worked worked;
  const auto person = [&](const std::string& id, const std::string& source, const std::string& state) {
    care::Patient patient;
    patient.id = id;
    patient.source = {source, "Patient", id + "-there", "", ""};
    care::Episode episode;
    episode.id = "e-" + id;
    episode.patient = id;
    episode.state = state;
    worked.entities.push_back({"Patient", id, id, 0, to_json(patient)});
    worked.entities.push_back({"Episode", episode.id, id, 0, to_json(episode)});
  };
  person("a", "main", "active");
  person("b", "main", "completed");
  person("c", "other", "active");
  person("d", "main", "relapse-prevention");
  ASSERT_TRUE(store->commit(worked).ok());
  EXPECT_EQ(*enrolled_patients(*store, "main"), (Ids{"a-there", "d-there"}));
  EXPECT_EQ(*enrolled_patients(*store, "other"), (Ids{"c-there"}));
}

TEST(CohortOfAList, HasTheSurvivorOfWhoWasMergedToo) {
  test::TempStore store;
  const auto id = [](const std::string& there) { return care_id("main", "Patient", there); };
  Worked worked;
  const auto person = [&](const std::string& there, const std::string& replaced_by) {
    care::Patient patient;
    patient.id = id(there);
    patient.source = {"main", "Patient", there, "", ""};
    patient.replaced_by = replaced_by.empty() ? "" : id(replaced_by);
    worked.entities.push_back({"Patient", patient.id, patient.id, 0, to_json(patient)});
  };
  person("old", "middle");
  person("middle", "new");
  person("new", "");
  person("other", "");
  ASSERT_TRUE(store->commit(worked).ok());
  EXPECT_EQ(*with_survivors(*store, "main", {"old", "other", "unknown"}), (Ids{"old", "other", "unknown", "new"}));
  EXPECT_EQ(*with_survivors(*store, "main", {"old", "new"}), (Ids{"old", "new"}));
  EXPECT_EQ(*with_survivors(*store, "elsewhere", {"old"}), (Ids{"old"}));
}

}  // namespace
}  // namespace bhi::flow
