// FHIR packages: what is read of them, and what is refused.
#include "service/package.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <cstring>

namespace bhi::service {
namespace {

std::string entry(const std::string& name, const std::string& text, char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  std::snprintf(header.data() + 100, 8, "%07o", 0644u);
  std::snprintf(header.data() + 124, 12, "%011zo", text.size());
  header[156] = type;
  std::memcpy(header.data() + 257, "ustar", 6);
  std::memset(header.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(header.data() + 148, 8, "%06o", sum);
  std::string content = text;
  content.resize((text.size() + 511) / 512 * 512);
  return header + content;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

const std::string kEnd(1024, '\0');

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
