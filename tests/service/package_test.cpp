// FHIR packages: what is read of them, and what is refused.
#include "service/package.h"

#include "tests/service/support/tar.h"

#include <gtest/gtest.h>

namespace bhi::service {
namespace {

using test::entry;
using test::gzip;
using test::kEnd;

std::string error_of(const std::string& bytes, const PackageLimits& limits = {}) {
  const auto read = read_package(bytes, "a.tgz", limits);
  return read.ok() ? "" : read.error().message;
}

TEST(Package, GivesTheResourcesOfItsFolderAlone) {
  const auto read = read_package(gzip(entry("package/package.json", "{}") + entry("package/.index.json", "{}") +
                                      entry("package/StructureMap-a.json", std::string(600, 'x')) +
                                      entry("./package/b.json", "{\"b\":1}") + entry("package/example/c.json", "{}") +
                                      entry("package/other/", "", '5') + entry("package/d.txt", "d") + kEnd),
                                 "a.tgz");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].name, "package/StructureMap-a.json");
  EXPECT_EQ((*read)[0].text, std::string(600, 'x'));
  EXPECT_EQ((*read)[1].text, "{\"b\":1}");
}

TEST(Package, TakesNothingFromElsewhere) {
  const auto read = read_package(gzip(entry("package/../../etc/a.json", "{}") + entry("/package/a.json", "{}") +
                                      entry("../package/a.json", "{}") + entry("package/link.json", "", '2') + kEnd),
                                 "a.tgz");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->empty());
}

TEST(Package, SaysWhatIsDamaged) {
  EXPECT_EQ(error_of("no gzip"), "a.tgz: expected a gzipped tar archive, found damaged or other data");
  EXPECT_EQ(error_of(gzip("short")), "a.tgz: expected a whole tar archive, found one that is cut off");
  EXPECT_EQ(error_of(gzip(std::string(512, 'x'))), "a.tgz: expected a tar archive, found a damaged header");
  const auto whole = gzip(entry("package/a.json", std::string(5000, 'x')) + kEnd);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(error_of(whole.substr(0, size)), "") << size;
  EXPECT_EQ(error_of(gzip(entry("package/a.json", std::string(5000, 'x')).substr(0, 1000))),
            "a.tgz: expected a whole tar archive, found one that is cut off");
}

TEST(Package, StopsAtItsLimits) {
  const auto bytes = gzip(entry("package/a.json", std::string(5000, 'x')) + entry("package/b.json", "{}") + kEnd);
  EXPECT_EQ(error_of(bytes, {.max_unpacked_bytes = 4096}), "a.tgz: expected at most 4096 bytes unpacked, found more");
  EXPECT_EQ(error_of(bytes, {.max_file_bytes = 4096}),
            "a.tgz: expected files of at most 4096 bytes, found one of 5000");
  EXPECT_EQ(error_of(bytes, {.max_files = 1}), "a.tgz: expected at most 1 files, found more");
}

}  // namespace
}  // namespace bhi::service
