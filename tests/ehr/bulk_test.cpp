// Bulk Data against the simulator over loopback: each test bears the number of its line in the protocol checklist D-3.
#include "tests/ehr/support/bulk_bed.h"
#include "tests/ehr/support/tiny_server.h"

#include "flow/poll.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;
using flow::BulkForm;
using flow::BulkKind;
using flow::BulkPhase;
using test::BulkBed;
using test::Heard;
using test::TinyServer;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(BulkData, D3_01_IsKickedOffByGetOrPostWithTypesInEveryFormThatServersTake) {
  for (const char* form : {"get", "get-repeated", "post"}) {
    BulkBed bed(R"({"kick_off": ")" + std::string(form) + "\"}");
    bed.patient("p1");
    auto run = bed.open();
    EXPECT_TRUE(bed.run_to_end(run).ended) << form;
    EXPECT_TRUE(bed.have("Patient", "p1")) << form;
    EXPECT_EQ(run.job().form, form) << "the form that worked is remembered";
  }
  flow::BulkSettings settings;
  settings.level = flow::BulkLevel::Group;
  settings.group = "team";
  settings.types = {"Patient", "Observation"};
  settings.filters = {"Observation?category=survey"};
  const auto since = instant_from("2026-11-22T10:00:00Z");
  EXPECT_EQ(flow::bulk_ask(settings, BulkForm::Get, since, {}).place,
            "Group/team/$export?_type=Patient,Observation&_since=2026-11-22T10%3A00%3A00.000Z"
            "&_typeFilter=Observation%3Fcategory%3Dsurvey");
  EXPECT_TRUE(
      holds(flow::bulk_ask(settings, BulkForm::GetRepeated, {}, {}).place, "?_type=Patient&_type=Observation&"));
  const auto post = flow::bulk_ask(settings, BulkForm::Post, since, {});
  EXPECT_EQ(post.place, "Group/team/$export");
  EXPECT_TRUE(
      holds(post.body, R"({"name":"_type","valueString":"Patient"},{"name":"_type","valueString":"Observation"})"));
  EXPECT_TRUE(holds(post.body, R"({"name":"_since","valueInstant":"2026-11-22T10:00:00.000Z"})"));
}

TEST(BulkData, D3_02_AsksAsyncAndStoresTheStatusAddressBeforeItIsPolled) {
  BulkBed bed(R"({"waits": 3})");
  bed.patient("p1");
  auto run = bed.open();
  bed.step(run);
  EXPECT_EQ(run.job().phase, BulkPhase::Waiting);
  EXPECT_EQ(bed.told("kick_offs"), 1u) << "the simulator refuses a kick-off without Prefer: respond-async";
  EXPECT_EQ(bed.told("statuses"), 0u);
  bed.reopen();  // killed before the first question
  auto again = bed.open();
  EXPECT_EQ(again.job().phase, BulkPhase::Waiting);
  EXPECT_TRUE(holds(again.job().status_url, "/bulk/1"));
  EXPECT_TRUE(bed.run_to_end(again).ended);
  EXPECT_EQ(bed.told("kick_offs"), 1u) << "one export, though the process was another";
  EXPECT_TRUE(bed.have("Patient", "p1"));

  TinyServer server([](const Heard& heard) {
    EXPECT_EQ(heard.headers.at("prefer"), "respond-async");
    EXPECT_EQ(heard.headers.at("accept"), "application/fhir+json");
    return test::answer(202, "", "");  // and no Content-Location
  });
  EhrSettings settings;
  settings.http.base_url = server.base();
  const auto ehr = connect(settings);
  const auto answer = (*ehr)->bulk()->kick_off({"$export"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(flow::start_of(*answer), flow::BulkStart::OtherForm) << "202 without an address to ask is no start";
}

TEST(BulkData, D3_03_PollsInGrowingStepsOrAsToldInEveryFormOfRetryAfterAndWaitsForWeeks) {
  flow::BulkAnswer going{.status = 202};
  std::vector<std::int64_t> waits;
  for (std::uint64_t i = 0; i < 12; ++i) waits.push_back(flow::poll_delay(i, going, 300s) / 1s);
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}));
  going.retry_after_ms = 3'600'000;
  EXPECT_EQ(flow::poll_delay(0, going, 300s), 300s) << "an absurd one is capped";
  for (const char* form : {"1", "date", "epoch", "epoch_ms"}) {
    BulkBed bed(R"({"waits": 2, "busy": 1, "retry_after": ")" + std::string(form) + "\"}");
    bed.patient("p1");
    auto run = bed.open();
    const Instant begun = bed.clock;
    EXPECT_TRUE(bed.run_to_end(run).ended) << form;
    EXPECT_LT(bed.clock - begun, 60s) << form << ": about a second each was told";
    EXPECT_EQ(bed.told("kick_offs"), 2u) << "429 at the kick-off is asked again";
  }
  BulkBed bed(R"({"waits": 300})");
  bed.settings.longest_poll = 3600s;
  bed.patient("p1");
  bed.faults(R"({"status": {"type": "bulk-status", "code": 429, "retry_after": 7}})");
  auto run = bed.open();
  bed.step(run);
  const Instant asked = bed.clock;
  bed.step(run);
  EXPECT_GE(run.job().not_before - bed.clock, 7s);
  EXPECT_TRUE(bed.run_to_end(run, 5000).ended);
  EXPECT_GT(bed.clock - asked, 24h * 7) << "weeks are nothing unusual";
  EXPECT_EQ(bed.told("kick_offs"), 1u);
}

TEST(BulkData, D3_04_TakesTheStatusOfTheExportFromXExportStatus) {
  BulkBed bed(R"({"waits": 2, "export_status": true})");
  bed.patient("p1");
  auto run = bed.open();
  EXPECT_TRUE(bed.run_to_end(run).ended);
  EXPECT_EQ(bed.told("statuses"), 3u) << "200 with X-Export-Status 202 is not ready";
  EXPECT_TRUE(bed.have("Patient", "p1"));
  TinyServer server(
      [](const Heard&) { return test::answer(200, "X-Export-Status: 500 Internal Server Error\r\n", ""); });
  EhrSettings settings;
  settings.http.base_url = server.base();
  const auto ehr = connect(settings);
  const auto answer = (*ehr)->bulk()->ask(server.base() + "/status");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(flow::state_of(*answer), flow::BulkState::Failed);
}

TEST(BulkData, D3_05_GoesOnAfterATransientErrorAndTellsAFinalOne) {
  BulkBed bed(R"({"transient": 2, "gateway": 1, "fails": 1})");
  bed.patient("p1");
  auto run = bed.open();
  EXPECT_TRUE(bed.run_to_end(run).ended);
  EXPECT_TRUE(bed.have("Patient", "p1"));
  EXPECT_EQ(bed.told("kick_offs"), 2u) << "the first export failed for good, the second did it";
  EXPECT_EQ(std::ranges::count_if(bed.problems, [](const auto& one) { return holds(one, "500 transient"); }), 2);
  EXPECT_EQ(
      std::ranges::count_if(bed.problems,
                            [](const auto& one) { return holds(one, "the export failed at the EHR: 500 exception"); }),
      2)
      << "once when it is heard, once when it is over";
  EXPECT_EQ(bed.told("deletes"), 2u) << "an export that is given up is deleted too";
}

TEST(BulkData, D3_06_ReadsManifestsOfAllEditionsPagesAndFilesByPatient) {
  for (const char* switches : {R"({"outcome_key": "outcome", "errors": 1})",
                               R"({"outcome_key": "error", "errors": 1, "extension_list": true})"}) {
    BulkBed bed(switches);
    bed.patient("p1");
    auto run = bed.open();
    EXPECT_TRUE(bed.run_to_end(run).ended);
    EXPECT_TRUE(bed.have("Patient", "p1"));
    EXPECT_EQ(run.job().outcomes, 1u) << switches;
    EXPECT_FALSE(run.job().since.has_value()) << "something is missing, so it is asked for again: " << switches;
  }
  BulkBed pages(R"({"page_files": 1, "file_lines": 2})");
  for (int i = 0; i < 7; ++i) pages.patient("p" + std::to_string(i));
  auto paged = pages.open();
  pages.run_to_end(paged);
  EXPECT_EQ(paged.job().files, 4u) << "one a page";
  EXPECT_EQ(pages.pending(), 7u);

  BulkBed organized(R"({"organized": true})");
  organized.patient("p1");
  organized.observation("o1", "p1");
  auto run = organized.open();
  organized.run_to_end(run);
  EXPECT_TRUE(organized.have("Patient", "p1"));
  EXPECT_TRUE(organized.have("Observation", "o1"));
  EXPECT_EQ(run.job().seen, 2u) << "a header is nobody's record";
  EXPECT_TRUE(organized.quarantined().empty());
}

TEST(BulkData, D3_07_SendsTheTokenOnlyWhereTheManifestAsksForItAndNowhereElse) {
  constexpr const char* kClients = R"({"clients": [{"id": "bhi", "scopes": "system/*.rs", "token": "of-the-test"}]})";
  for (const bool needed : {true, false}) {
    BulkBed bed(std::string(R"({"needs_token": )") + (needed ? "true" : "false") + "}");
    bed.patient("p1");
    ASSERT_TRUE(bed.front.authority().set((*fhir::read_json(kClients))->root()).ok());
    bed.connect({}, "of-the-test");
    auto run = bed.open();
    EXPECT_TRUE(bed.run_to_end(run).ended);
    EXPECT_TRUE(bed.have("Patient", "p1")) << "with needs_token " << needed;
    EXPECT_EQ(bed.told("tokens_where_none_belongs"), 0u);
  }
  // A redirect, and files of another origin: the second only when the configuration allows it, and never with a token.
  const auto body = std::string("{\"resourceType\":\"Patient\",\"id\":\"away\"}\n");
  TinyServer other([&](const Heard&) { return test::answer(200, "Content-Type: application/fhir+ndjson\r\n", body); });
  const std::string origin = other.base().substr(0, other.base().size() - 5);
  TinyServer ours([&](const Heard& heard) {
    if (heard.target == "/fhir/moved") return test::answer(307, "Location: /fhir/there?signed=1\r\n", "");
    if (heard.target == "/fhir/away") return test::answer(307, "Location: " + origin + "/signed\r\n", "");
    return test::answer(200, "Content-Type: application/fhir+ndjson\r\n", body);
  });
  const auto fetched = [&](bool allowed, const std::string& url) {
    EhrSettings settings;
    settings.http.base_url = ours.base();
    if (allowed) settings.http.file_origins = {origin};
    settings.token = []() -> Result<std::string> { return std::string("of-the-test"); };
    const auto ehr = connect(settings);
    std::string got;
    const auto file = (*ehr)->bulk()->download(url, true, [&got](std::string_view bytes) {
      got += bytes;
      return true;
    });
    return std::pair(file.what, got);
  };
  using What = flow::BulkFile::What;
  EXPECT_EQ(fetched(false, ours.base() + "/moved"), std::pair(What::Whole, body));
  EXPECT_EQ(fetched(true, ours.base() + "/away"), std::pair(What::Whole, body));
  EXPECT_EQ(fetched(true, origin + "/signed"), std::pair(What::Whole, body));
  const auto allowed_calls = other.heard().size();
  EXPECT_EQ(fetched(false, ours.base() + "/away").first, What::Refused);
  EXPECT_EQ(fetched(false, origin + "/signed").first, What::Refused);
  EXPECT_EQ(other.heard().size(), allowed_calls) << "an origin that is not allowed is never asked";
  EXPECT_EQ(allowed_calls, 2u);
  for (const Heard& heard : other.heard()) EXPECT_FALSE(heard.headers.contains("authorization"));
  for (const Heard& heard : ours.heard()) {
    EXPECT_EQ(heard.headers.contains("authorization"), !holds(heard.target, "signed=1")) << heard.target;
  }
}

TEST(BulkData, D3_08_TakesLinesAsTheyStreamPackedOrNotAndPutsBadOnesAsideByFileAndLine) {
  for (const char* packing : {"", "encoding", "bare"}) {
    for (const char* newline : {"true", "false"}) {
      BulkBed bed(R"({"bad_every": 3, "gzip": ")" + std::string(packing) + R"(", "final_newline": )" + newline + "}");
      for (int i = 0; i < 7; ++i) bed.patient("p" + std::to_string(i));
      auto run = bed.open();
      EXPECT_TRUE(bed.run_to_end(run).ended);
      EXPECT_EQ(bed.pending(), 7u) << packing << newline;
      EXPECT_EQ(run.job().bad, 2u);
      const auto aside = bed.quarantined();
      ASSERT_EQ(aside.size(), 1u) << "the same line twice is kept once";
      EXPECT_TRUE(holds(aside[0].reason, "Patient file 1 of page 1, line 3: ")) << aside[0].reason;
      EXPECT_TRUE(run.job().since.has_value()) << "a bad line is not missing: it is kept";
    }
  }
}

TEST(BulkData, D3_08_KeepsWithinTheLimitOfALine) {
  BulkBed bed;
  bed.settings.line_limits.max_bytes = 2000;
  bed.patient("p1");
  bed.observation("long", "p1", R"(,"note":[{"text":")" + std::string(5000, 'x') + "\"}]");
  bed.observation("short", "p1");
  auto run = bed.open();
  EXPECT_TRUE(bed.run_to_end(run).ended);
  EXPECT_TRUE(bed.have("Observation", "short"));
  EXPECT_FALSE(bed.have("Observation", "long"));
  ASSERT_EQ(bed.quarantined().size(), 1u);
  EXPECT_TRUE(holds(bed.quarantined()[0].reason, "longer than 2000 bytes"));
  EXPECT_LE(bed.quarantined()[0].item.resource.body.size(), 2000u);
}

TEST(BulkData, D3_09_AppliesDeletionsAfterEverythingElse) {
  BulkBed bed;
  bed.patient("p1");
  bed.observation("o1", "p1");
  bed.observation("o2", "p1");
  auto run = bed.open();
  bed.run_to_end(run);
  ASSERT_TRUE(bed.have("Observation", "o1"));
  bed.set(R"({"deleted": ["Observation/o1", "Observation/never-seen"], "page_files": 1})");
  bed.clock += 2h;
  bed.run_to_end(run);
  EXPECT_FALSE(bed.have("Observation", "o1"));
  EXPECT_TRUE(bed.have("Observation", "o2"));
  EXPECT_EQ(run.job().deleted, 1u);
  const auto pending = *bed.store->pending("main|Patient/p1", 10);
  ASSERT_FALSE(pending.empty());
  EXPECT_EQ(pending.back().resource.id, "o1") << "in the lane of its patient";
  EXPECT_TRUE(pending.back().resource.body.empty());
}

TEST(BulkData, D3_10_AsksNextTimeSinceTheEarlierOfKickOffAndTransactionTimeLessTheOverlap) {
  for (const char* end : {"true", "false"}) {
    BulkBed bed(std::string(R"({"waits": 5, "end_time": )") + end + "}");
    bed.settings.overlap = 100s;
    bed.patient("p1");
    auto run = bed.open();
    const Instant asked = bed.clock;
    bed.run_to_end(run);
    ASSERT_TRUE(run.job().since.has_value());
    EXPECT_LE(std::chrono::abs(*run.job().since + 100s - asked), 2s) << "also of a server that tells the end: " << end;
    bed.step(run);
    EXPECT_TRUE(holds(bed.last_kick_off(), "_since="));
    EXPECT_EQ(run.job().kind, BulkKind::Since);
  }
}

TEST(BulkData, D3_10_PullsEverythingOfNewMembersOfTheGroup) {
  for (const bool understood : {true, false}) {
    BulkBed bed(std::string(R"({"patient": )") + (understood ? "true" : "false") + "}");
    bed.settings.level = flow::BulkLevel::Group;
    bed.settings.group = "team";
    bed.patient("p1");
    bed.patient("p2");
    bed.observation("old", "p2");
    bed.group({"p1"});
    auto run = bed.open();
    bed.run_to_end(run);
    EXPECT_FALSE(bed.have("Observation", "old"));
    bed.clock += 24h;  // what is of p2 lies before the next `since`
    bed.group({"p1", "p2"});
    bed.run_to_end(run);
    EXPECT_TRUE(bed.have("Patient", "p2"));
    EXPECT_TRUE(bed.have("Observation", "old")) << "with `patient` understood: " << understood;
    EXPECT_EQ(run.job().kind, understood ? BulkKind::NewMembers : BulkKind::Full);
    bed.step(run);
    EXPECT_EQ(run.job().kind, BulkKind::Since) << "and then what changed of all";
  }
}

TEST(BulkData, D3_11_AsksForTheManifestAgainWhenItsFilesExpireAndForAnotherExportWhenThatIsGone) {
  BulkBed bed(R"({"expire_after": 2, "file_lines": 1, "forgets": 1, "expires": true})");
  for (int i = 0; i < 7; ++i) bed.patient("p" + std::to_string(i));
  auto run = bed.open();
  EXPECT_TRUE(bed.run_to_end(run).ended);
  EXPECT_EQ(bed.pending(), 7u);
  EXPECT_EQ(bed.told("kick_offs"), 2u) << "the first export was forgotten by the EHR";
  EXPECT_EQ(bed.told("deletes"), 2u);
  EXPECT_EQ(run.job().seen, 7u) << "no file was taken twice";
}

TEST(BulkData, D3_11_HasOneExportOfAGroupAtATimeAndDeletesItAfterSuccess) {
  BulkBed bed;
  bed.patient("p1");
  auto run = bed.open();
  auto second = bed.open();
  bed.step(run);
  bed.run_to_end(run);
  EXPECT_EQ(bed.told("kick_offs"), 1u);
  EXPECT_EQ(bed.told("deletes"), 1u);
  EXPECT_EQ(bed.told("jobs"), 0u);
  EXPECT_NE(flow::bulk_cursor(bed.settings), [&] {
    auto other = bed.settings;
    other.level = flow::BulkLevel::Group;
    other.group = "team";
    return flow::bulk_cursor(other);
  }());
}

}  // namespace
}  // namespace bhi::ehr
