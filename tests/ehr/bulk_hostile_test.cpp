// Exports that mean no good: made files and manifests of the hostile fixtures, and our own of the same kinds. The job
// goes on or says why not, memory stays small, nothing leaves for other places.
#include "ehr_sim/bulk_pack.h"
#include "tests/ehr/support/bulk_bed.h"
#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace bhi::ehr {
namespace {

using test::BulkBed;
using test::Heard;
using test::TinyServer;

std::string fixtures() {
  const char* given = std::getenv("BHI_FIXTURES");
  return (given != nullptr ? given : std::string(BHI_SOURCE_DIR) + "/../shared/fixtures") + "/hostile/";
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// A server whose export is exactly this manifest and these files ("{{EHR_BASE}}" is its base).
struct HostileExport {
  explicit HostileExport(std::string manifest_text, std::string output, std::string deleted = "")
      : manifest(std::move(manifest_text)), server([this, output, deleted](const Heard& heard) {
          const auto is = [&heard](const char* part) { return heard.target.find(part) != std::string::npos; };
          if (is("$export")) return test::answer(202, "Content-Location: /fhir/status\r\n", "");
          if (heard.method == "DELETE") return test::answer(202, "", "");
          if (is("/status") || is("/page")) {
            std::string text = manifest;
            replace_all(text, "{{EHR_BASE}}", base);
            return test::json_answer(200, text);
          }
          if (is("/files/del")) return test::answer(200, "Content-Type: application/fhir+ndjson\r\n", deleted);
          return test::answer(200, "Content-Type: application/fhir+ndjson\r\n", output);
        }) {
    base = server.base();
    EhrSettings settings;
    settings.name = "main";
    settings.http.base_url = base;
    settings.token = []() -> Result<std::string> { return std::string("of-the-test"); };
    bed.ehr = *connect(settings);
  }

  // One export, as far as it comes in so many steps.
  flow::BulkJob run(int most = 60) {
    auto run = bed.open();
    for (int i = 0; i < most; ++i) {
      if (bed.step(run).ended || run.job().given_up > 0) break;
    }
    return run.job();
  }

  std::string manifest, base;
  BulkBed bed;
  TinyServer server;
};

std::string manifest_of(const std::string& urls, const std::string& more = "") {
  return R"({"transactionTime":"2024-05-01T10:00:00Z","request":"x","requiresAccessToken":true,"output":[)" + urls +
         R"(],"error":[])" + more + "}";
}
std::string output_of(const std::string& url) { return R"({"type":"Patient","url":")" + url + "\"}"; }
const std::string kGood = "{\"resourceType\":\"Patient\",\"id\":\"good\"}\n";

TEST(BulkHostile, FilesAndManifestsOfTheFixturesEndAsTheirListSays) {
  const auto list = fhir::read_json(text_of(fixtures() + "manifest.json"));
  if (!list.ok()) GTEST_SKIP() << "hostile fixtures are not there";
  int cases = 0;
  for (const fhir::Node& one : fhir::each((*list)->root().find("cases"))) {
    const std::string_view channel = one.text_of("channel");
    if (channel != "bulk" && channel != "manifest") continue;
    ++cases;
    const std::string content = text_of(fixtures() + std::string(one.text_of("file")));
    const bool file = channel == "bulk";
    HostileExport hostile(
        file ? manifest_of(output_of("{{EHR_BASE}}/files/1")) : content, file ? content : kGood,
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/good"}}]})");
    hostile.bed.settings.types = {};
    const auto job = hostile.run();
    const std::string id(one.text_of("id"));
    if (one.text_of("expect") == "accept") {
      EXPECT_GT(hostile.bed.pending(), 0u) << id;
      EXPECT_TRUE(job.loaded) << id;
    } else if (file) {
      EXPECT_FALSE(hostile.bed.quarantined().empty()) << id;
      EXPECT_EQ(hostile.bed.pending(), 0u) << id;
    } else {
      EXPECT_EQ(hostile.bed.pending(), 0u) << id;
      EXPECT_FALSE(job.problem.empty()) << id << ": said, not passed over";
      EXPECT_FALSE(job.since.has_value()) << id;
    }
    EXPECT_TRUE(id != "manifest.deleted" || !hostile.bed.have("Patient", "good")) << "the deletion came after it";
  }
  EXPECT_GT(cases, 0);
  std::printf("%d hostile exports\n", cases);
}

TEST(BulkHostile, AddressesOfOtherPlacesAreNeverAsked) {
  for (const char* url :
       {"file:///etc/passwd", "gopher://127.0.0.1:1/x", "http://169.254.169.254/latest", "//127.0.0.2:9/x",
        "http://user:pw@127.0.0.1:9/x", "http://127.0.0.1.example.com/x", "javascript:alert(1)", "ftp://127.0.0.1/x"}) {
    std::string escaped(url);
    HostileExport hostile(manifest_of(output_of(escaped) + "," + output_of("{{EHR_BASE}}/files/1")), kGood);
    const auto job = hostile.run();
    EXPECT_EQ(job.seen, 1u) << url << ": the good file is taken all the same";
    EXPECT_TRUE(job.incomplete || !job.since) << url;
    EXPECT_FALSE(job.problem.empty()) << url;
  }
}

TEST(BulkHostile, BrokenManifestsAreGivenUpAndToldWithoutTheirContent) {
  for (const char* manifest :
       {"", "[]", "null", "{}", "{\"output\":{}}", "{\"transactionTime\":\"2024-05-01T10:00:00Z\",\"output\":[{}]}",
        "{\"transactionTime\":\"Zqcanary\",\"output\":[]}", "{\"output\":[],\"output\":[]}", "<html>Zqcanary</html>",
        "{\"transactionTime\":\"2024-05-01T10:00:00Z\",\"output\":[{\"url\":5}]}"}) {
    HostileExport hostile(manifest, kGood);
    const auto job = hostile.run();
    EXPECT_EQ(job.given_up, 1u) << manifest;
    for (const auto& problem : hostile.bed.problems) EXPECT_EQ(problem.find("Zqcanary"), std::string::npos);
  }
}

TEST(BulkHostile, PagesInACircleEnd) {
  HostileExport hostile(manifest_of("", R"(,"link":[{"relation":"next","url":"{{EHR_BASE}}/page"}])"), kGood);
  const auto job = hostile.run();
  EXPECT_EQ(job.given_up, 1u);
  EXPECT_NE(job.problem.find("circle"), std::string::npos) << job.problem;
}

TEST(BulkHostile, BadLinesLeaveTheGoodOnesAlone) {
  const std::string deep(5000, '[');
  const std::string bad[] = {"{\"resourceType\":\"Patient\",\"id\":\"a\",\"id\":\"b\"}",
                             "{\"resourceType\":\"Patient\",\"id\":\"../../x\"}",
                             "\xff\xfe{}",
                             "{\"a\":" + deep,
                             "NaN",
                             "{\"resourceType\":\"Patient\",\"id\":\"x\",\"name\":[{\"family\":\"\\u0000\"}]}"};
  std::string file = kGood;
  for (const auto& line : bad) file += line + "\r\n";
  file += "\n\n{\"resourceType\":\"Patient\",\"id\":\"last\"}";
  HostileExport hostile(manifest_of(output_of("{{EHR_BASE}}/files/1")), file);
  const auto job = hostile.run();
  EXPECT_EQ(job.bad, std::size(bad));
  EXPECT_EQ(hostile.bed.quarantined().size(), std::size(bad));
  EXPECT_TRUE(hostile.bed.have("Patient", "good"));
  EXPECT_TRUE(hostile.bed.have("Patient", "last"));
}

TEST(BulkHostile, AGzipThatUnpacksToVeryMuchCostsLittleMemory) {
  const std::string packed = sim::packed(std::string(std::size_t{128} << 20, 'x') + "\n" + kGood);
  HostileExport hostile(manifest_of(output_of("{{EHR_BASE}}/files/1")), packed);
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  hostile.bed.settings.line_limits.max_bytes = 1 << 20;
  const auto job = hostile.run();
  getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(job.bad, 1u);
  EXPECT_TRUE(hostile.bed.have("Patient", "good"));
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024) << "KiB above the peak before";
}

TEST(BulkHostile, AGzipThatIsCutIsAskedForAgainAndThenLeftOut) {
  std::string packed = sim::packed(kGood);
  packed.resize(packed.size() - 4);
  HostileExport hostile(manifest_of(output_of("{{EHR_BASE}}/files/1")), packed);
  const auto job = hostile.run();
  EXPECT_NE(job.problem.find("gzip"), std::string::npos) << job.problem;
  EXPECT_FALSE(job.since.has_value());
}

TEST(BulkHostile, AFloodOfBadLinesIsCountedAndOnlySomeAreKept) {
  std::string file;
  for (int i = 0; i < 3000; ++i) file += "{\"bad\": " + std::to_string(i) + "\n";
  HostileExport hostile(manifest_of(output_of("{{EHR_BASE}}/files/1")), file);
  const auto job = hostile.run();
  EXPECT_EQ(job.bad, 3000u);
  EXPECT_EQ(hostile.bed.quarantined().size(), 1000u);
}

}  // namespace
}  // namespace bhi::ehr
