// What the texts of a site become: profiles among its definitions are what conformsTo() knows in its maps.
#include "flow/engine.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

constexpr const char* kProfile =
    R"({"resourceType":"StructureDefinition","url":"http://example.org/with-subject","kind":"resource",
        "type":"Observation","derivation":"constraint",
        "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
        "differential":{"element":[{"id":"Observation.subject","path":"Observation.subject","min":1}]}})";

constexpr const char* kMap = R"j(/// url = 'http://example.org/m'
uses "http://hl7.org/fhir/StructureDefinition/Observation" alias Observation as source
uses "http://hl7.org/fhir/StructureDefinition/Basic" alias Basic as target
group G(source s : Observation, target t : Basic) {
  s where conformsTo('http://example.org/with-subject') -> t.id = 'conforms' "yes";
  s where conformsTo('http://example.org/with-subject').not() -> t.id = 'does-not' "no";
})j";

TEST(Engine, AnswersConformsToByTheProfilesOfTheSite) {
  EngineTexts texts;
  texts.definitions = {kProfile};
  texts.maps = {{"m.map", kMap}};
  const auto engine = make_engine("test", care::Policy{}, texts);
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  const std::string record = R"({"resourceType":"Observation","status":"final","code":{"text":"a"})";
  for (const auto& [text, expected] : {std::pair(record + R"(,"subject":{"reference":"Patient/1"}})", "conforms"),
                                       std::pair(record + "}", "does-not")}) {
    const auto document = fhir::read_json(text);
    ASSERT_TRUE(document.ok());
    const mapping::Input input{.name = {}, .node = &(*document)->root()};
    Arena arena;
    const auto output = (*engine)->maps->run("http://example.org/m", std::span(&input, 1), {}, arena);
    ASSERT_TRUE(output.ok()) << output.error().message;
    EXPECT_EQ(output->root.text_of("id"), expected);
  }
}

}  // namespace
}  // namespace bhi::flow
