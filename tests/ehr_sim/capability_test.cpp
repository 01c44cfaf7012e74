// What the server says of itself is what it does.
#include "tests/ehr_sim/support/world.h"

#include "ehr_sim/search_parameters.h"
#include "fhir/types.h"

namespace bhi::sim::testing {
namespace {

using fhir::Node;

std::vector<std::string> codes(const Node& list) {
  std::vector<std::string> found;
  for (const Node& one : list.elements()) found.emplace_back(one.text_of("code"));
  return found;
}

TEST(Capability, EveryDeclaredSearchParameterCanBeSearched) {
  World world;
  const auto statement = parse(world.get("metadata"));
  const Node& rest = statement->root().find("rest")->elements()[0];
  std::size_t count = 0;
  for (const Node& resource : rest.find("resource")->elements()) {
    const std::string type(resource.text_of("type"));
    for (const Node& parameter : resource.find("searchParam")->elements()) {
      const std::string_view kind = parameter.text_of("type");
      const std::string value = kind == "date" ? "2026" : "x";
      const std::string url = type + "?" + std::string(parameter.text_of("name")) + "=" + value;
      EXPECT_EQ(world.get(url).status, 200) << url;
      ++count;
    }
    EXPECT_EQ(world.get(type + "/x").status, 404) << type;
  }
  EXPECT_GT(count, 300u);
}

TEST(Capability, EveryInteractionIsThere) {
  World world;
  const auto statement = parse(world.get("metadata"));
  EXPECT_EQ(statement->root().text_of("fhirVersion"), "4.0.1");
  const Node& rest = statement->root().find("rest")->elements()[0];
  EXPECT_EQ(codes(*rest.find("interaction")), (std::vector<std::string>{"transaction", "batch"}));
  const Node& patient = *std::ranges::find_if(rest.find("resource")->elements(),
                                              [](const Node& one) { return one.text_of("type") == "Patient"; });
  EXPECT_EQ(
      codes(*patient.find("interaction")),
      (std::vector<std::string>{"read", "vread", "update", "delete", "history-instance", "create", "search-type"}));
  EXPECT_TRUE(patient.find("updateCreate")->as_boolean());
  EXPECT_TRUE(patient.find("conditionalCreate")->as_boolean());
  World other({.update_creates = false});
  EXPECT_NE(other.get("metadata").body.find("\"updateCreate\":false"), std::string::npos);
  EXPECT_EQ(other.get("metadata").body.find("\"updateCreate\":true"), std::string::npos);
}

// A row of the table that names no element of R4 would never match.
TEST(Capability, EverySearchParameterPointsAtElementsOfR4) {
  const fhir::Types& r4 = fhir::Types::r4();
  for (const std::string_view type : resource_types()) {
    const fhir::TypeInfo* info = r4.find(type);
    ASSERT_NE(info, nullptr) << type;
    for (const SearchParameter& row : parameters_of(type)) {
      std::string_view paths = row.paths;
      while (!paths.empty()) {
        const auto bar = std::min(paths.find('|'), paths.size());
        std::string_view path = paths.substr(0, bar);
        paths.remove_prefix(std::min(bar + 1, paths.size()));
        const fhir::TypeInfo* at = info;
        while (!path.empty() && at != nullptr) {
          const auto dot = std::min(path.find('.'), path.size());
          const fhir::TypeInfo* chosen = nullptr;
          const auto* element = at->element(fhir::intern(path.substr(0, dot)), &chosen);
          EXPECT_NE(element, nullptr) << type << "." << row.name << " at " << path;
          path.remove_prefix(std::min(dot + 1, path.size()));
          at = element == nullptr       ? nullptr
               : chosen != nullptr      ? chosen
               : element->types.empty() ? nullptr
                                        : element->types[0];
        }
      }
    }
  }
}

}  // namespace
}  // namespace bhi::sim::testing
