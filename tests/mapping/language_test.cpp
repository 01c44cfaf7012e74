// The language, construct by construct: a map, a source, what it makes. Each map is also written as FML and as
// StructureMap JSON of R4 and R5, and what is read of that must make the same.
#include "mapping/fml_writer.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

struct Case {
  const char* name;
  const char* map;       // whole map, or the rules of a group main(source src : Patient, target tgt : Patient)
  const char* expected;  // JSON without {"resourceType":"Patient"}; or "error: " and a part of the message
};

constexpr const char* kSource = R"({"resourceType":"Patient","id":"p1","active":true,"gender":"female",
  "birthDate":"1970-05-01","maritalStatus":{"coding":[{"system":"urn:m","code":"M"},{"system":"urn:x","code":"x"}]},
  "name":[{"use":"official","family":"One","given":["A","B"]},{"use":"usual","family":"Two"},{"family":"Three"}],
  "telecom":[{"system":"phone","value":"1"},{"system":"email","value":"a@b"}],
  "deceasedDateTime":"2026-01-02T03:04:05Z","multipleBirthInteger":2,
  "contact":[{"name":{"family":"C1"}},{"name":{"family":"C2"}}]})";

constexpr Case kCases[] = {
    // ---- header
    {"metadata comments name the map",
     "/// url = 'http://example.org/map'\n/// name = \"M\"\n/// description = \"\"\"\nmany\nlines\n\"\"\"\n"
     "group g(source a : Patient, target b : Patient) { a.id -> b.id; }",
     R"("id":"p1")"},
    {"map declaration of R4",
     "map 'http://example.org/map' = M\ngroup g(source a : Patient, target b : Patient) { a.id as i -> b.id = i; }",
     R"("id":"p1")"},
    {"uses with an alias names a type",
     "map \"http://example.org/map\" = \"M\"\nuses \"http://hl7.org/fhir/StructureDefinition/Patient\" alias P as "
     "source\n"
     "uses \"http://hl7.org/fhir/StructureDefinition/Patient\" as target\nuses "
     "\"http://hl7.org/fhir/StructureDefinition/Basic\" alias B as queried\n"
     "uses \"http://hl7.org/fhir/StructureDefinition/Basic\" as produced\ngroup g(source a : P, target b : Patient) { "
     "a.id as i -> b.id = i; }",
     R"("id":"p1")"},
    {"constants, lazily and by each other",
     "map \"http://example.org/map\" = \"M\"\nlet a = b & 'x';\nlet b = 'y';\nlet never = (1 | 2).single();\n"
     "group g(source s : Patient, target t : Patient) { s -> t.id = a, t.language = (%b); a as it -> t.implicitRules = "
     "it; }",
     R"("id":"yx","implicitRules":"yx","language":"y")"},
    {"a variable hides a constant",
     "map \"http://example.org/map\" = \"M\"\nlet i = 'constant';\n"
     "group g(source s : Patient, target t : Patient) { s.id as i -> t.id = i; s -> t.language = i; }",
     R"("id":"p1","language":"constant")"},
    {"conceptmap of the map",
     "map \"http://example.org/map\" = \"M\"\nconceptmap \"#m\" { prefix s = \"urn:s\" prefix t = \"urn:t\" s:female "
     "== t:F s:male -- }\n"
     "group g(source s : Patient, target t : Patient) { s.gender as c -> t.maritalStatus = translate(c, '#m', "
     "'CodeableConcept'); }",
     R"("maritalStatus":{"coding":[{"system":"urn:t","code":"F"}]})"},
    // ---- groups
    {"extends runs the other group first",
     "map \"http://example.org/map\" = \"M\"\n"
     "group g(source s : Patient, target t : Patient) extends base { s -> t.language = 'b'; }\n"
     "group base(source s : Patient, target t : Patient) { s -> t.language = 'a', t.id = 'i'; }",
     R"("id":"i","language":"b")"},
    {"types: the default group of two types",
     "map \"http://example.org/map\" = \"M\"\n"
     "group g(source s : Patient, target t : Patient) { s.name -> t.telecom; }\n"
     "group n(source a : HumanName, target b : ContactPoint) <<types>> { a.family as f -> b.value = f; }",
     R"("telecom":[{"value":"One"},{"value":"Two"},{"value":"Three"}])"},
    {"type+: also for a choice",
     "map \"http://example.org/map\" = \"M\"\n"
     "group g(source s : Patient, target t : Patient) { s.birthDate -> t.multipleBirth; }\n"
     "group d(source a : date, target b : integer) <<type+>> { a -> b.value = 7; }",
     R"("multipleBirthInteger":7)"},
    {"dependent groups, several, then a block",
     "map \"http://example.org/map\" = \"M\"\n"
     "group g(source s : Patient, target t : Patient) { s.id as i -> t.name as n then a(i, n), b(i, n) { i -> n.text = "
     "i; } \"both\"; }\n"
     "group a(source i, target n) { i -> n.family = 'fa'; }\ngroup b(source i, target n) { i -> n.given = 'gi'; }",
     R"("name":[{"text":"p1","family":"fa","given":["gi"]}])"},
    {"literals and expressions as parameters of a group",
     "map \"http://example.org/map\" = \"M\"\n"
     "group g(source s : Patient, target t : Patient) { s.name first as n -> t then a('lit', t), b(n.family & '!', t), "
     "c(5, t); }\n"
     "group a(source i, target t : Patient) { i -> t.id = i; }\ngroup b(source i, target t : Patient) { i -> "
     "t.language = i; }\n"
     "group c(source i, target t : Patient) { i -> t.multipleBirth = i; }",
     R"("id":"lit","language":"One!","multipleBirthInteger":5)"},
    {"a group as the last target",
     "map \"http://example.org/map\" = \"M\"\n"
     "group g(source s : Patient, target t : Patient) { s.id as i -> t.name as n, a(i, n); }\n"
     "group a(source i, target n) { i -> n.family = i; }",
     R"("name":[{"family":"p1"}])"},
    // ---- sources
    {"a source without element", "src -> tgt.id = 'x';", R"("id":"x")"},
    {"a rule applies once for each value", "src.name as n -> tgt.name as m then { n.family as f -> m.family = f; };",
     R"("name":[{"family":"One"},{"family":"Two"},{"family":"Three"}])"},
    {"two sources are a cross product", "src.telecom as t, src.contact as c -> tgt.telecom = t;",
     R"("telecom":[{"system":"phone","value":"1"},{"system":"phone","value":"1"},{"system":"email","value":"a@b"},{"system":"email","value":"a@b"}])"},
    {"no match when one of two is empty", "src.telecom as t, src.photo as c -> tgt.telecom = t;", ""},
    {"type picks one of a choice",
     "src.deceased : boolean as b -> tgt.id = 'b'; src.deceased : dateTime as d -> tgt.deceased = d;",
     R"("deceasedDateTime":"2026-01-02T03:04:05Z")"},
    {"cardinality that holds", "src.name 1..3 first as n -> tgt.name = n;",
     R"("name":[{"use":"official","family":"One","given":["A","B"]}])"},
    {"cardinality that does not", "src.name 4..* as n -> tgt.name = n;", "error: expected 4..* values, found 3"},
    {"default as an expression", "src.language as l default ('d' & 'e') -> tgt.language = l;", "error: expected"},
    {"default before the variable", "src.language default ('d' & 'e') as l -> tgt.language = l;", R"("language":"de")"},
    {"default of old", "src.language default \"it's\" as l -> tgt.language = l;", R"("language":"it's")"},
    {"first", "src.name first as n -> tgt.name as m then { n.family as f -> m.family = f; };",
     R"("name":[{"family":"One"}])"},
    {"not_first", "src.name not_first as n -> tgt.name as m then { n.family as f -> m.family = f; };",
     R"("name":[{"family":"Two"},{"family":"Three"}])"},
    {"last", "src.name last as n -> tgt.name as m then { n.family as f -> m.family = f; };",
     R"("name":[{"family":"Three"}])"},
    {"not_last", "src.name not_last as n -> tgt.name as m then { n.family as f -> m.family = f; };",
     R"("name":[{"family":"One"},{"family":"Two"}])"},
    {"only_one", "src.name only_one as n -> tgt.name = n;", "error: expected only one value, found 3"},
    {"where with parentheses", "src.name as n where (use = 'usual') -> tgt.name = n;",
     R"("name":[{"use":"usual","family":"Two"}])"},
    {"where of old, without", "src.name as n where use = 'usual' or n.family = 'Three' -> tgt.name = n;",
     R"("name":[{"use":"usual","family":"Two"},{"family":"Three"}])"},
    {"where of two parts, each in parentheses",
     "src.name as n where (use = 'usual') or (family = 'Three') -> tgt.name = n;",
     R"("name":[{"use":"usual","family":"Two"},{"family":"Three"}])"},
    {"check that fails", "src.name as n check (family != 'Two') -> tgt.name = n;",
     "error: check failed: expected family != 'Two'"},
    {"where before check", "src.name as n where (use.exists()) check (use.exists()) -> tgt.name = n;",
     R"("name":[{"use":"official","family":"One","given":["A","B"]},{"use":"usual","family":"Two"}])"},
    {"log makes nothing", "src.name as n log (family);", ""},
    {"comments inside an expression", "src.name as n where (use /* which */ = // old\n 'usual') -> tgt.name = n;",
     R"("name":[{"use":"usual","family":"Two"}])"},
    {"back-ticked names", "src.`name` as `n m` where (use = 'usual') -> tgt.name = `n m`;",
     R"("name":[{"use":"usual","family":"Two"}])"},
    {"words of the language as names",
     "src.contact as source -> tgt.contact as target then { source.name as first -> target.name = first; };",
     R"("contact":[{"name":{"family":"C1"}},{"name":{"family":"C2"}}])"},
    // ---- targets
    {"simple copy", "src.gender -> tgt.gender; src.name -> tgt.name \"names\";",
     R"("name":[{"use":"official","family":"One","given":["A","B"]},{"use":"usual","family":"Two"},{"family":"Three"}],"gender":"female")"},
    {"identity batch", "src -> tgt : gender, birthDate, active;",
     R"("active":true,"gender":"female","birthDate":"1970-05-01")"},
    {"a path of elements", "src.id as i -> tgt.maritalStatus.text = i;", R"("maritalStatus":{"text":"p1"})"},
    {"literals of all kinds",
     "src -> tgt.id = 'a', tgt.language = \"b\", tgt.active = false, tgt.multipleBirth = 3, tgt.birthDate = "
     "@2020-02-03;",
     R"("id":"a","language":"b","active":false,"birthDate":"2020-02-03","multipleBirthInteger":3)"},
    {"a negative number", "src -> tgt.multipleBirth = -3;", R"("multipleBirthInteger":-3)"},
    {"a copied path", "src.name first as n -> tgt.language = n.family;", R"("language":"One")"},
    {"(expression)", "src.name first as n -> tgt.language = (n.given.join('-')) as l, tgt.id = l;",
     R"("id":"A-B","language":"A-B")"},
    {"(expression) into a variable alone", "src -> (src.name.family.first()) as f, tgt.language = f;",
     R"("language":"One")"},
    {"a variable that an expression gave nothing", "src -> (src.photo) as f, tgt.language = f;", ""},
    {"evaluate with many values into a list", "src -> tgt.name as n, n.given = (src.name.family);",
     R"("name":[{"given":["One","Two","Three"]}])"},
    {"evaluate with many values into one", "src -> tgt.language = (src.name.family);",
     "error: expected one value for Patient.language, found 3 values"},
    {"create makes what it is told",
     "src.id as i -> tgt.deceased = create('boolean') as d, tgt.contained = create('Basic') as b, b.id = i;",
     R"("contained":[{"resourceType":"Basic","id":"p1"}])"},
    {"share makes one",
     "src.name as n -> tgt.contact as c share x then { n.family as f -> c.name as h, h.given = f; };",
     R"("contact":[{"name":{"given":["One","Two","Three"]}}])"},
    {"single and collate make one",
     "src.telecom as t -> tgt.contact as c single then { t.value as v -> c.telecom as p collate, p.value = v; };",
     R"("contact":[{"telecom":[{"value":"a@b"}]}])"},
    {"nested rules see the variables around them",
     "src.contact as c -> tgt.contact as d then { c.name as n -> d.name as m then { src.id as i, n.family as f -> "
     "m.family = f, m.text = i; }; };",
     R"("contact":[{"name":{"text":"p1","family":"C1"}},{"name":{"text":"p1","family":"C2"}}])"},
};

std::string whole(const Case& one) {
  const std::string map = one.map;
  if (map.find("group ") != std::string::npos) return map;
  return "map \"http://example.org/map\" = \"M\"\ngroup main(source src : Patient, target tgt : Patient) {\n" + map +
         "\n}\n";
}

void expect(const Case& one, const std::string& map, const std::string& form) {
  SCOPED_TRACE(form + ":\n" + map);
  const std::string expected = one.expected;
  const test::Ran ran = test::run_map(map, {kSource});
  if (expected.starts_with("error: ")) {
    EXPECT_NE(ran.error.find(expected.substr(7)), std::string::npos) << ran.error << ran.json;
    return;
  }
  ASSERT_EQ(ran.error, "");
  EXPECT_EQ(ran.json, R"({"resourceType":"Patient")" + std::string(expected.empty() ? "" : ",") + expected + "}");
}

TEST(Language, EachConstructMakesWhatItShould) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.name);
    const std::string map = whole(one);
    expect(one, map, "as written");
    std::vector<Diagnostic> problems;
    const auto read = parse_fml({"test.map", map}, problems);
    if (!read) continue;  // an error that parsing finds
    const auto fml = write_fml(*read);
    ASSERT_TRUE(fml.ok()) << fml.error().message;
    expect(one, *fml, "as FML again");
    for (const ResourceForm form : {ResourceForm::R4, ResourceForm::R5}) {
      const auto json = write_structure_map(*read, form);
      ASSERT_TRUE(json.ok()) << json.error().message;
      expect(one, *json, form == ResourceForm::R4 ? "as R4" : "as R5");
    }
  }
}

TEST(Language, ACalledGroupMayBeNamed) {
  const std::string map = R"(map "http://example.org/map" = "M"
    group g(source s : Patient, target t : Patient) { s.id as i -> t.name as n, a(i, n) as m, m.text = 'x'; }
    group a(source i, target n) { i -> n.family = i; })";
  EXPECT_EQ(test::run_map(map, {kSource}).json, R"({"resourceType":"Patient","name":[{"text":"x","family":"p1"}]})");
  std::vector<Diagnostic> problems;
  const auto read = parse_fml({"test.map", map}, problems);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(write_structure_map(*read, ResourceForm::R4).error().kind, Kind::Unsupported);
  const auto fml = write_fml(*read);
  ASSERT_TRUE(fml.ok());
  EXPECT_TRUE(same_map(*read, *parse_fml({"test.map", *fml}, problems))) << *fml;
}

TEST(Language, TheMapOfTheGuideDoesWhatItSays) {
  const std::string guide = test::read_file(std::string(BHI_SOURCE_DIR) + "/mappings/README.md");
  const std::size_t start = guide.find("```fml\n") + 7;
  const auto library = test::compile(guide.substr(start, guide.find("```", start) - start));
  ASSERT_TRUE(library.ok()) << library.error().message;
  World world = test::plain_world();
  world.now = *instant_from("2026-11-22T09:00:00Z");
  const test::Ran ran =
      test::run(**library, "http://example.org/fhir/StructureMap/example", {R"({"resourceType":"Observation",
    "id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1-2"},{"system":"x","code":"y"}]},
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"survey"}]}],
    "issued":"2020-01-02T03:04:05Z","valueQuantity":{"value":5.0,"unit":"mg"}})"},
                world);
  EXPECT_EQ(ran.error, "");
  EXPECT_EQ(
      ran.json,
      R"({"resourceType":"Basic","id":"o1","implicitRules":"urn:o1","language":"form","extension":[{"url":"urn:value",)"
      R"("valueString":"5.0 mg"}],"code":{"text":"1-2"},"created":"2020-01-02"})");
}

TEST(Language, ImportsMayHoldAStar) {
  const std::vector<MapText> maps = {{"a.map", R"(map "http://example.org/map" = "A"
        imports "http://example.org/lib/*"
        group g(source s : Patient, target t : Patient) { s.id as i -> t then lib(i, t); })"},
                                     {"b.map", R"(map "http://example.org/lib/b" = "B"
        group lib(source i, target t : Patient) { i -> t.id = i; })"},
                                     {"c.map", R"(map "http://example.org/other" = "C"
        group lib(source i, target t : Patient) { i -> t.id = 'wrong'; })"}};
  const auto library = Library::compile(maps, test::r4());
  ASSERT_TRUE(library.ok()) << library.error().message;
  EXPECT_EQ(test::run(**library, test::kUrl, {kSource}).json, R"({"resourceType":"Patient","id":"p1"})");
}

}  // namespace
}  // namespace bhi::mapping
