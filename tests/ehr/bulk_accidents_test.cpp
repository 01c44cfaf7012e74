// Bulk Data against the simulator over loopback, beyond the checklist: cuts, kills, files that change or cannot be had.
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
using flow::BulkKind;
using flow::BulkPhase;
using test::BulkBed;
using test::Heard;
using test::TinyServer;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(BulkData, GoesOnInTheMiddleOfAFileAfterACutAndAfterAKill) {
  BulkBed bed(R"({"generate_bytes": 2000000, "generate_line": 1000, "waits": 0})");
  bed.faults(R"({"cut": {"type": "bulk-file", "at": 600000, "times": 3}})");
  auto run = bed.open();
  for (int i = 0; i < 400 && run.job().phase != BulkPhase::Ending; ++i) {
    bed.step(run);
    if (i % 2 == 1) {
      bed.reopen();
      run = bed.open();
    }
  }
  bed.run_to_end(run);
  EXPECT_EQ(bed.pending(), 2000u) << "every line once";
  EXPECT_EQ(run.job().seen, 2000u) << "none read into the inbox twice";
}

TEST(BulkData, BeginsAFileAnewWhenOtherLinesComeThanBefore) {
  BulkBed bed(R"({"waits": 0})");
  for (int i = 0; i < 6; ++i) bed.patient("p" + std::to_string(i));
  auto run = bed.open();
  bed.step(run);
  bed.step(run);
  ASSERT_EQ(run.job().phase, BulkPhase::Files) << run.job().problem;
  flow::BulkJob job = run.job();
  job.lines = 2;
  job.digest = 12345;  // of other lines than those that will come
  flow::Accepted batch;
  batch.cursor = flow::Cursor{"main", flow::bulk_cursor(bed.settings), flow::to_text(job)};
  ASSERT_TRUE(bed.store->accept(batch).ok());
  auto again = bed.open();
  bed.run_to_end(again);
  EXPECT_EQ(bed.pending(), 6u);
  EXPECT_TRUE(std::ranges::any_of(bed.problems, [](const auto& one) { return holds(one, "not the same lines"); }));
}

TEST(BulkData, LeavesOutAFileThatCannotBeHadAndSaysThatSomethingIsMissing) {
  BulkBed bed(R"({"file_lines": 2})");
  for (int i = 0; i < 6; ++i) bed.patient("p" + std::to_string(i));
  bed.faults(R"({"html": {"type": "bulk-file", "times": 6}})");
  auto run = bed.open();
  const auto news = bed.run_to_end(run);
  EXPECT_EQ(bed.pending(), 4u) << "the other files are not held up";
  EXPECT_TRUE(holds(news.problem, "Patient file 1 of page 1: 200, expected NDJSON, found a web page")) << news.problem;
  EXPECT_FALSE(run.job().since.has_value());
  EXPECT_FALSE(run.job().complete_until.has_value());
  EXPECT_TRUE(bed.quarantined().empty()) << "a web page is nobody's record";
}

TEST(BulkData, PassesOverTypesThatNobodyAskedFor) {
  BulkBed bed(R"({"all_types": true})");
  bed.patient("p1");
  bed.load(R"({"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"}})");
  auto run = bed.open();
  bed.run_to_end(run);
  EXPECT_TRUE(bed.have("Patient", "p1"));
  EXPECT_FALSE(bed.have("Condition", "c1"));
  EXPECT_EQ(run.job().unasked, 1u);
}

TEST(BulkData, LetsPollingGoOnBehindTheFirstLoad) {
  BulkBed bed;
  bed.settings.begin_windows = true;
  bed.settings.interval = 0s;
  bed.patient("p1");
  auto run = bed.open();
  const Instant asked = bed.clock;
  bed.run_to_end(run);
  EXPECT_TRUE(run.job().loaded);
  const auto window = flow::last_window(*bed.store, "main", "Patient");
  ASSERT_TRUE(window.ok() && *window);
  EXPECT_EQ(**window, asked);
}

TEST(BulkData, IsRefusedWhereTheEhrWillNotExport) {
  BulkBed bed;
  bed.settings.level = flow::BulkLevel::Group;
  bed.settings.group = "nobody";
  auto run = bed.open();
  const auto news = bed.run_to_end(run);
  EXPECT_TRUE(news.refused);
  EXPECT_TRUE(holds(news.problem, "404")) << news.problem;
  EXPECT_EQ(bed.told("kick_offs"), 3u) << "every form was tried";
}

TEST(BulkData, NeverLeavesTheOriginForAStatusAddress) {
  TinyServer server([](const Heard& heard) {
    if (holds(heard.target, "$export")) return test::answer(202, "Content-Location: http://127.0.0.2:9/status\r\n", "");
    return test::answer(404, "", "");
  });
  BulkBed bed;
  EhrSettings settings;
  settings.http.base_url = server.base();
  bed.ehr = *connect(settings);
  auto run = bed.open();
  bed.step(run);
  const auto news = bed.step(run);
  EXPECT_TRUE(holds(news.problem, "another origin")) << news.problem;
  EXPECT_EQ(run.job().phase, BulkPhase::Ending);
  EXPECT_TRUE(run.job().failed);
}

TEST(BulkJob, ComesBackFromItsTextAsItWas) {
  flow::BulkJob job;
  job.phase = BulkPhase::Files;
  job.kind = BulkKind::NewMembers;
  job.status_url = "https://ehr.example/bulk/1?x=\"y\"";
  job.digest = 18'446'744'073'709'551'615u;
  job.lines = 7;
  job.transaction_time = instant_from("2026-11-22T10:00:00Z");
  job.incomplete = true;
  const auto back = flow::bulk_job_from(flow::to_text(job));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(flow::to_text(*back), flow::to_text(job));
  EXPECT_EQ(back->digest, job.digest);
  EXPECT_FALSE(flow::bulk_job_from("").has_value());
  EXPECT_FALSE(flow::bulk_job_from("{}").has_value());
  EXPECT_FALSE(flow::bulk_job_from(R"({"phase":"elsewhere","kind":"full"})").has_value());
}

}  // namespace
}  // namespace bhi::ehr
