// Who is the same person at two sources: only by what the site named for it, and never when something speaks against
// it.
#include "flow/identity.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

const std::vector<std::string> kSystems = {"urn:mrn", "urn:national"};

care::Patient person(const std::string& source, const std::string& id,
                     std::vector<std::pair<std::string, std::string>> identifiers, const std::string& born = "",
                     const std::string& name = "", const std::string& gender = "") {
  care::Patient patient;
  patient.id = source + "-" + id;
  patient.source = {source, "Patient", id, "", ""};
  patient.birth_date = born;
  patient.name = name;
  patient.gender = gender;
  for (auto& [system, value] : identifiers) patient.identifiers.push_back({system, value, ""});
  return patient;
}

Identities of(const std::vector<care::Patient>& patients) { return identities_of(patients, kSystems); }

TEST(Identity, LinksByAConfiguredIdentifierAndByNoOther) {
  const auto found = of({person("a", "1", {{"urn:mrn", "7"}}), person("b", "2", {{"urn:mrn", "7"}}),
                         person("c", "3", {{"urn:other", "7"}}), person("d", "4", {{"urn:mrn", "70"}}),
                         person("e", "5", {{"urn:national", "7"}})});
  ASSERT_EQ(found.links.size(), 1u);
  EXPECT_EQ(found.links[0].patients, (std::vector<std::string>{"a-1", "b-2"}));
  EXPECT_TRUE(found.reviews.empty());
}

TEST(Identity, LinksNobodyWhenNothingIsConfigured) {
  const std::vector<care::Patient> two = {person("a", "1", {{"urn:mrn", "7"}}), person("b", "2", {{"urn:mrn", "7"}})};
  const auto found = identities_of(two, {});
  EXPECT_TRUE(found.links.empty());
  EXPECT_TRUE(found.reviews.empty());
}

TEST(Identity, NeverByNameAndBirthDateAlone) {
  const auto found =
      of({person("a", "1", {}, "1980-05-01", "Jane Alder"), person("b", "2", {}, "1980-05-01", "Jane Alder"),
          person("c", "3", {{"urn:mrn", ""}}), person("d", "4", {{"urn:mrn", ""}})});
  EXPECT_TRUE(found.links.empty());
  EXPECT_TRUE(found.reviews.empty());
}

TEST(Identity, TwoOfOneSourceAreForAPersonToLookAt) {
  const auto found = of({person("a", "1", {{"urn:mrn", "7"}}), person("a", "2", {{"urn:mrn", "7"}})});
  EXPECT_TRUE(found.links.empty());
  ASSERT_EQ(found.reviews.size(), 1u);
  EXPECT_EQ(found.reviews[0].system, "urn:mrn");
  EXPECT_EQ(found.reviews[0].patients, (std::vector<std::string>{"a-1", "a-2"}));
}

TEST(Identity, ThoseWhoMeetThroughAThirdAreOneGroupAndTwoOfOneSourceInItLinkNobody) {
  const auto found =
      of({person("a", "1", {{"urn:mrn", "7"}}), person("b", "2", {{"urn:mrn", "7"}, {"urn:national", "9"}}),
          person("a", "3", {{"urn:national", "9"}})});
  EXPECT_TRUE(found.links.empty());
  ASSERT_EQ(found.reviews.size(), 1u);
  EXPECT_EQ(found.reviews[0].patients.size(), 3u);
  const auto three =
      of({person("a", "1", {{"urn:mrn", "7"}}), person("b", "2", {{"urn:mrn", "7"}, {"urn:national", "9"}}),
          person("c", "3", {{"urn:national", "9"}})});
  ASSERT_EQ(three.links.size(), 1u);
  EXPECT_EQ(three.links[0].patients.size(), 3u);
}

TEST(Identity, ConflictingDemographicsLinkNobody) {
  const std::vector<std::pair<std::string, std::string>> same = {{"urn:mrn", "7"}};
  const auto reason = [](const care::Patient& a, const care::Patient& b) {
    const auto found = of({a, b});
    return found.reviews.empty() ? std::string(found.links.empty() ? "nothing" : "linked") : found.reviews[0].reason;
  };
  EXPECT_NE(reason(person("a", "1", same, "1980-05-01"), person("b", "2", same, "1980-05-02")).find("birth"),
            std::string::npos);
  EXPECT_NE(reason(person("a", "1", same, "", "", "male"), person("b", "2", same, "", "", "female")).find("gender"),
            std::string::npos);
  EXPECT_NE(reason(person("a", "1", same, "", "Jane Alder"), person("b", "2", same, "", "Robert Birch")).find("name"),
            std::string::npos);
  EXPECT_EQ(reason(person("a", "1", same, "1980-05-01", "Jane Alder", "female"),
                   person("b", "2", same, "1980", "ALDER-BIRCH, Jane", "unknown")),
            "linked");
}

TEST(Identity, AMergedRecordDoesNotCount) {
  auto old = person("a", "1", {{"urn:mrn", "7"}});
  old.replaced_by = "a-2";
  const auto found = of({old, person("a", "2", {{"urn:mrn", "7"}}), person("b", "3", {{"urn:mrn", "7"}})});
  ASSERT_EQ(found.links.size(), 1u);
  EXPECT_EQ(found.links[0].patients, (std::vector<std::string>{"a-2", "b-3"}));
  EXPECT_TRUE(found.reviews.empty());
}

}  // namespace
}  // namespace bhi::flow
