#include "flow/receive.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

Result<Received> take(std::string text) { return receive(std::move(text), "main", "post", Instant{}, {}); }

TEST(Receive, PutsAResourceIntoTheLaneOfItsPatient) {
  const auto received =
      take(R"({"resourceType":"CarePlan","id":"c1","meta":{"versionId":"7","lastUpdated":"2026-11-01T00:00:00Z"},
    "status":"active","intent":"plan","subject":{"reference":"https://ehr.example/fhir/Patient/p1"}})");
  ASSERT_TRUE(received.ok()) << received.error().message;
  ASSERT_EQ(received->items.size(), 1u);
  const InboxItem& item = received->items[0];
  EXPECT_EQ(item.lane, "main|Patient/p1");
  EXPECT_EQ(item.resource.type, "CarePlan");
  EXPECT_EQ(item.resource.id, "c1");
  EXPECT_EQ(item.resource.version, "7");
  EXPECT_EQ(item.resource.updated, "2026-11-01T00:00:00Z");
}

TEST(Receive, TakesXmlAsItTakesJson) {
  const auto xml = take(R"( <Observation xmlns="http://hl7.org/fhir"><id value="o"/><status value="final"/>
    <subject><reference value="Patient/p1"/></subject><valueQuantity><value value="1.50"/></valueQuantity></Observation>)");
  const auto json =
      take(R"({"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p1"},
    "valueQuantity":{"value":1.50}})");
  ASSERT_TRUE(xml.ok()) << xml.error().message;
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(xml->items[0].resource.body, json->items[0].resource.body);
  EXPECT_EQ(xml->items[0].resource.hash, json->items[0].resource.hash);
  EXPECT_EQ(xml->items[0].lane, json->items[0].lane);
  EXPECT_FALSE(take("<!DOCTYPE x><Patient xmlns=\"http://hl7.org/fhir\"/>").ok());
}

TEST(Receive, LeavesOutTheEntryOfAnXmlBundleThatIsWrong) {
  const auto received = take(R"(<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>
    <entry><resource><Patient><id value="p"/></Patient></resource></entry>
    <entry><resource><Patient><id value="q"/><colour value="red"/></Patient></resource></entry></Bundle>)");
  ASSERT_TRUE(received.ok()) << received.error().message;
  ASSERT_EQ(received->items.size(), 1u);
  ASSERT_EQ(received->issues.size(), 1u);
  EXPECT_EQ(received->issues[0].path, "Bundle.entry[1].resource");
  EXPECT_NE(received->issues[0].text.find("expected an element of Patient"), std::string::npos);
}

TEST(Receive, KeepsTypesOfR4bAndRefusesThoseOfR5) {
  const auto r4b = take(R"({"resourceType":"SubscriptionTopic","id":"t","status":"active"})");
  ASSERT_TRUE(r4b.ok()) << r4b.error().message;
  EXPECT_EQ(r4b->items.size(), 1u);
  const auto r5 = take(R"({"resourceType":"MedicationRequest","id":"m","medication":{"concept":{"text":"x"}}})");
  ASSERT_FALSE(r5.ok());
  EXPECT_EQ(r5.error().kind, Kind::Unsupported);
}

TEST(Receive, GivesAResourceOfNobodyALaneOfItsOwn) {
  const auto received = take(R"({"resourceType":"Questionnaire","id":"q","url":"http://x/q","status":"active"})");
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->items[0].lane, "main|Questionnaire/q");
  EXPECT_EQ(received->items[0].resource.url, "http://x/q");
}

TEST(Receive, NamesAResourceWithoutIdByItsContent) {
  const auto first = take(R"({"resourceType":"Patient","gender":"female"})");
  const auto same = take(R"({"gender":"female","resourceType":"Patient"})");
  const auto other = take(R"({"resourceType":"Patient","gender":"male"})");
  ASSERT_TRUE(first.ok() && same.ok() && other.ok());
  EXPECT_EQ(first->items[0].resource.id, same->items[0].resource.id);
  EXPECT_NE(first->items[0].resource.id, other->items[0].resource.id);
}

TEST(Receive, TakesTheGoodEntriesOfABundleAndNamesTheBad) {
  const auto received = take(R"({"resourceType":"Bundle","type":"collection","entry":[
    {"resource":{"resourceType":"Patient","id":"p"}},
    {"resource":{"resourceType":"Spaceship","id":"s"}},
    {"resource":7},
    {"resource":{"resourceType":"Patient","id":".."}},
    {"resource":{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/p"}}}]})");
  ASSERT_TRUE(received.ok()) << received.error().message;
  EXPECT_EQ(received->items.size(), 2u);
  ASSERT_EQ(received->issues.size(), 3u);
  EXPECT_NE(received->issues[0].path.find("entry[1]"), std::string::npos);
  EXPECT_NE(received->issues[1].path.find("entry[2]"), std::string::npos);
  EXPECT_NE(received->issues[2].path.find("entry[3]"), std::string::npos);
}

class Refuse : public ::testing::TestWithParam<std::string> {};

TEST_P(Refuse, AnswersIncorrectAndKeepsNothing) {
  const auto received = take(GetParam());
  ASSERT_FALSE(received.ok());
  EXPECT_EQ(received.error().kind, Kind::Incorrect);
  EXPECT_FALSE(received.error().message.empty());
}

INSTANTIATE_TEST_SUITE_P(Cases, Refuse,
                         ::testing::Values("", "{", "[]", "7", R"({"id":"x"})", R"({"resourceType":"Spaceship"})",
                                           R"({"resourceType":7})", R"({"resourceType":"Patient","id":"a","id":"b"})",
                                           "{\"resourceType\":\"Patient\",\"id\":\"\xff\"}"));

}  // namespace
}  // namespace bhi::flow
