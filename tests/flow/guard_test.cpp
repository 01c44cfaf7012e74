// The consent guard as a decision: what may leave to which EHR, what of a plan, and why not.
#include "flow/guard.h"

#include "care/instruments.h"
#include "flow/guard_consent.h"
#include "flow/label_facts.h"
#include "flow/notices.h"
#include "flow/substance_use.h"
#include "tests/flow/support/delivery_fixture.h"
#include "tests/flow/support/guard_texts.h"

namespace bhi::flow {
namespace {

using Sends = Verdict::What;
using test::act_label;
using test::kNotice;
using test::kScope;
using test::privacy_consent;

struct Asked {
  care::Entity entity = phq9();
  Privacy privacy{Part2::Unstated, {}, false, std::string(kNotice), std::string(kScope)};
  std::vector<Ancestor> ancestors{};
  std::vector<Ancestor> parts{};
  std::vector<KnownConsent> consents{};
  fhir::DocumentPtr written{};
  fhir::DocumentPtr held{};
  bool emergency = false;

  Verdict judged() const {
    return judge({entity, "main", privacy, ancestors, parts, consents, written ? &written->root() : nullptr,
                  held ? &held->root() : nullptr, emergency, kNow});
  }
  void labelled(const std::string& label, const std::string& system = "main") {
    ancestors.push_back({{system, "QuestionnaireResponse", "1", "1", ""}, {act_label(label)}, {}, false});
  }
};

care::Screening audit_c() {
  care::Screening screening = phq9();
  screening.instrument = "audit-c";
  return screening;
}

care::CarePlan mixed_plan() {
  care::CarePlan made = plan();
  made.problems = {{"", "Depression", {{"http://hl7.org/fhir/sid/icd-10-cm", "F32.1", ""}}},
                   {"", "Use disorder", {{"http://hl7.org/fhir/sid/icd-10-cm", "F10.20", ""}}}};
  care::Goal sleep;
  sleep.description = "Sleep through the night";
  care::Goal sober;
  sober.description = "No alcohol during the week";
  made.goals = {sleep, sober};
  made.notes = {"Likes to walk.", "Was in detox last year."};
  return made;
}

bool has(const std::vector<care::Code>& labels, std::string_view code) {
  return std::ranges::find(labels, code, &care::Code::code) != labels.end();
}

const care::CarePlan& plan_of(const Verdict& verdict) { return std::get<care::CarePlan>(verdict.entity); }

// ---- what leaves without being asked for ---------------------------------------------------------------------------

TEST(Guard, MentalHealthGoesToThePatientsOwnEhrWithoutAConsent) {
  const Verdict verdict = Asked{}.judged();
  EXPECT_EQ(verdict.what, Sends::Send) << verdict.reason;
  EXPECT_TRUE(has(verdict.labels, "MH"));
  EXPECT_TRUE(verdict.notices.redisclosure.empty());
  EXPECT_EQ(verdict.entity, care::Entity(phq9()));
}

TEST(Guard, ADestinationMayAskForAConsentForEverything) {
  Asked asked;
  asked.privacy.consent_required = true;
  EXPECT_EQ(asked.judged().what, Sends::Hold);
  asked.consents = {{privacy_consent({"substance-use"})}};
  EXPECT_EQ(asked.judged().what, Sends::Hold) << "it covers something else";
  asked.consents = {{privacy_consent({"mental-health"})}};
  EXPECT_EQ(asked.judged().what, Sends::Send);
}

// ---- substance use -------------------------------------------------------------------------------------------------

TEST(Guard, SubstanceUseOfAProgrammeNeedsAConsentAndNobodyHavingSaidCountsAsOne) {
  for (const Part2 practice : {Part2::Unstated, Part2::Yes}) {
    Asked asked;
    asked.entity = audit_c();
    asked.privacy.practice = practice;
    const Verdict held = asked.judged();
    EXPECT_EQ(held.what, Sends::Hold);
    EXPECT_TRUE(held.reason.starts_with("consent: ")) << held.reason;
    EXPECT_EQ(held.reason.find("unstated") != std::string::npos, practice == Part2::Unstated) << held.reason;
    asked.consents = {{privacy_consent({"mental-health"})}};
    EXPECT_EQ(asked.judged().what, Sends::Hold) << "it covers something else";
    asked.consents = {{privacy_consent({"mental-health", "substance-use"})}};
    const Verdict sent = asked.judged();
    EXPECT_EQ(sent.what, Sends::Send) << sent.reason;
    for (const char* label : {"R", "SUD", "42CFRPart2", "NORDSCLCD"}) EXPECT_TRUE(has(sent.labels, label)) << label;
    EXPECT_EQ(sent.notices.redisclosure, kNotice);
    EXPECT_EQ(sent.notices.scope, "Covers mental-health, substance-use from 2026-01-01 until no end date.");
  }
}

TEST(Guard, WithoutAProgrammeSubstanceUseGoesWithItsLabel) {
  Asked asked;
  asked.entity = audit_c();
  asked.privacy.practice = Part2::No;
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send);
  EXPECT_TRUE(has(verdict.labels, "SUD"));
  EXPECT_FALSE(has(verdict.labels, "42CFRPart2"));
  EXPECT_TRUE(verdict.notices.redisclosure.empty());
}

TEST(Guard, WithoutTheTextsThatTravelPart2DataStays) {
  Asked asked;
  asked.entity = audit_c();
  asked.consents = {{privacy_consent({"substance-use"})}};
  asked.privacy.redisclosure_notice.clear();
  EXPECT_NE(asked.judged().reason.find("privacy.redisclosure_notice"), std::string::npos);
  asked.privacy.redisclosure_notice = kNotice;
  asked.privacy.consent_scope.clear();
  EXPECT_EQ(asked.judged().what, Sends::Hold);
  EXPECT_NE(asked.judged().reason.find("privacy.consent_scope"), std::string::npos);
}

// ---- labels --------------------------------------------------------------------------------------------------------

TEST(Guard, LabelsAreInheritedAndCountWhoeverPutThem) {
  struct Case {
    const char* label;
    const char* system;
    Sends without;
    Sends with_mental_health;
    Sends with_substance_use;
  };
  const Case cases[] = {
      {"42CFRPart2", "main", Sends::Hold, Sends::Hold, Sends::Send},
      {"42CFRPart2", "other", Sends::Hold, Sends::Hold, Sends::Send},
      {"SUD", "main", Sends::Send, Sends::Send, Sends::Send},  // the practice is none
      {"NORDSCLCD", "main", Sends::Hold, Sends::Send, Sends::Hold},
      {"SOMETHING-NEW", "main", Sends::Hold, Sends::Send, Sends::Hold},
      {"MH", "main", Sends::Send, Sends::Send, Sends::Send},
      {"PSYTHPN", "main", Sends::Never, Sends::Never, Sends::Never},
  };
  for (const Case& row : cases) {
    SCOPED_TRACE(row.label);
    Asked asked;
    asked.privacy.practice = Part2::No;
    asked.labelled(row.label, row.system);
    EXPECT_EQ(asked.judged().what, row.without);
    asked.consents = {{privacy_consent({"mental-health"})}};
    EXPECT_EQ(asked.judged().what, row.with_mental_health);
    asked.consents = {{privacy_consent({"substance-use"})}};
    const Verdict verdict = asked.judged();
    EXPECT_EQ(verdict.what, row.with_substance_use);
    EXPECT_EQ(has(verdict.labels, row.label), row.label != std::string("PSYTHPN"));
  }
}

TEST(Guard, ALabelOfSubstanceUseMakesItAProgrammesWhenThePracticeIsOne) {
  Asked asked;
  asked.labelled("SUD");
  EXPECT_EQ(asked.judged().what, Sends::Hold);
}

TEST(Guard, WhateverComesFromAnotherProgrammeIsItsData) {
  Asked asked;
  asked.privacy.practice = Part2::No;
  asked.privacy.part2_sources = {"rehab"};
  care::Screening screening = phq9();
  screening.source = {"rehab", "QuestionnaireResponse", "1", "1", ""};
  asked.entity = screening;
  EXPECT_EQ(asked.judged().what, Sends::Hold);
  asked.consents = {{privacy_consent({"substance-use"})}};
  EXPECT_TRUE(has(asked.judged().labels, "42CFRPart2"));
  asked.consents.clear();
  asked.privacy.part2_sources = {"main"};  // the destination itself: mental health is no news of a programme to it
  screening.source.system = "main";
  asked.entity = screening;
  EXPECT_EQ(asked.judged().what, Sends::Send);
}

// ---- consents ------------------------------------------------------------------------------------------------------

TEST(Guard, OnlyAConsentInForceCounts) {
  struct Case {
    const char* what;
    void (*change)(KnownConsent&);
    const char* reason;
  };
  const Case cases[] = {
      {"declined", [](KnownConsent& known) { known.consent.decision = "declined"; }, "declined"},
      {"expired", [](KnownConsent& known) { known.consent.expires = "2026-11-01"; }, "expired"},
      {"revoked",
       [](KnownConsent& known) {
         known.consent.revoked = {"m", "2026-11-22T08:59:00Z"};
       },
       "took"},
      {"begins later", [](KnownConsent& known) { known.consent.starts = "2026-12-01"; }, "not begun"},
      {"for the service", [](KnownConsent& known) { known.consent.kind = "service"; }, "no privacy consent"},
      {"newer at its source", [](KnownConsent& known) { known.doubt = "a newer version"; }, "a newer version"},
      {"deleted at its source", [](KnownConsent& known) { known.gone = true; }, "deleted"},
  };
  for (const Case& row : cases) {
    SCOPED_TRACE(row.what);
    Asked asked;
    asked.entity = audit_c();
    asked.consents = {{privacy_consent({"substance-use"})}};
    ASSERT_EQ(asked.judged().what, Sends::Send);
    row.change(asked.consents[0]);
    const Verdict verdict = asked.judged();
    EXPECT_EQ(verdict.what, Sends::Hold);
    EXPECT_NE(verdict.reason.find(row.reason), std::string::npos) << verdict.reason;
  }
}

TEST(Guard, WhileOneConsentIsInDoubtNobodysYesCounts) {
  Asked asked;
  asked.entity = audit_c();
  KnownConsent doubted{privacy_consent({"mental-health"}), "a newer version", false};
  doubted.consent.id = "n2";
  asked.consents = {{privacy_consent({"substance-use"})}, doubted};
  EXPECT_EQ(asked.judged().what, Sends::Hold);
  asked.consents[1].doubt.clear();
  asked.consents[1].gone = true;
  EXPECT_EQ(asked.judged().what, Sends::Send) << "what is gone says nothing newer";
}

// ---- what never leaves, what always does ---------------------------------------------------------------------------

TEST(Guard, PsychotherapyNotesNeverLeave) {
  Asked asked;
  asked.consents = {{privacy_consent({"mental-health", "substance-use", "psychotherapy-notes"})}};
  asked.emergency = true;
  const auto note =
      document(R"({"resourceType":"DocumentReference","id":"1","type":{"coding":[{"display":"Psychotherapy note"}]}})");
  asked.ancestors.push_back({{"main", "DocumentReference", "1", "", ""}, {}, {}, is_psychotherapy_note(note->root())});
  EXPECT_EQ(asked.judged().what, Sends::Never);
}

TEST(Guard, ASafetyNoticeCarriesTheMinimumAndIsNeverHeldBack) {
  care::SafetyEvent event;
  event.id = "e1";
  event.rule = "phq-9.item-9";
  event.level = "positive";
  event.derived_from = "s1";
  event.note = "item 9 answered 2";
  Asked asked;
  asked.entity = event;
  asked.privacy.consent_required = true;
  asked.labelled("42CFRPart2");
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send);
  const auto& left = std::get<care::SafetyEvent>(verdict.entity);
  EXPECT_TRUE(left.note.empty());
  EXPECT_TRUE(left.derived_from.empty());
  EXPECT_EQ(left.level, "positive");
  EXPECT_EQ(verdict.redactions.size(), 2u);
  EXPECT_FALSE(has(verdict.labels, "SUD"));
  EXPECT_FALSE(has(verdict.labels, "42CFRPart2"));
}

TEST(Guard, InAnEmergencyItGoesWithItsLabels) {
  Asked asked;
  asked.entity = audit_c();
  asked.emergency = true;
  asked.privacy.consent_scope.clear();
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send);
  EXPECT_TRUE(has(verdict.labels, "42CFRPart2"));
  EXPECT_EQ(verdict.notices.redisclosure, kNotice);
}

// ---- plans ---------------------------------------------------------------------------------------------------------

TEST(Guard, APlanLosesWhatSpeaksOfSubstanceUseAndKeepsTheRest) {
  Asked asked;
  asked.entity = mixed_plan();
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send);
  ASSERT_EQ(verdict.redactions.size(), 3u);
  EXPECT_EQ(verdict.redactions[0].path, "CarePlan.problems[1]");
  EXPECT_EQ(verdict.redactions[1].path, "CarePlan.goals[1]");
  EXPECT_EQ(verdict.redactions[2].path, "CarePlan.notes[1]");
  EXPECT_EQ(verdict.redactions[0].why.find("Use disorder"), std::string::npos) << "no content";
  EXPECT_EQ(plan_of(verdict).problems.size(), 1u);
  EXPECT_EQ(plan_of(verdict).goals.at(0).description, "Sleep through the night");
  EXPECT_EQ(plan_of(verdict).notes, std::vector<std::string>{"Likes to walk."});
  EXPECT_FALSE(has(verdict.labels, "SUD"));
}

TEST(Guard, UnderAConsentThePlanGoesWholeWithLabelsAndNotice) {
  Asked asked;
  asked.entity = mixed_plan();
  asked.consents = {{privacy_consent({"substance-use"})}};
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send) << verdict.reason;
  EXPECT_EQ(verdict.entity, asked.entity);
  EXPECT_TRUE(has(verdict.labels, "42CFRPart2"));
  EXPECT_EQ(verdict.notices.redisclosure, kNotice);
  asked.privacy.consent_scope.clear();
  EXPECT_EQ(asked.judged().what, Sends::Hold);
}

TEST(Guard, WithoutAProgrammeOnlyCodesAreLookedForAndLabelled) {
  Asked asked;
  asked.entity = mixed_plan();
  asked.privacy.practice = Part2::No;
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send);
  EXPECT_EQ(verdict.entity, asked.entity);
  EXPECT_TRUE(has(verdict.labels, "SUD"));
  EXPECT_FALSE(has(verdict.labels, "42CFRPart2"));
}

TEST(Guard, AProblemIsKnownByTheConditionItNames) {
  Asked asked;
  care::CarePlan made = plan();
  made.problems = {{"Condition/1", "A condition", {}}};
  asked.entity = made;
  asked.parts.push_back({{"bhi", "Condition", "1", "", ""}, {}, {{"http://snomed.info/sct", "7200002", ""}}, false});
  EXPECT_EQ(asked.judged().redactions.size(), 1u);
  asked.parts[0] = {{"bhi", "Condition", "1", "", ""}, {act_label("42CFRPart2")}, {}, false};
  asked.privacy.practice = Part2::No;
  EXPECT_EQ(asked.judged().redactions.size(), 1u);
  asked.parts[0].labels = {act_label("PSYTHPN")};
  asked.emergency = true;
  EXPECT_EQ(asked.judged().redactions.size(), 1u);
  asked.parts[0].labels.clear();
  EXPECT_TRUE(asked.judged().redactions.empty());
}

TEST(Guard, WhatWeWroteOnceAndMayNoLongerSayIsForAPersonToDecide) {
  Asked asked;
  asked.entity = mixed_plan();
  asked.written = document(R"({"resourceType":"CarePlan","goal":[{"display":"No alcohol during the week"}]})");
  const Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Hold);
  EXPECT_NE(verdict.reason.find("CarePlan.goals[1]"), std::string::npos) << verdict.reason;
  // In other words there than here: taking out the new ones would take out the old ones.
  asked.written = document(R"({"resourceType":"CarePlan","goal":[{"display":"No alcohol at all"}]})");
  EXPECT_EQ(asked.judged().what, Sends::Hold);
}

TEST(Guard, WhatTheEhrsOwnPlanSaysIsNoNewsToItAndStays) {
  Asked asked;
  care::CarePlan theirs = mixed_plan();
  theirs.source = {"main", "CarePlan", "7", "1", ""};
  asked.entity = theirs;
  asked.held = document(R"({"resourceType":"CarePlan","addresses":[{"display":"Use disorder"}],
    "goal":[{"display":"No alcohol during the week"}],"note":[{"text":"Was in detox last year."}]})");
  Verdict verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send) << verdict.reason;
  EXPECT_TRUE(verdict.redactions.empty());
  care::Goal added;
  added.description = "Take naltrexone daily";
  theirs.goals.push_back(added);
  asked.entity = theirs;
  verdict = asked.judged();
  EXPECT_EQ(verdict.what, Sends::Send);
  ASSERT_EQ(verdict.redactions.size(), 1u);
  EXPECT_EQ(verdict.redactions[0].path, "CarePlan.goals[2]");
}

TEST(Guard, APlanOfWhichNothingIsLeftWaits) {
  Asked asked;
  care::CarePlan made = plan();
  made.activities.clear();
  made.notes = {"Buprenorphine since May."};
  asked.entity = made;
  EXPECT_EQ(asked.judged().what, Sends::Hold);
}

TEST(Guard, TheNoticeThatCameBackAsANoteIsNotSaidTwice) {
  Asked asked;
  care::CarePlan made = mixed_plan();
  made.notes.push_back(std::string(kNotice) + "\nCovers something.");
  asked.entity = made;
  asked.consents = {{privacy_consent({"substance-use"})}};
  EXPECT_EQ(plan_of(asked.judged()).notes, mixed_plan().notes);
}

// ---- tables --------------------------------------------------------------------------------------------------------

TEST(SubstanceUse, IsKnownByCode) {
  const std::pair<care::Code, bool> cases[] = {
      {{"http://hl7.org/fhir/sid/icd-10-cm", "F10.20", ""}, true},
      {{"http://hl7.org/fhir/sid/icd-10-cm", "F19", ""}, true},
      {{"http://hl7.org/fhir/sid/icd-10-cm", "T40.1X1A", ""}, true},
      {{"http://hl7.org/fhir/sid/icd-10-cm", "F32.1", ""}, false},
      {{"http://hl7.org/fhir/sid/icd-10-cm", "F1", ""}, false},
      {{"http://hl7.org/fhir/sid/icd-9-cm", "303.90", ""}, true},
      {{"http://snomed.info/sct", "7200002", ""}, true},
      {{"http://snomed.info/sct", "35489007", ""}, false},
      {{"http://loinc.org", "75626-2", ""}, true},
      {{"http://loinc.org", "68518-0", ""}, true},
      {{"http://loinc.org", "44261-6", ""}, false},
      {{"urn:bhi-adapter:instrument-item", "sisq-drug/total", ""}, true},
      {{"http://example.org/codes", "F10.20", ""}, false},
      {{"http://loinc.org", "", ""}, false},
  };
  for (const auto& [code, expected] : cases) EXPECT_EQ(is_substance_use_code(code), expected) << code.code;
}

TEST(SubstanceUse, IsKnownByWordsOfTheirOwn) {
  for (const char* text : {"Reduce ALCOHOL", "AUDIT-C again", "on methadone.", "opioid-free days", "a recovery coach"})
    EXPECT_TRUE(has_substance_use_word(text)) << text;
  for (const char* text : {"", "Substantial progress", "chart audit", "Sudoku", "Drink more water", "PHQ-9 below 5"})
    EXPECT_FALSE(has_substance_use_word(text)) << text;
}

TEST(Notices, StandAsExtensionsAndAsANoteWhereThereAreNotes) {
  Arena arena;
  const auto observation = document(R"({"resourceType":"Observation","note":[{"text":"x"}]})");
  const fhir::Node dressed = with_notices(observation->root(), {"Notice.", "Scope."}, arena);
  EXPECT_EQ(dressed.find("note")->elements()[1].text_of("text"), "Notice.\nScope.");
  ASSERT_EQ(dressed.find("extension")->elements().size(), 2u);
  EXPECT_EQ(dressed.find("extension")->elements()[0].text_of("url"), kRedisclosureNotice);
  EXPECT_EQ(dressed.find("extension")->elements()[1].text_of("valueString"), "Scope.");
  const auto response = document(R"({"resourceType":"QuestionnaireResponse"})");
  EXPECT_EQ(with_notices(response->root(), {"Notice.", ""}, arena).find("note"), nullptr);
  EXPECT_TRUE(fhir::same(with_notices(response->root(), {}, arena), response->root()));
}

}  // namespace
}  // namespace bhi::flow
