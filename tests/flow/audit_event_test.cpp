// The audit trail as AuditEvents: every action of the code has its row, every event is valid R4 and can be checked
// against the chain.
#include "flow/audit_event.h"

#include "fhir/types.h"
#include "flow/structure.h"
#include "flow/work.h"
#include "tests/flow/support/delivery_fixture.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace bhi::flow {
namespace {

const AuditContext kContext{"clinic", {{"main", "https://ehr.example/fhir"}, {"silent", ""}}};

AuditRow row(std::string action, std::string actor, std::string subject, std::string outcome = "ok") {
  return {7, {std::move(action), std::move(actor), std::move(subject), std::move(outcome), kNow}, std::string(64, 'a')};
}

fhir::DocumentPtr event_of(const AuditRow& of, const AuditPatient& patient = {}) {
  return document(audit_event(of, patient, kContext));
}

std::string profile_of(const fhir::Node& event) {
  const auto* meta = event.find("meta");
  return meta == nullptr ? "" : std::string(fhir::each(meta->find("profile")).front().text());
}

std::set<std::string> types_of_agents(const fhir::Node& event) {
  std::set<std::string> codes;
  for (const auto& agent : fhir::each(event.find("agent"))) {
    const auto* type = agent.find("type");
    if (type != nullptr) codes.emplace(fhir::each(type->find("coding")).front().text_of("code"));
  }
  return codes;
}

// Every text that stands where an action is given, in the rooms that write audit records.
std::set<std::string> actions_in_the_code() {
  const std::regex direct(
      R"re((?:audit\.push_back\(\s*\{|audit_\.push_back\(\s*\{|audit\(\s*\{|mark_sent\(item_, \{))re"
      R"re(\s*(?:[^"{};]*\? )?"([a-z-]+)"(?: : "([a-z-]+)")?)re");
  const std::regex act(R"re((?:patient, kind|"[A-Za-z]+"), [a-z.]+, "([a-z-]+)"(?:, actor|\}))re");
  const std::regex reason(
      R"re((?:action|reason) = [a-z_.]+ \? "((?:post|correct)-[a-z]+)" : "((?:post|correct)-[a-z]+)")re");
  std::set<std::string> found;
  for (const char* room : {"flow", "service"}) {
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(std::string(BHI_SOURCE_DIR "/adapter/") + room)) {
      if (file.path().extension() != ".cpp") continue;
      std::ifstream in(file.path());
      std::stringstream text;
      text << in.rdbuf();
      const std::string all = text.str();
      for (const auto& pattern : {direct, act, reason}) {
        for (auto it = std::sregex_iterator(all.begin(), all.end(), pattern); it != std::sregex_iterator(); ++it) {
          for (std::size_t group = 1; group < it->size(); ++group) {
            if ((*it)[group].matched) found.insert((*it)[group]);
          }
        }
      }
    }
  }
  return found;
}

TEST(AuditEvent, EveryActionOfTheCodeStandsInTheTable) {
  const auto actions = actions_in_the_code();
  for (const char* known : {"accept", "map", "quarantine", "send", "settle", "park", "read", "refuse", "acknowledge",
                            "tick", "merge", "move", "replay", "post-screening", "patch-plan", "post-entry",
                            "correct-entry", "revoke-consent", "post-practice"}) {
    EXPECT_TRUE(actions.contains(known)) << "the search of this test no longer finds " << known;
  }
  for (const auto& action : actions) {
    EXPECT_NE(find_audit_action(action), nullptr) << action << ": give it a row in audit_event.cpp";
  }
}

TEST(AuditEvent, EveryActionGivesAValidAuditEventWithAndWithoutAPatient) {
  for (const auto& action : audit_actions()) {
    std::string name(action.action);
    if (name.ends_with('*')) name.replace(name.size() - 1, 1, "entry");
    for (const char* actor : {"main", "silent", "nurse-app/m1", "bhi", ""}) {
      for (const char* subject : {"Screening/s1", "Patient", "Caseload reminders", "inbox/3", ""}) {
        for (const char* outcome : {"ok", "failed", "parked: no rung", ""}) {
          for (const AuditPatient& who : {AuditPatient{}, AuditPatient{"p1", "main", "1"}}) {
            const auto made = event_of(row(name, actor, subject, outcome), who);
            const auto issues = check_structure(made->root(), fhir::Types::r4());
            ASSERT_TRUE(issues.empty()) << name << " " << actor << " " << subject << ": " << issues.front().path << " "
                                        << issues.front().text << "\n"
                                        << fhir::write_json(made->root());
          }
        }
      }
    }
  }
}

TEST(AuditEvent, AReadOfACallerAndAReadAtTheEhrHaveTheirAgentsTheRightWayRound) {
  const auto theirs = event_of(row("read", "nurse-app/m1", "Screening/s1"), {"p1", "main", "1"});
  EXPECT_EQ(profile_of(theirs->root()),
            "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead");
  EXPECT_EQ(types_of_agents(theirs->root()), (std::set<std::string>{"110152", "110153", "IRCP"}));
  const auto& caller = fhir::each(theirs->root().find("agent")).front();
  EXPECT_EQ(caller.find("who")->find("identifier")->text_of("value"), "token/nurse-app");
  EXPECT_EQ(fhir::each(caller.find("type")->find("coding")).front().text_of("code"), "110152") << "data goes to them";

  const auto ours = event_of(row("read", "main", "Observation/12"), {"p1", "main", "1"});
  const auto& us = fhir::each(ours->root().find("agent")).front();
  EXPECT_EQ(us.find("who")->find("identifier")->text_of("value"), "adapter");
  EXPECT_EQ(fhir::each(us.find("type")->find("coding")).front().text_of("code"), "110152");
  const auto text = fhir::write_json(ours->root());
  EXPECT_NE(text.find("https://ehr.example/fhir/Observation/12"), std::string::npos);
  EXPECT_NE(text.find("https://ehr.example/fhir/Patient/1"), std::string::npos);
}

TEST(AuditEvent, ASearchIsAQueryAndAWriteIsADisclosure) {
  const auto query = event_of(row("read", "main", "Observation", "12 by search"));
  EXPECT_EQ(profile_of(query->root()), "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Query");
  EXPECT_EQ(query->root().text_of("action"), "E");
  EXPECT_EQ(fhir::each(query->root().find("entity")).front().text_of("query"), "T2JzZXJ2YXRpb24=");

  const auto sent = event_of(row("send", "main", "Screening/s1", "Observation create"), {"p1", "main", "1"});
  EXPECT_EQ(profile_of(sent->root()),
            "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source");
  EXPECT_EQ(sent->root().text_of("outcome"), "0");
  EXPECT_EQ(types_of_agents(sent->root()), (std::set<std::string>{"110152", "110153"}));
  const auto& source = fhir::each(sent->root().find("agent")).front();
  EXPECT_TRUE(fhir::same(*source.find("who"), *sent->root().find("source")->find("observer"))) << "val-audit-source";
}

TEST(AuditEvent, WhatFailedSaysSoAndClaimsNoProfile) {
  const std::pair<AuditRow, std::string> table[] = {
      {row("read", "main", "Observation/1", "failed"), "4"},
      {row("read", "main", "Observation/1", "not shown to us (403)"), "4"},
      {row("refuse", "-", "GET /care/patients", "401"), "4"},
      {row("settle", "main", "Screening/s1", "verified: Observation/1 version 1"), "0"},
      {row("settle", "main", "Screening/s1", "dead: no such artifact"), "4"},
      {row("park", "main", "Screening/s1", "parked: no rung"), "4"},
      {row("on-call", "on-call", "SafetyEvent/e1", "not-delivered, attempt 1: first failed; backup told"), "0"},
      {row("on-call", "on-call", "SafetyEvent/e1", "not-delivered, attempt 1: first failed"), "8"},
  };
  for (const auto& [of, code] : table) {
    const auto made = event_of(of);
    EXPECT_EQ(made->root().text_of("outcome"), code) << of.entry.action << " " << of.entry.outcome;
    if (code != "0") {
      EXPECT_EQ(profile_of(made->root()), "");
    }
  }
}

TEST(AuditEvent, CarriesAllThatItsHashCovers) {
  const auto made = event_of(row("read", "nurse-app/m1", "Screening/s1", ""));
  std::map<std::string, std::string> details;
  for (const auto& entity : fhir::each(made->root().find("entity"))) {
    for (const auto& one : fhir::each(entity.find("detail")))
      details[std::string(one.text_of("type"))] = one.text_of("valueString");
  }
  EXPECT_EQ(details, (std::map<std::string, std::string>{{"action", "read"},
                                                         {"actor", "nurse-app/m1"},
                                                         {"at", std::to_string(kNow.time_since_epoch().count())},
                                                         {"hash", std::string(64, 'a')},
                                                         {"seq", "7"},
                                                         {"subject", "Screening/s1"}}));
}

class AuditExport : public Deliver {};

TEST_F(AuditExport, FindsThePatientOfCareEntitiesAndOfReceivedResources) {
  keep({phq9()});
  ResourceCopy copy;
  copy.source = "main";
  copy.type = "Observation";
  copy.id = "12";
  copy.body = R"({"resourceType":"Observation","id":"12","status":"final","subject":{"reference":"Patient/1"}})";
  ASSERT_TRUE(store_->keep_copy(copy).ok());
  const auto who = [&](const char* action, const char* actor, const char* subject) {
    const auto found = patient_of(*store_, kContext, {action, actor, subject, "ok", kNow});
    EXPECT_TRUE(found.ok());
    return found->care_id + " " + found->source + "/" + found->id;
  };
  const std::string expected = kPatient + " main/1";
  EXPECT_EQ(who("read", "nurse", "Screening/s1"), expected);
  EXPECT_EQ(who("send", "main", "Screening/s1"), expected);
  EXPECT_EQ(who("read", "nurse", ("Patient/" + kPatient + " timeline").c_str()), expected);
  EXPECT_EQ(who("read", "main", "Observation/12"), expected);
  EXPECT_EQ(who("accept", "ehr-token", "Observation/12"), expected);
  EXPECT_EQ(who("map", "main", "Patient/1"), expected);
  EXPECT_EQ(who("read", "nurse", "Caseload"), " /");
  EXPECT_EQ(who("read", "nurse", "Screening/none"), " /");
  EXPECT_EQ(who("refuse", "-", "GET /care/patients/{id}"), " /");
}

TEST_F(AuditExport, GivesPagesThatLeadThroughTheWholeTrail) {
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(store_->audit({"read", "nurse", "Screening/s1", "ok", kNow}).ok());
  std::size_t events = 0;
  std::int64_t after = 0;
  for (int page = 0; page < 10; ++page) {
    const auto text = audit_bundle(*store_, kContext, after, 10, "/admin/audit?after=");
    ASSERT_TRUE(text.ok());
    const auto bundle = document(*text);
    EXPECT_TRUE(check_structure(bundle->root(), fhir::Types::r4()).empty());
    const auto entries = fhir::each(bundle->root().find("entry"));
    events += entries.size();
    const auto links = fhir::each(bundle->root().find("link"));
    if (links.empty()) break;
    const std::string next(links.front().text_of("url"));
    after = std::stoll(next.substr(next.rfind('=') + 1));
  }
  EXPECT_EQ(events, store_->audit_trail(0, 1000)->size());
  EXPECT_GE(events, 25u);
}

}  // namespace
}  // namespace bhi::flow
