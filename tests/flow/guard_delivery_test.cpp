// The consent guard in the delivery: what is held back and goes on later, what an emergency lets pass, what stands at
// the EHR already.
#include "base/hash.h"
#include "flow/entries.h"
#include "flow/held_back.h"
#include "flow/notices.h"
#include "tests/flow/support/delivery_fixture.h"
#include "tests/flow/support/guard_texts.h"

namespace bhi::flow {
namespace {

class GuardDelivery : public Deliver {
 protected:
  GuardDelivery() {
    terms_.privacy.redisclosure_notice = test::kNotice;
    terms_.privacy.consent_scope = test::kScope;
  }

  static care::Screening audit_c() {
    care::Screening screening = phq9();
    screening.instrument = "audit-c";
    screening.items.resize(3);
    screening.total = 3;
    screening.severity.clear();
    return screening;
  }

  static care::Consent consent(std::vector<std::string> covers = {"substance-use"}) {
    care::Consent made = test::privacy_consent(std::move(covers));
    made.patient = kPatient;
    return made;
  }

  OutboxItem newest() { return store_->outbox(kPatient, 1).value().at(0); }

  OutboxItem send() {
    clock_ += 10min;
    const auto due = store_->due(clock_, 10).value();
    if (due.empty()) return newest();
    const auto sent = deliver(test::engine(), *store_, ehr_, ehr_.declared, due.front(), clock_, terms_);
    EXPECT_TRUE(sent.ok()) << sent.error().message;
    return sent.ok() ? *sent : OutboxItem{};
  }

  std::vector<AuditEntry> audited(std::string_view action) {
    std::vector<AuditEntry> entries;
    const auto rows = store_->audit_trail(0, 1000).value();
    for (const AuditRow& row : rows) {
      if (row.entry.action == action) entries.push_back(row.entry);
    }
    return entries;
  }

  // A Consent of the EHR: received and taken in by its lane.
  void take_in_consent(const std::string& version, const std::string& provision, const std::string& status = "active",
                       const std::string& id = "n7") {
    Accepted batch;
    InboxItem item;
    item.resource =
        copy_of(document(R"({"resourceType":"Consent","id":")" + id + R"(","meta":{"versionId":")" + version +
                         R"(","lastUpdated":"2026-11-)" + std::string(version == "1" ? "01" : "20") +
                         R"(T08:00:00Z"},"status":")" + status +
                         R"(","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope",)"
                         R"("code":"patient-privacy"}]},"category":[{"coding":[{"code":"59284-0"}]}],)"
                         R"("patient":{"reference":"Patient/1"},"dateTime":"2026-11-01","sourceReference":)"
                         R"({"reference":"DocumentReference/1"},"provision":)" +
                         provision + "}")
                    ->root(),
                "main");
    item.lane = "main|Patient/1";
    item.channel = "poll";
    batch.items.push_back(std::move(item));
    ASSERT_TRUE(store_->accept(batch).ok());
  }

  Terms terms_;
};

constexpr const char* kPermit =
    R"({"type":"permit","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SUD"}]})";
constexpr const char* kPermitBoth =
    R"({"type":"permit","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"MH"},)"
    R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SUD"}]})";
constexpr const char* kPermitWithLimits =
    R"({"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}]})";

TEST_F(GuardDelivery, WhatWaitsGoesWhenAConsentIsEntered) {
  keep({audit_c()}, "screening-result");
  const OutboxItem held = send();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_EQ(held.trouble, "policy");
  EXPECT_TRUE(held.reason.starts_with("consent: no privacy consent")) << held.reason;
  EXPECT_EQ(count("POST"), 0u);
  ASSERT_EQ(audited("withhold").size(), 1u);
  EXPECT_EQ(audited("withhold")[0].subject, "Screening/s1");

  const auto body = document(
      R"({"id":"n1","kind":"Consent","type":"privacy","decision":"given","method":"written",
          "covers":["substance-use"],"starts":"2026-01-01"})");
  const auto written = write_entry(test::engine(), *store_, {{"main"}}, {kPatient, "Consent", "", std::nullopt},
                                   body->root(), {}, {"token", "m1"}, clock_);
  ASSERT_TRUE(written.ok()) << written.error().message;
  ASSERT_TRUE(written->refused.empty()) << written->refused[0].text;
  EXPECT_EQ(written->released, 1u);
  EXPECT_EQ(newest().state, OutboxState::Planned);
  EXPECT_EQ(send().state, OutboxState::Verified);
  const auto observation = document(ehr_.all("Observation").at(0).body);
  EXPECT_EQ(observation->root().find("extension")->elements()[0].text_of("url"), kRedisclosureNotice);
  EXPECT_TRUE(newest().trouble.empty());
}

TEST_F(GuardDelivery, RevokingAfterQueueingStopsIt) {
  keep({consent()});
  keep({audit_c()}, "screening-result");
  const auto reason = document(R"({"reason":"changed my mind"})");
  ASSERT_TRUE(
      revoke_consent(test::engine(), *store_, {{"main"}}, kPatient, "n1", reason->root(), {"token", "m1"}, clock_)
          .ok());
  const OutboxItem held = send();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_NE(held.reason.find("took the consent back"), std::string::npos) << held.reason;
  EXPECT_EQ(count("POST"), 0u);
}

TEST_F(GuardDelivery, AConsentOfTheEhrCountsUntilANewerVersionOfItCannotBeTakenIn) {
  keep({audit_c()}, "screening-result");
  EXPECT_EQ(send().state, OutboxState::Parked);
  take_in_consent("1", kPermit);
  work();
  EXPECT_EQ(newest().state, OutboxState::Planned) << "the lane released it";

  take_in_consent("2", kPermitBoth);  // received, not worked on yet
  const OutboxItem waits = send();
  EXPECT_EQ(waits.state, OutboxState::RetryAt);
  EXPECT_NE(waits.reason.find("about to be taken in"), std::string::npos) << waits.reason;
  work();
  EXPECT_EQ(send().state, OutboxState::Verified);

  care::Screening again = audit_c();
  again.id = "s2";
  keep({again}, "screening-result");
  take_in_consent("3", kPermitBoth);  // the same words in another version are no news, and no doubt
  EXPECT_EQ(send().state, OutboxState::Verified) << newest().reason;

  again.id = "s3";
  keep({again}, "screening-result");
  take_in_consent("4", kPermitWithLimits, "draft");  // left by its map: the care model keeps version 2
  work();
  EXPECT_NE(send().reason.find("newer version"), std::string::npos);
}

TEST_F(GuardDelivery, AnotherConsentThatCouldNotBeTakenInStandsAgainstTheOneThatIsKnown) {
  take_in_consent("1", kPermit);
  work();
  take_in_consent("1", R"({"type":7})", "active", "n8");  // nobody can say whether it permits
  work(1);
  keep({audit_c()}, "screening-result");
  const OutboxItem held = send();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_NE(held.reason.find("received and could not be taken in"), std::string::npos) << held.reason;
  EXPECT_EQ(count("POST"), 0u);

  take_in_consent("2", kPermit, "active", "n8");  // corrected at its source: what was put aside counts no more
  EXPECT_EQ(newest().state, OutboxState::Parked);
  work();
  EXPECT_EQ(newest().state, OutboxState::Planned) << "the lane released it";
  EXPECT_EQ(send().state, OutboxState::Verified);
}

TEST_F(GuardDelivery, AConsentThatIsGoneAtItsSourceCountsForNothing) {
  take_in_consent("1", kPermit);
  work();
  ResourceCopy gone;
  gone.source = "main", gone.type = "Consent", gone.id = "n7";
  ASSERT_TRUE(store_->keep_copy(gone).ok());
  keep({audit_c()}, "screening-result");
  const OutboxItem held = send();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_NE(held.reason.find("deleted"), std::string::npos) << held.reason;
}

TEST_F(GuardDelivery, AConsentThatComesWhileItIsJudgedIsNotMissed) {
  keep({audit_c()}, "screening-result");
  const OutboxItem held = send();
  ASSERT_EQ(held.state, OutboxState::Parked);
  EXPECT_EQ(look_again(test::engine(), *store_, held, terms_.privacy, clock_)->state, OutboxState::Parked);
  keep({consent()});  // committed without its release, as if just before the item was parked
  EXPECT_EQ(look_again(test::engine(), *store_, held, terms_.privacy, clock_)->state, OutboxState::Planned);
  EXPECT_EQ(send().state, OutboxState::Verified);
}

TEST_F(GuardDelivery, AChangedConfigurationOrABegunConsentIsNoticedLater) {
  care::Consent later = consent();
  later.starts = "2026-12-01";
  keep({later});
  keep({audit_c()}, "screening-result");
  EXPECT_NE(send().reason.find("not begun"), std::string::npos);
  EXPECT_EQ(recheck_held(test::engine(), *store_, "main", terms_.privacy, clock_).value(), 0u);
  EXPECT_EQ(audited("release").size(), 0u) << "those that would be held again stay as they are";
  const Instant december = *instant_from("2026-12-02T00:00:00Z");
  EXPECT_EQ(recheck_held(test::engine(), *store_, "elsewhere", terms_.privacy, december).value(), 0u);
  EXPECT_EQ(recheck_held(test::engine(), *store_, "main", terms_.privacy, december).value(), 1u);
  clock_ = december;
  EXPECT_EQ(send().state, OutboxState::Verified);
}

// ---- emergencies ---------------------------------------------------------------------------------------------------

const EmergencyRecord kRecord{"Dr X, County Hospital", "found \"unresponsive\"", "token/m1"};

TEST_F(GuardDelivery, AnEmergencyDisclosureGoesAndIsOnRecord) {
  keep({audit_c()}, "screening-result");
  const OutboxItem held = send();
  ASSERT_EQ(held.state, OutboxState::Parked);
  const auto let_go = disclose_in_emergency(*store_, held.seq, kRecord, clock_);
  ASSERT_TRUE(let_go.ok()) << let_go.error().message;
  EXPECT_EQ(let_go->state, OutboxState::Planned);
  EXPECT_EQ(send().state, OutboxState::Verified);
  const auto record = document(newest().emergency);
  EXPECT_EQ(record->root().text_of("recipient"), kRecord.recipient);
  EXPECT_EQ(record->root().text_of("nature"), kRecord.nature);
  EXPECT_EQ(record->root().text_of("by"), "token/m1");
  EXPECT_TRUE(instant_from(record->root().text_of("at")));
  ASSERT_EQ(audited("emergency-disclosure").size(), 1u);
  const AuditEntry entry = audited("emergency-disclosure")[0];
  EXPECT_EQ(entry.actor, "token/m1");
  EXPECT_EQ(entry.subject, "Screening/s1");
  EXPECT_NE(entry.outcome.find(to_hex(sha256(newest().emergency))), std::string::npos);
  EXPECT_EQ(entry.outcome.find("unresponsive"), std::string::npos);
}

TEST_F(GuardDelivery, AnEmergencyLetsNothingElsePass) {
  EXPECT_EQ(disclose_in_emergency(*store_, 99, kRecord, clock_).error().kind, Kind::NotFound);
  keep({phq9()}, "screening-result");
  EXPECT_EQ(disclose_in_emergency(*store_, newest().seq, kRecord, clock_).error().kind, Kind::Conflict);
  EXPECT_EQ(send().state, OutboxState::Verified);

  care::Screening note = audit_c();
  note.id = "s2";
  note.source = {"main", "QuestionnaireResponse", "9", "1", ""};
  ASSERT_TRUE(store_
                  ->keep_copy(copy_of(document(R"({"resourceType":"QuestionnaireResponse","id":"9","meta":{"security":
      [{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSYTHPN"}]}})")
                                          ->root(),
                                      "main"))
                  .ok());
  keep({note, consent()}, "screening-result");
  const OutboxItem dead = send();
  EXPECT_EQ(dead.state, OutboxState::Dead);
  EXPECT_NE(dead.reason.find("psychotherapy"), std::string::npos);
  EXPECT_EQ(disclose_in_emergency(*store_, dead.seq, kRecord, clock_).error().kind, Kind::Conflict);
  EXPECT_EQ(disclose_in_emergency(*store_, dead.seq, {"", "x", "y"}, clock_).error().kind, Kind::Incorrect);
}

TEST_F(GuardDelivery, AHalfRecordIsNoEmergency) {
  EXPECT_FALSE(is_emergency(""));
  EXPECT_FALSE(is_emergency("{}"));
  EXPECT_FALSE(is_emergency("nonsense"));
  EXPECT_FALSE(is_emergency(R"({"recipient":"x","nature":"","by":"z","at":"2026-11-22T09:00:00Z"})"));
  EXPECT_TRUE(is_emergency(R"({"recipient":"x","nature":"y","by":"z","at":"2026-11-22T09:00:00Z"})"));
}

// ---- plans ---------------------------------------------------------------------------------------------------------

TEST_F(GuardDelivery, APlanWrittenUnderAConsentIsForAPersonOnceItIsRevoked) {
  keep({consent()});
  care::CarePlan made = plan();
  care::Activity group;
  group.description = "Weekly group for alcohol use";
  group.status = "not-started";
  made.activities.push_back(group);
  keep({made}, "care-plan");
  EXPECT_EQ(send().state, OutboxState::Verified);
  ASSERT_NE(ehr_.all("CarePlan").at(0).body.find("alcohol"), std::string::npos);

  care::Consent revoked = consent();
  revoked.revoked = {"m1", "2026-11-22T08:00:00Z"};
  keep({revoked});
  made.title = "Depression care, second half";
  keep({made}, "care-plan");
  const OutboxItem held = send();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_NE(held.reason.find("a person must decide"), std::string::npos) << held.reason;
  EXPECT_NE(ehr_.all("CarePlan").at(0).body.find("alcohol"), std::string::npos) << "nothing was deleted there";
  EXPECT_EQ(ehr_.all("CarePlan").at(0).version, 1);
}

TEST_F(GuardDelivery, ARedactedPlanGoesAndEachRedactionIsOnRecord) {
  care::CarePlan made = plan();
  made.notes = {"Sleeps badly.", "Relapse to heroin in spring."};
  keep({made}, "care-plan");
  EXPECT_EQ(send().state, OutboxState::Verified);
  const std::string body = ehr_.all("CarePlan").at(0).body;
  EXPECT_NE(body.find("Sleeps badly."), std::string::npos);
  EXPECT_EQ(body.find("heroin"), std::string::npos);
  ASSERT_EQ(audited("redact").size(), 1u);
  EXPECT_EQ(audited("redact")[0].subject, "CarePlan/c1");
  EXPECT_TRUE(audited("redact")[0].outcome.starts_with("CarePlan.notes[1]: substance use: "));
  EXPECT_EQ(audited("redact")[0].outcome.find("heroin"), std::string::npos);
}

TEST_F(GuardDelivery, WhatWasLeftOutOfAPlanGoesWhenAConsentComes) {
  care::CarePlan made = plan();
  made.notes = {"Sleeps badly.", "Relapse to heroin in spring."};
  keep({made}, "care-plan");
  EXPECT_EQ(send().state, OutboxState::Verified);
  const auto mental = consent({"mental-health"});
  keep({mental});
  Worked committed;
  committed.entities = store_->entities_of(kPatient, "Consent").value();
  EXPECT_EQ(release_for(test::engine(), *store_, committed.entities, clock_).value(), 1u);
  EXPECT_EQ(send().state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("CarePlan").at(0).version, 1) << "it covers something else: nothing to change";

  keep({consent()});
  EXPECT_EQ(release_for(test::engine(), *store_, committed.entities, clock_).value(), 1u);
  EXPECT_EQ(send().state, OutboxState::Verified) << newest().reason;
  EXPECT_NE(ehr_.all("CarePlan").at(0).body.find("heroin"), std::string::npos);
  EXPECT_NE(ehr_.all("CarePlan").at(0).body.find(test::kNotice), std::string::npos);
  EXPECT_EQ(ehr_.all("CarePlan").size(), 1u);
  EXPECT_EQ(release_for(test::engine(), *store_, committed.entities, clock_).value(), 0u) << "it has all of it";
}

constexpr const char* kPlanWithGroup =
    R"({"resourceType":"CarePlan","id":"7","status":"active","intent":"plan","title":"Depression care",
  "subject":{"reference":"Patient/1"},"category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}],
  "activity":[{"detail":{"status":"not-started","description":"Weekly group for alcohol use"}},
              {"detail":{"status":"not-started","description":"Walk"}}]})";

TEST_F(GuardDelivery, WhatTheEhrsOwnPlanSaysStaysInItThroughOurUpdates) {
  read_in(kPlanWithGroup);
  for (const char* note : {"Likes to walk.", "Prefers mornings."}) {
    care::CarePlan changed = stored_plan();
    changed.notes.emplace_back(note);
    keep({changed}, "care-plan");
    EXPECT_EQ(send().state, OutboxState::Verified) << newest().reason;
    const std::string body = ehr_.find("CarePlan", "7")->body;
    EXPECT_NE(body.find(note), std::string::npos);
    EXPECT_NE(body.find("Weekly group for alcohol use"), std::string::npos);
  }
  EXPECT_TRUE(audited("redact").empty());
}

TEST_F(GuardDelivery, AnEditOfWhatTheEhrsOwnPlanSaysOnSubstanceUseIsForAPerson) {
  read_in(kPlanWithGroup);
  care::CarePlan changed = stored_plan();
  ASSERT_EQ(changed.activities.size(), 2u);
  changed.activities[0].description = "Group for alcohol use twice a week";
  keep({changed}, "care-plan");
  const OutboxItem held = send();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_NE(held.reason.find("a person must decide"), std::string::npos) << held.reason;
  EXPECT_NE(ehr_.find("CarePlan", "7")->body.find("Weekly group for alcohol use"), std::string::npos);
}

TEST_F(GuardDelivery, AnUpdateCarriesLabelsAndNoticeToo) {
  keep({phq9()}, "screening-result");
  EXPECT_EQ(send().state, OutboxState::Verified);
  std::vector<std::string> sent;
  ehr_.on_store = [&](std::string body) {
    sent.push_back(body);
    return body;
  };
  care::Screening amended = phq9();
  amended.status = "amended";
  amended.total = 11;
  amended.derived_from = {{"main", "QuestionnaireResponse", "9", "1", ""}};
  ASSERT_TRUE(store_
                  ->keep_copy(copy_of(document(R"({"resourceType":"QuestionnaireResponse","id":"9","meta":{"security":
      [{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"42CFRPart2"}]}})")
                                          ->root(),
                                      "main"))
                  .ok());
  keep({amended}, "screening-result");
  EXPECT_EQ(send().state, OutboxState::Parked);
  EXPECT_TRUE(sent.empty());
  keep({consent()});
  ASSERT_EQ(release_held(*store_, kPatient, clock_).value(), 1u);
  EXPECT_EQ(send().state, OutboxState::Verified) << newest().reason;
  ASSERT_FALSE(sent.empty());
  for (const std::string& body : sent) {
    EXPECT_NE(body.find("\"42CFRPart2\""), std::string::npos) << body;
    EXPECT_NE(body.find("\"NORDSCLCD\""), std::string::npos);
    EXPECT_NE(body.find(test::kNotice), std::string::npos);
  }
}

}  // namespace
}  // namespace bhi::flow
