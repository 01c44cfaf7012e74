// Real documents from JSON to XML and back, and from XML to JSON and back: nothing gets lost between the two.
#include "fhir/xml.h"

#include "fhir/xml_tree.h"
#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

#include <map>

namespace bhi::fhir {
namespace {

void expect_same(const Node& a, const Node& b, const std::filesystem::path& path) {
  EXPECT_TRUE(same(a, b)) << path << "\n"
                          << write_canonical_json(a).substr(0, 800) << "\n"
                          << write_canonical_json(b).substr(0, 800);
}

// Every attribute and every text of an XML document with the way to it, in an order of their own: what a reader that
// knows nothing of FHIR sees. The order of elements of different names is free.
void list_all(const XmlTree& tree, const XmlElement& element, const std::string& way, std::vector<std::string>& found) {
  found.push_back(way);
  for (XmlAttribute attribute = element.first_attribute(); attribute; attribute = attribute.next()) {
    if (attribute.name().ends_with(":schemaLocation")) continue;
    found.push_back(way + "@" + std::string(attribute.name()) + "=" + std::string(attribute.value()));
  }
  std::map<std::string, int> count;
  for (XmlElement child = element.first_child(); child; child = child.next()) {
    const std::string name(child.name());
    const std::string step = way + "/" + name + "[" + std::to_string(count[name]++) + "]";
    if (name == "div") {
      found.push_back(step + "=" + std::string(tree.source(child)));
    } else {
      list_all(tree, child, step, found);
    }
  }
}

std::vector<std::string> all_of(const std::string& xml) {
  const auto tree = XmlTree::read(xml, {.max_depth = 1000, .max_bytes = std::size_t{1} << 30}).value();
  std::vector<std::string> found;
  list_all(tree, tree.root(), std::string(tree.root().name()), found);
  std::ranges::sort(found);
  return found;
}

TEST(XmlCorpus, KeepsAllOfRealXml) {
  std::size_t count = 0;
  for (const char* folder : {"us-behavioral-health", "screening/hl7-us-behavioral-health", "fhirpath-r4/inputs"}) {
    BHI_NEEDS_FIXTURES(folder);
    for (const auto& path : test::files_below(test::fixtures() / folder, ".xml")) {
      const auto first = read_xml(test::read_file(path));
      ASSERT_TRUE(first.ok()) << path << ": " << first.error().message;
      const auto json = read_json(write_json((*first)->root()));
      ASSERT_TRUE(json.ok()) << path << ": " << json.error().message;
      const auto xml = write_xml((*json)->root());
      ASSERT_TRUE(xml.ok()) << path << ": " << xml.error().message;
      const auto second = read_xml(*xml);
      ASSERT_TRUE(second.ok()) << path << ": " << second.error().message;
      expect_same((*first)->root(), (*second)->root(), path);
      const auto given = all_of(test::read_file(path));
      const auto written = all_of(*xml);
      const auto differs = std::ranges::mismatch(given, written);
      EXPECT_TRUE(given == written) << path << "\n"
                                    << (differs.in1 == given.end() ? "" : differs.in1->substr(0, 300)) << "\n"
                                    << (differs.in2 == written.end() ? "" : differs.in2->substr(0, 300));
      ++count;
    }
  }
  EXPECT_GE(count, 80u);
}

// The JSON forms have line breaks where XML reads spaces, and divs with references resolved and white space dropped.
std::string as_converted(std::string text) {
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"&#39;", "'"},
                                 {"&quot;", "\\\""},
                                 {"\\r", ""},
                                 {"\\n", ""},
                                 {"\\t", ""},
                                 // one value was mistaken for an object, one decimal lost its digits
                                 {R"({"value":"urn:uuid:79a14950-442c-11ed-b878-0242ac120002"})",
                                  R"("urn:uuid:79a14950-442c-11ed-b878-0242ac120002")"},
                                 {R"("valueDecimal":1})", R"("valueDecimal":1.0})"}}) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  }
  std::erase(text, ' ');  // those between the elements of a div are gone, too
  return text;
}

TEST(XmlCorpus, EqualsTheJsonFormOfTheSameResource) {
  BHI_NEEDS_FIXTURES("fhirpath-r4/inputs");
  std::size_t count = 0;
  for (auto path : test::files_below(test::fixtures() / "fhirpath-r4/inputs", ".xml")) {
    const auto xml = read_xml(test::read_file(path));
    ASSERT_TRUE(xml.ok()) << path << ": " << xml.error().message;
    path.replace_extension(".json");
    if (!std::filesystem::exists(path)) continue;
    const auto json = read_json(test::read_file(path));
    ASSERT_TRUE(json.ok()) << path;
    const std::string ours = as_converted(write_canonical_json((*xml)->root()));
    const std::string theirs = as_converted(write_canonical_json((*json)->root()));
    const auto at = static_cast<std::size_t>(std::ranges::mismatch(ours, theirs).in1 - ours.begin());
    EXPECT_TRUE(ours == theirs) << path << "\n" << ours.substr(at, 80) << "\n" << theirs.substr(at, 80);
    ++count;
  }
  EXPECT_GE(count, 7u);
}

class XmlFolder : public testing::TestWithParam<const char*> {};

TEST_P(XmlFolder, SaysAllThatItsJsonSays) {
  BHI_NEEDS_FIXTURES(GetParam());
  std::size_t count = 0;
  for (const auto& path : test::files_below(test::fixtures() / GetParam(), ".json")) {
    const auto first = read_json(test::read_file(path));
    ASSERT_TRUE(first.ok()) << path << ": " << first.error().message;
    if (resource_type((*first)->root()).empty()) continue;
    const auto xml = write_xml((*first)->root());
    ASSERT_TRUE(xml.ok()) << path << ": " << xml.error().message;
    const auto second = read_xml(*xml);
    ASSERT_TRUE(second.ok()) << path << ": " << second.error().message;
    expect_same((*first)->root(), (*second)->root(), path);
    ++count;
  }
  EXPECT_GE(count, 10u);
}

INSTANTIATE_TEST_SUITE_P(Json, XmlFolder,
                         testing::Values("r4-examples", "us-core", "synthea/smart-generated", "synthea/hl7-phr"),
                         [](const auto& folder) {
                           std::string name(folder.param);
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '/'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace bhi::fhir
