// What becomes of a notification: records into the inbox, names to be fetched, fetched records and deletions.
#include "flow/hook.h"

#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

using test::document;
using test::FakeEhr;
using test::TempStore;

const Instant kNow = *instant_from("2026-11-22T09:00:00Z");
const HookSettings kBelieved{"main", "sub", {"Patient", "Observation"}, true};
const HookSettings kUnproven{"main", "sub", {"Patient", "Observation"}, false};

const std::string kObservation =
    R"({"resourceType":"Observation","id":"o1","meta":{"versionId":"2","lastUpdated":"2026-11-22T08:00:00Z"},"status":"final",
    "subject":{"reference":"Patient/p1"}})";

std::string notice(const std::string& focus, const std::string& entries) {
  return R"({"resourceType":"Bundle","id":"b","type":"history","entry":[{"resource":{"resourceType":"Parameters","parameter":[
    {"name":"type","valueCode":"event-notification"},{"name":"notification-event","part":[{"name":"event-number","valueString":"1"},
    {"name":"focus","valueReference":{"reference":")" +
         focus + R"("}}]}]},"request":{"method":"GET","url":"Subscription/s/$status"}})" + entries + "]}";
}

Hooked hook(const std::string& body, const HookSettings& settings) {
  const auto read = document(body);
  const auto notification = read_notification(read->root(), {});
  EXPECT_TRUE(notification.ok());
  auto out = hooked(&read->root(), *notification, settings, kNow, 1);
  EXPECT_TRUE(out.ok());
  return *std::move(out);
}

TEST(Hook, D2_01_AFullRecordOfAProvenSenderGoesIntoTheInboxAndNothingIsFetched) {
  const auto out =
      hook(notice("Observation/o1", R"(,{"fullUrl":"https://x/Observation/o1","resource":)" + kObservation +
                                        R"(,"request":{"method":"PUT","url":"Observation/o1"}})"),
           kBelieved);
  ASSERT_EQ(out.batch.items.size(), 1u);
  EXPECT_EQ(out.batch.items[0].lane, "main|Patient/p1");
  EXPECT_EQ(out.batch.items[0].channel, "notify");
  EXPECT_EQ(out.batch.items[0].resource.version, "2");
  EXPECT_TRUE(out.fetch.empty());
  EXPECT_EQ(out.batch.audit.size(), 1u);
}

TEST(Hook, D2_02_AFullRecordOfAnUnprovenSenderIsNeverUsedOnlyItsNameIs) {
  const auto out = hook(kObservation, kUnproven);
  EXPECT_TRUE(out.batch.items.empty());
  ASSERT_EQ(out.fetch.size(), 1u);
  EXPECT_EQ(out.fetch[0].record.text(), "Observation/o1");
}

TEST(Hook, D2_11_IdOnlyNamesAreKeptForFetching) {
  const auto out = hook(notice("Observation/o7", ""), kBelieved);
  ASSERT_EQ(out.fetch.size(), 1u);
  EXPECT_FALSE(out.fetch[0].gone);
  const auto again = to_fetch_from(cursor_of(kBelieved, out.fetch[0]), "sub");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->record.text(), "Observation/o7");
  EXPECT_EQ(again->told, kNow);
  EXPECT_EQ(again->cursor, out.fetch[0].cursor);
  EXPECT_FALSE(to_fetch_from(cursor_of(kBelieved, out.fetch[0]), "other").has_value());
}

TEST(Hook, RecordsOfOtherTypesAreNoneOfOurBusiness) {
  const auto out = hook(R"({"resourceType":"Claim","id":"c1"})", kBelieved);
  EXPECT_TRUE(out.batch.items.empty());
  EXPECT_TRUE(out.fetch.empty());
  EXPECT_EQ(out.other_types, 1u);
}

class Fetching : public testing::Test {
 protected:
  // Takes in what came of fetching one record, as the daemon does.
  Fetched go(const RecordName& name, int tried = 0) {
    ToFetch wanted{name, kNow, false, tried, fetch_prefix("sub") + name.text() + "|1"};
    auto out = fetch(*store, ehr, kBelieved, wanted, kNow);
    EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().message);
    if (!out.ok()) return {};
    EXPECT_TRUE(store->accept(out->batch).ok());
    return *out;
  }
  std::size_t pending() { return store->pending("main|Patient/p1", 10).value().size(); }

  TempStore store;
  FakeEhr ehr;
};

TEST_F(Fetching, AFoundRecordIsNewsOnceHoweverOftenItIsFetched) {
  ehr.put(kObservation);
  EXPECT_FALSE(go({"Observation", "o1"}).again.has_value());
  go({"Observation", "o1"});
  EXPECT_EQ(pending(), 1u);
  EXPECT_TRUE(store->cursors("main", "notify|").value().empty());
}

TEST_F(Fetching, D2_11_AGoneRecordIsADeletionInTheLaneOfItsPatient) {
  ehr.put(kObservation);
  go({"Observation", "o1"});
  ehr.read_errors.push_back({Kind::NotFound, "GET Observation/o1: 410"});
  EXPECT_TRUE(go({"Observation", "o1"}).deleted);
  const auto items = store->pending("main|Patient/p1", 10).value();
  ASSERT_EQ(items.size(), 2u);
  EXPECT_TRUE(items[1].resource.body.empty());
}

TEST_F(Fetching, D2_11_ARecordThatIsNotFoundIsAskedForThreeTimesAndNeverTakenForDeleted) {
  for (int tried = 0; tried < 2; ++tried) {
    ehr.read_errors.push_back({Kind::NotFound, "GET Observation/o410: 404"});
    const auto out = go({"Observation", "o410"}, tried);
    ASSERT_TRUE(out.again.has_value());
    EXPECT_EQ(out.again->tried, tried + 1);
    EXPECT_EQ(store->cursors("main", "notify|").value().size(), 1u) << "it survives a restart";
  }
  ehr.read_errors.push_back({Kind::NotFound, "GET Observation/o410: 404"});
  const auto out = go({"Observation", "o410"}, 2);
  EXPECT_FALSE(out.again.has_value());
  EXPECT_FALSE(out.deleted);
  EXPECT_TRUE(store->cursors("main", "notify|").value().empty());
}

TEST_F(Fetching, ARecordThatIsNotShownToUsIsLeft) {
  ehr.read_errors.push_back({Kind::Forbidden, "GET Observation/o1: 403"});
  EXPECT_FALSE(go({"Observation", "o1"}).again.has_value());
  EXPECT_EQ(pending(), 0u);
}

TEST_F(Fetching, AnEhrThatDoesNotAnswerIsAnError) {
  ehr.read_errors.push_back({Kind::Unavailable, "no answer"});
  const auto out = fetch(*store, ehr, kBelieved, {{"Observation", "o1"}, kNow, false, 0, "c"}, kNow);
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().kind, Kind::Unavailable);
}

}  // namespace
}  // namespace bhi::flow
