// The tables that say what became of each seed sentence: all five documents are there, and every test they name exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace bhi::care::test {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern, const std::string& as) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    found.push_back(it->format(as));
  return found;
}

// "Suite.Name", and "Suite.*" for each suite.
std::set<std::string> tests_of_the_room() {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(BHI_SOURCE_DIR) / "tests/care")) {
    const std::string text = text_of(file.path());
    const std::string pattern = "TEST(?:_P|_F)?\\((\\w+),\\s*(\\w+)\\)";
    for (const std::string& name : matches(text, pattern, "$1.$2")) names.insert(name);
    for (const std::string& suite : matches(text, pattern, "$1.*")) names.insert(suite);
  }
  return names;
}

TEST(Seeds, EveryRowNamesTestsThatExist) {
  const std::filesystem::path top = BHI_SOURCE_DIR;
  const std::set<std::string> known = tests_of_the_room();
  std::set<std::string> documents;
  int rows = 0;
  for (const std::string& row : matches(text_of(top / "adapter/care/README.md"), "\\n(\\| 00\\d \\|[^\\n]*)", "$1")) {
    ++rows;
    documents.insert(row.substr(2, 3));
    const std::string last = row.substr(row.rfind(" | ") + 3);
    const auto named = matches(last, "`([^`]+)`", "$1");
    EXPECT_FALSE(named.empty()) << row;
    for (const std::string& test : named) {
      const bool is_file = test.starts_with("tests/");
      EXPECT_TRUE(is_file ? std::filesystem::exists(top / test) : known.contains(test)) << test << " in\n" << row;
    }
  }
  EXPECT_EQ(documents, (std::set<std::string>{"000", "001", "002", "003", "004"}));
  EXPECT_GT(rows, 70);
}

}  // namespace
}  // namespace bhi::care::test
