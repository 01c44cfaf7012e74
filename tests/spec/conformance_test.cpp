// The published suites, as `bhi conformance` runs them: how much of each passes, and that the failing ones are those
// that tests/README.md lists.
#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cstdio>
#include <regex>
#include <set>

namespace bhi {
namespace {

struct Ended {
  int code = -1;
  std::string output;
};

Ended run(const std::string& arguments) {
  const std::string command = "'" BHI_BIN_DIR "/bhi' conformance " + arguments + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  Ended ended;
  if (pipe == nullptr) return ended;
  std::array<char, 4096> buffer;
  for (std::size_t size; (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    ended.output.append(buffer.data(), size);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

// "passed N of M"; {-1, -1} when it is not said.
std::pair<int, int> passed(const std::string& output) {
  std::smatch match;
  if (!std::regex_search(output, match, std::regex("passed ([0-9]+) of ([0-9]+)"))) return {-1, -1};
  return {std::stoi(match[1]), std::stoi(match[2])};
}

TEST(Conformance, FhirPathPassesTheOfficialSuiteButForTheListedTests) {
  BHI_NEEDS_FIXTURES("fhirpath-r4/tests-fhir-r4.shared.xml");
  const auto folder = test::fixtures() / "fhirpath-r4";
  const Ended ended = run("fhirpath " + quoted(folder / "tests-fhir-r4.shared.xml") + " " + quoted(folder / "inputs"));
  const auto [count, total] = passed(ended.output);
  EXPECT_EQ(total, 866) << ended.output;
  EXPECT_GE(count, 850) << ended.output;
  EXPECT_EQ(ended.code, count == total ? 0 : 1);

  const std::string listed = test::read_file(std::filesystem::path(BHI_SOURCE_DIR) / "tests/README.md");
  const std::regex failing("(?:^|\n)([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+): ");
  int failed = 0;
  for (std::sregex_iterator at(ended.output.begin(), ended.output.end(), failing), end; at != end; ++at) {
    EXPECT_NE(listed.find("`" + (*at)[2].str() + "`"), std::string::npos)
        << (*at)[2] << " fails and is not listed in tests/README.md";
    ++failed;
  }
  EXPECT_EQ(failed, total - count);
}

TEST(Conformance, JsonAcceptsAndRefusesAsTheSuiteSays) {
  BHI_NEEDS_FIXTURES("json_test_suite/test_parsing");
  const Ended ended = run("json " + quoted(test::fixtures() / "json_test_suite"));
  EXPECT_EQ(passed(ended.output), (std::pair{283, 283})) << ended.output;
  EXPECT_EQ(ended.code, 0);
  const std::regex free("(?:^|\n)i_[^\n]+: (?:accepted|refused: [^\n]+)");
  EXPECT_EQ(std::distance(std::sregex_iterator(ended.output.begin(), ended.output.end(), free), std::sregex_iterator()),
            35);
  EXPECT_NE(ended.output.find("accepted ones that the FHIR policies refuse: "), std::string::npos);
}

TEST(Conformance, SaysWhenThereIsNoSuite) {
  EXPECT_EQ(run("json /nowhere").code, 2);
  EXPECT_EQ(run("fhirpath /nowhere.xml /nowhere").code, 2);
  EXPECT_EQ(run("fhirpath '" BHI_SOURCE_DIR "/README.md' /nowhere").code, 2);
}

// A suite of our own, in which each test must fail, each in its way.
TEST(Conformance, CountsNothingThatIsNotAsExpected) {
  const auto folder = std::filesystem::temp_directory_path() / ("bhi-conformance-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "patient.xml") << "<Patient xmlns=\"http://hl7.org/fhir\"><active value=\"true\"/></Patient>";
  std::ofstream(folder / "suite.xml") << R"(<tests><group name="g">
    <test name="passes" inputfile="patient.xml"><expression>active</expression><output type="boolean">true</output></test>
    <test name="otherValue"><expression>1 + 1</expression><output type="integer">3</output></test>
    <test name="otherType"><expression>'1'</expression><output type="integer">1</output></test>
    <test name="tooMany"><expression>1 | 2</expression><output type="integer">1</output></test>
    <test name="wantsNothing"><expression>1</expression></test>
    <test name="noError"><expression invalid="execution">1</expression></test>
    <test name="otherError"><expression invalid="execution">1 +</expression></test>
    <test name="noInput" inputfile="absent.xml"><expression>true</expression><output type="boolean">true</output></test>
  </group></tests>)";
  const Ended ended = run("fhirpath " + quoted(folder / "suite.xml") + " " + quoted(folder));
  std::filesystem::remove_all(folder);
  EXPECT_EQ(passed(ended.output), (std::pair{1, 8})) << ended.output;
  EXPECT_EQ(ended.code, 1);
}

}  // namespace
}  // namespace bhi
