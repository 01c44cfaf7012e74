#include "flow/entries.h"

#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/practice.h"
#include "flow/redact.h"
#include "flow/timeline.h"
#include "flow/words.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

const Instant kNow = *instant_from("2026-11-22T12:00:00Z");
const Actor kActor{"app", "m1"};

class Entries : public ::testing::Test {
 protected:
  Entries() {
    for (const std::string id : {"p", "q"}) {
      care::Patient patient;
      patient.id = id;
      patient.source = {"main", "Patient", id, "", ""};
      Worked worked;
      worked.entities = {{"Patient", id, id, 0, to_json(patient)}};
      EXPECT_TRUE(store_->commit(worked).ok());
    }
  }

  Result<Written> write(std::string_view kind, std::string json, std::string_view patient = "p", EntryPlace place = {},
                        Instant now = kNow) {
    const auto body = fhir::read_json(std::move(json));
    if (!body.ok()) return body.error();
    place.patient = patient;
    place.kind = kind;
    return write_entry(test::engine(), *store_, {}, place, (*body)->root(), practice_, kActor, now);
  }
  Result<Written> correct(std::string_view kind, std::string_view id, std::int64_t version, std::string json) {
    EntryPlace place;
    place.id = id;
    place.version = version;
    return write(kind, std::move(json), "p", place, kNow + std::chrono::hours(1));
  }
  std::int64_t last_event() { return store_->event_span()->last; }

  test::TempStore store_;
  care::PracticeRecord practice_;
};

constexpr const char* kFlag = R"({"id":"f1","reason":"sleeps badly","raised":true})";

TEST_F(Entries, ArePostedUnderTheSendersIdAndSigned) {
  const auto made = write("CaseFlag", kFlag);
  ASSERT_TRUE(made.ok()) << made.error().message;
  ASSERT_TRUE(made->refused.empty());
  EXPECT_TRUE(made->changed);
  const auto flag = std::get<care::CaseFlag>(*entity_from_json(made->entity->body));
  EXPECT_EQ(flag.patient, "p");
  EXPECT_EQ(flag.recorded.by, "m1");
  EXPECT_EQ(flag.recorded.at, "2026-11-22T12:00:00.000Z");
}

TEST_F(Entries, ChangeNothingWhenPostedAgainAtAnyTime) {
  ASSERT_TRUE(write("CaseFlag", kFlag).ok());
  const auto before = last_event();
  const auto again = write("CaseFlag", kFlag, "p", {}, kNow + std::chrono::hours(5));
  ASSERT_TRUE(again.ok() && again->refused.empty());
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(again->entity->version, 1);
  EXPECT_EQ(last_event(), before);
}

TEST_F(Entries, AreRefusedWhenTheIdStandsForSomethingElse) {
  ASSERT_TRUE(write("CaseFlag", kFlag).ok());
  const auto other = write("CaseFlag", R"({"id":"f1","reason":"something else","raised":true})");
  ASSERT_TRUE(other.ok());
  ASSERT_FALSE(other->refused.empty());
  EXPECT_EQ(other->refused[0].code, "conflict");
  const auto elsewhere = write("CaseFlag", kFlag, "q");
  ASSERT_TRUE(elsewhere.ok());
  EXPECT_EQ(elsewhere->refused.at(0).code, "conflict");
  EXPECT_EQ(store_->entities_of("q", "CaseFlag")->size(), 0u);
}

TEST_F(Entries, AreCorrectedWithTheVersionAtHandOnly) {
  ASSERT_TRUE(write("CaseFlag", kFlag).ok());
  const auto stale = correct("CaseFlag", "f1", 7, R"({"id":"f1","reason":"x","raised":false})");
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().kind, Kind::Conflict);
  const auto done = correct("CaseFlag", "f1", 1, R"({"id":"f1","reason":"x","raised":false,"version":1})");
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->entity->version, 2);
  const auto missing = correct("CaseFlag", "f9", 1, R"({"reason":"x","raised":false})");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, Kind::NotFound);
}

TEST_F(Entries, LeaveNothingOfACallThatTheRulesRefuse) {
  const auto before = last_event();
  const auto refused = write("EpisodeAct", R"({"id":"a1","episode":"e1","act":"complete","at":"2026-10-01"})");
  ASSERT_TRUE(refused.ok());
  ASSERT_FALSE(refused->refused.empty());
  EXPECT_EQ(refused->refused[0].code, "business-rule");
  EXPECT_EQ(last_event(), before);
  EXPECT_TRUE(store_->entities_of("p", "EpisodeAct")->empty());
}

TEST_F(Entries, WantAnIdOfTheSenderAndNothingThatIsOurs) {
  for (const char* body : {R"({"reason":"x","raised":true})", R"({"id":"a/b","raised":true})",
                           R"({"id":"f1","raised":true,"recorded":{"by":"x","at":"2020-01-01"}})",
                           R"({"id":"f1","raised":true,"patient":"q"})", R"({"id":"f1","colour":"red"})", "[]"}) {
    const auto made = write("CaseFlag", body);
    ASSERT_FALSE(made.ok()) << body;
    EXPECT_EQ(made.error().kind, Kind::Incorrect) << body;
  }
  const auto nobody = write("CaseFlag", kFlag, "nobody");
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().kind, Kind::NotFound);
}

TEST_F(Entries, AreToldOfInTheWordsOfTheModel) {
  const auto refused = write("Handoff", R"({"id":"a_b","type":"warm","at":"2026-11-01","toRole":"wizard"})");
  ASSERT_TRUE(refused.ok()) << refused.error().message;
  ASSERT_EQ(refused->refused.size(), 1u);
  EXPECT_EQ(refused->refused[0].path, "Handoff/a_b.toRole");
}

TEST_F(Entries, NameOnlyMembersWhoHoldTheRole) {
  practice_.practice.id = "practice";
  practice_.practice.roles_active = {"nurse", "care-manager"};
  practice_.members = {{"m1", "A", {"nurse"}, "", false, false, "", ""}};
  const std::string contact =
      R"({"id":"c1","member":"m1","role":"care-manager","start":"2026-11-01T10:00:00Z","minutes":20,"with":"patient",)"
      R"("modality":"in-person","outcome":"reached","setting":"community"})";
  const auto refused = write("Contact", contact);
  ASSERT_TRUE(refused.ok()) << refused.error().message;
  ASSERT_EQ(refused->refused.size(), 1u);
  EXPECT_EQ(refused->refused[0].path, "Contact/c1.member");
  practice_.members[0].roles = {"care-manager"};
  EXPECT_TRUE(write("Contact", contact)->refused.empty());
}

TEST_F(Entries, TakeAConsentBackOnceAndForGood) {
  const std::string given =
      R"({"id":"c1","type":"service","decision":"given","method":"verbal","elements":["consultation","cost-sharing","right-to-stop"],"starts":"2026-11-01"})";
  ASSERT_TRUE(write("Consent", given).ok());
  const auto reason = fhir::read_json(R"({"reason":"moves away"})");
  const auto revoke = [&](Instant now) {
    return revoke_consent(test::engine(), *store_, {}, "p", "c1", (*reason)->root(), kActor, now);
  };
  ASSERT_TRUE(revoke(kNow).ok());
  const auto again = revoke(kNow + std::chrono::hours(1));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->changed);
  const auto corrected =
      correct("Consent", "c1", 2,
              R"({"id":"c1","type":"service","decision":"given","method":"written","starts":"2026-11-01"})");
  ASSERT_TRUE(corrected.ok()) << corrected.error().message;
  const auto consent = std::get<care::Consent>(*entity_from_json(corrected->entity->body));
  EXPECT_EQ(consent.method, "written");
  EXPECT_EQ(consent.revoked.at, "2026-11-22T12:00:00.000Z");
  EXPECT_EQ(consent.revoke_reason, "moves away");
}

TEST_F(Entries, AreShownWithoutWhatTheCallerMayNotSee) {
  care::Screening audit;
  audit.id = "s1";
  audit.patient = "p";
  audit.instrument = "audit-c";
  audit.authored = "2026-11-01T10:00:00Z";
  audit.status = "completed";
  audit.total = 7;
  audit.positive = true;
  const StoredEntity stored{"Screening", "s1", "p", 1, to_json(audit)};
  const auto nobody = [](std::string_view) { return false; };
  const auto anybody = [](std::string_view) { return true; };
  const auto hidden = redacted(stored, nobody);
  ASSERT_TRUE(hidden.ok());
  EXPECT_EQ(hidden->find("\"total\""), hidden->find("\"total\",\"statedTotal\"")) << *hidden;  // only as a name
  EXPECT_EQ(hidden->find("7"), std::string::npos);
  EXPECT_NE(hidden->find("\"redacted\":["), std::string::npos);
  EXPECT_EQ(*redacted(stored, anybody), stored.body);
  audit.instrument = "phq-9";
  EXPECT_EQ(*redacted({"Screening", "s1", "p", 1, to_json(audit)}, nobody), to_json(audit));

  care::Record record;
  audit.instrument = "audit-c";
  record.screenings = {audit};
  record.safety = {{"e1", "p", "phq-9.item-9", "positive", "s0", "2026-10-01", "", "open", "", "", ""}};
  const auto told = timeline(record, nobody);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].id, "e1");
  EXPECT_EQ(told[1].text.find('7'), std::string::npos);
  EXPECT_NE(timeline(record, anybody)[1].text.find(" 7, "), std::string::npos);
}

TEST(AllowedWords, AreThoseThatTheRulesAsk) {
  const auto words = allowed_words();
  EXPECT_EQ(words.at("Consent.type"), (std::vector<std::string>{"service", "privacy"}));
  EXPECT_EQ(words.at("Contact.modality").size(), 5u);
  EXPECT_EQ(words.at("CaseReview.recommendations.kind").front(), "medication");
  EXPECT_EQ(words.at("Handoff.covered").back(), "pending-tasks");
  EXPECT_EQ(words.at("Practice.payers.family"), (std::vector<std::string>{"cocm", "general", "rhc", "apcm"}));
  for (const auto& [element, list] : words) {
    const auto paths = element.substr(0, element.find('.'));
    auto bound = bound_practice_paths(paths);
    const auto of_patients = bound_paths(paths);
    bound.insert(bound.end(), of_patients.begin(), of_patients.end());
    // Of the team's entries paths are told once their logical models are there.
    if (bound.empty()) continue;
    EXPECT_NE(std::ranges::find(bound, element), bound.end()) << element;
  }
}

class Practices : public ::testing::Test {
 protected:
  Result<Written> write(std::string_view kind, std::string json, std::string_view id = "",
                        std::optional<std::int64_t> version = {}) {
    const auto body = fhir::read_json(std::move(json));
    if (!body.ok()) return body.error();
    return write_practice(*store_, kind, id, version, (*body)->root(), {"app"}, kNow);
  }
  test::TempStore store_;
};

TEST_F(Practices, AreKeptAndLoadedAsOneRecord) {
  ASSERT_TRUE(write("TeamMember", R"({"id":"m1","name":"A","roles":["care-manager"],"start":"2026-01-01"})").ok());
  const auto profile = write(
      "Practice", R"({"name":"X","careModel":"cocm","rolesActive":["care-manager"],"timeZone":"America/Denver"})");
  ASSERT_TRUE(profile.ok()) << profile.error().message;
  ASSERT_TRUE(profile->refused.empty()) << profile->refused[0].path << profile->refused[0].text;
  const auto loaded = load_practice(*store_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(loaded->has_team());
  EXPECT_EQ(loaded->record.practice.time_zone, "America/Denver");
  EXPECT_EQ(loaded->record.members.at(0).roles, std::vector<std::string>{"care-manager"});
  EXPECT_EQ(loaded->versions.at({"TeamMember", "m1"}), 1);
}

TEST_F(Practices, WarnWhenTheLastOfARoleGoes) {
  ASSERT_TRUE(write("TeamMember", R"({"id":"m1","name":"A","roles":["care-manager"]})").ok());
  ASSERT_TRUE(
      write("Practice", R"({"name":"X","careModel":"cocm","rolesActive":["care-manager"],"timeZone":"UTC"})").ok());
  const auto gone =
      write("TeamMember", R"({"id":"m1","name":"A","roles":["care-manager"],"end":"2026-11-01"})", "m1", 1);
  ASSERT_TRUE(gone.ok() && gone->refused.empty());
  ASSERT_EQ(gone->issues.size(), 1u);
  EXPECT_EQ(gone->issues[0].path, "Practice.rolesActive");
}

TEST_F(Practices, RefuseWhatTheCheckRefuses) {
  for (const auto& [kind, body] : std::vector<std::pair<std::string, std::string>>{
           {"Practice", R"({"name":"X","careModel":"free","timeZone":"UTC"})"},
           {"Practice", R"({"name":"X","careModel":"cocm","timeZone":"Mars/Olympus"})"},
           {"TeamMember", R"({"id":"m1","name":"A","roles":["wizard"]})"},
           {"TeamMember", R"({"id":"m1","name":"A"})"},
           {"TrainingRecord", R"({"id":"t1","member":"nobody","topic":"x","completed":"2026-01-01"})"},
           {"CommunityPartner", R"({"id":"x","name":"X","capabilities":["crisis"],"availability":"perhaps"})"},
           {"CrisisProtocol", R"({"id":"x","version":"1","inForce":"2026-01-01","tiers":[]})"},
           {"Feedback", R"({"id":"x","from":"patient","date":"2026-01-01"})"}}) {
    const auto made = write(kind, body);
    ASSERT_TRUE(made.ok()) << kind << made.error().message;
    EXPECT_FALSE(made->refused.empty()) << body;
  }
  EXPECT_EQ(store_->event_span()->last, 0);
}

TEST_F(Practices, NeverChangeAProtocolThatIsInForce) {
  const std::string one =
      R"({"id":"crisis","version":"1","inForce":"2026-01-01","tiers":[{"id":"high","triggers":["phq-9.item-9"],"actions":[{"id":"call","text":"call","withinMinutes":30,"role":"care-manager","backupRole":"pcp"}]}]})";
  const auto first = write("CrisisProtocol", one);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(first->refused.empty()) << first->refused[0].path << ": " << first->refused[0].text;
  EXPECT_EQ(first->entity->id, "crisis@1");
  auto changed = one;
  changed.replace(changed.find("30"), 2, "60");
  const auto refused = write("CrisisProtocol", changed, "crisis@1", 1);
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(refused->refused.empty());
  changed.replace(changed.find("\"1\""), 3, "\"2\"");
  EXPECT_TRUE(write("CrisisProtocol", changed)->refused.empty());
  EXPECT_EQ(load_practice(*store_)->record.protocols.size(), 2u);
}

}  // namespace
}  // namespace bhi::flow
