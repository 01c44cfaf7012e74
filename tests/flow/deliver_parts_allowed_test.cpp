// Parts of a plan where not everything is allowed: by what an EHR declares, by consent.
#include "flow/held_back.h"
#include "tests/flow/support/guard_texts.h"
#include "tests/flow/support/parts_fixture.h"
#include "tests/flow/support/sim_world.h"

namespace bhi::flow {
namespace {

struct Expected {
  const char* profile;
  const char* rung;
  const char* alone;  // where the site wishes nothing but parts
};

class PartsByProfile : public Parts, public testing::WithParamInterface<Expected> {};

TEST_P(PartsByProfile, NothingIsTriedThatTheEhrDoesNotDeclare) {
  for (const bool alone : {false, true}) {
    if (alone) terms_.writing.rungs["care-plan"] = {std::string(kParts)};
    const std::string expected = alone ? GetParam().alone : GetParam().rung;
    test::SimWorld ehr(GetParam().profile);
    ASSERT_TRUE(ehr.put(R"({"resourceType":"Patient","id":"1"})"));
    const auto capabilities = ehr.capabilities();
    ASSERT_TRUE(capabilities.ok());
    const auto send_to = [&](const care::CarePlan& one) {
      keep({one}, "care-plan");
      clock_ += 10min;
      const auto due = store_->due(clock_, 10).value();
      EXPECT_FALSE(due.empty());
      return due.empty() ? OutboxItem{}
                         : deliver(test::engine(), *store_, ehr, *capabilities, due[0], clock_, terms_).value();
    };
    care::CarePlan one = whole_plan();
    one.id = alone ? "alone" : "beside";
    const OutboxItem first = send_to(one);
    EXPECT_EQ(first.rung, expected) << first.reason;
    EXPECT_EQ(first.state, expected.empty() ? OutboxState::Parked : OutboxState::Verified) << first.reason;
    one.activities[0].status = "completed";
    const OutboxItem second = send_to(one);
    EXPECT_EQ(second.rung, expected) << second.reason;
    one.status = "completed";
    const OutboxItem last = send_to(one);
    EXPECT_TRUE(last.state == OutboxState::Verified || last.state == OutboxState::Parked) << last.reason;
    EXPECT_EQ(ehr.refused(), 0u);
    if (expected.empty()) {
      EXPECT_EQ(ehr.written(), 0u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, PartsByProfile,
                         testing::Values(Expected{"epic", "parts", "parts"},
                                         Expected{"oracle", "DocumentReference", ""}, Expected{"athenahealth", "", ""},
                                         Expected{"eclinicalworks", "", ""}, Expected{"medplum", "CarePlan", "parts"},
                                         Expected{"hapi", "CarePlan", "parts"}),
                         [](const auto& given) { return std::string(given.param.profile); });

// ---- consent -------------------------------------------------------------------------------------------------------

class PartsUnderConsent : public Parts {
 protected:
  PartsUnderConsent() {
    terms_.privacy.redisclosure_notice = test::kNotice;
    terms_.privacy.consent_scope = test::kScope;
    with_group_ = whole_plan();
    with_group_.activities.push_back(activity("Weekly group for alcohol use"));
  }
  void consent(bool given) {
    care::Consent made = test::privacy_consent({"substance-use"});
    made.patient = kPatient;
    if (!given) made.revoked = {"m1", "2026-11-22T08:00:00Z"};
    keep({made});
  }
  std::size_t that_say(const char* word) {
    return static_cast<std::size_t>(std::ranges::count_if(
        ehr_.all("ServiceRequest"), [word](const auto& one) { return one.body.find(word) != std::string::npos; }));
  }
  care::CarePlan with_group_;
};

TEST_F(PartsUnderConsent, WhatIsRedactedIsNoPart) {
  EXPECT_EQ(send(with_group_).state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("ServiceRequest").size(), 2u);
  EXPECT_EQ(that_say("alcohol"), 0u);
  consent(true);
  keep({with_group_}, "care-plan");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(ehr_.all("ServiceRequest").size(), 3u);
  EXPECT_EQ(that_say("alcohol"), 1u);
  EXPECT_GE(that_say(std::string(test::kNotice).c_str()), 1u);
}

TEST_F(PartsUnderConsent, WhatWasLeftOutGoesWhenAConsentComes) {
  EXPECT_EQ(send(with_group_).state, OutboxState::Verified);
  consent(true);
  const auto committed = store_->entities_of(kPatient, "Consent").value();
  EXPECT_EQ(release_for(test::engine(), *store_, committed, clock_).value(), 1u);
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(that_say("alcohol"), 1u);
  EXPECT_EQ(release_for(test::engine(), *store_, committed, clock_).value(), 0u) << "it has all of it";
}

TEST_F(PartsUnderConsent, WhatStandsThereAndMayNoLongerBeSaidIsForAPerson) {
  consent(true);
  EXPECT_EQ(send(with_group_).state, OutboxState::Verified);
  ASSERT_EQ(that_say("alcohol"), 1u);
  consent(false);
  care::CarePlan reworded = with_group_;
  reworded.activities[2].description = "Group for alcohol use, weekly";
  care::CarePlan taken_out = with_group_;
  taken_out.activities.pop_back();
  with_group_.activities[2].status = "in-progress";
  for (const care::CarePlan& one : {with_group_, reworded, taken_out}) {
    keep({one}, "care-plan");
    const OutboxItem held = deliver_next();
    EXPECT_EQ(held.state, OutboxState::Parked) << held.reason;
    EXPECT_NE(held.reason.find("a person must decide"), std::string::npos) << held.reason;
  }
  for (const auto& made : ehr_.all("ServiceRequest")) {
    if (made.body.find("alcohol") != std::string::npos) {
      EXPECT_EQ(made.version, 1);
    }
  }
  EXPECT_EQ(that_say("alcohol"), 1u);
}

TEST_F(PartsUnderConsent, APartInDoubtThatMayNoLongerBeSaidIsForAPerson) {
  consent(true);
  care::CarePlan one = with_group_;
  one.problems.clear();
  one.activities.erase(one.activities.begin(), one.activities.begin() + 2);
  one.activities.push_back(activity("Call the patient"));
  ehr_.rude = {{What::Unknown, 0, true}};
  EXPECT_EQ(send(one).state, OutboxState::Unknown);
  consent(false);
  const OutboxItem held = deliver_next();
  EXPECT_EQ(held.state, OutboxState::Parked);
  EXPECT_NE(held.reason.find("a person must decide"), std::string::npos) << held.reason;
  EXPECT_EQ(ehr_.all("ServiceRequest").size(), 1u);
  // With a new consent it is found again, and not doubled.
  consent(true);
  keep({one}, "care-plan");
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(that_say("alcohol"), 1u);
  EXPECT_EQ(ehr_.all("ServiceRequest").size(), 2u);
}

TEST_F(PartsUnderConsent, OfADocumentTheSame) {
  terms_.writing.parts = false;
  consent(true);
  EXPECT_EQ(send(with_group_).rung, "DocumentReference");
  consent(false);
  care::CarePlan reworded = with_group_;
  reworded.activities[2].description = "Group about drinking and alcohol";
  with_group_.activities[2].status = "in-progress";
  for (const care::CarePlan& one : {with_group_, reworded}) {
    const OutboxItem held = send(one);
    EXPECT_EQ(held.state, OutboxState::Parked) << held.reason;
    EXPECT_NE(held.reason.find("a person must decide"), std::string::npos) << held.reason;
  }
  EXPECT_EQ(ehr_.all("DocumentReference").size(), 1u);
  EXPECT_EQ(ehr_.all("DocumentReference")[0].version, 1);
}

}  // namespace
}  // namespace bhi::flow
