#include "fhir/json.h"

#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

namespace bhi::fhir {
namespace {

using namespace std::string_literals;

DocumentPtr read(std::string text, const ReadLimits& limits = {}) {
  auto document = read_json(std::move(text), limits);
  EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().message);
  return document.ok() ? *document : nullptr;
}

std::string refusal(std::string text, const ReadLimits& limits = {}) {
  const auto document = read_json(std::move(text), limits);
  if (document.ok()) return "accepted";
  EXPECT_EQ(document.error().kind, Kind::Incorrect);
  return document.error().message;
}

TEST(Json, KeepsTheDigitsOfNumbersAndTheOrderOfMembers) {
  const std::string text =
      R"({"resourceType":"Patient","b":1.50,"a":-0.00e+7,"_birthDate":{"id":"x"},"list":[null,true,{}]})";
  const auto document = read(text);
  EXPECT_EQ(write_json(document->root()), text);
  EXPECT_EQ(resource_type(document->root()), "Patient");
  EXPECT_EQ(document->root().find("b")->text(), "1.50");
}

TEST(Json, UnescapesAndEscapes) {
  const auto document = read(R"({"a":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t\u0001"})");
  EXPECT_EQ(document->root().text_of("a"), "\u00e9\U0001F600\"\\/\b\f\n\r\t\x01");
  EXPECT_EQ(write_json(document->root()), "{\"a\":\"\u00e9\U0001F600\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"}");
}

TEST(Json, SaysLineColumnAndPathOfAnError) {
  EXPECT_EQ(refusal("{\"resourceType\": \"Patient\",\n \"name\": [{\"family\": \"A\\nB\"}, {\"family\": ]}\n"),
            "line 2, column 42: expected a value, found ']' (at Patient.name[1].family)");
  EXPECT_EQ(refusal(R"({"resourceType": "Patient", "name": [{"family": "A"}, {)"
                    "}"),
            "line 1, column 57: expected ',' or ']', found the end of the text (at Patient.name[2])");
  EXPECT_EQ(refusal(R"({"resourceType": "Patient", "name": [{7}]})"),
            "line 1, column 39: expected a name in quotation marks, found '7' (at Patient.name[0])");
  EXPECT_EQ(refusal(R"({"contained": [{"resourceType": "Patient", "name": ]}]})"),
            "line 1, column 52: expected a value, found ']' (at contained[0].name)");
  EXPECT_EQ(refusal("{\"a\": 1"), "line 1, column 8: expected ',' or '}', found the end of the text");
  EXPECT_EQ(refusal("[1]"), "line 1, column 1: expected an object, found another value");
}

TEST(Json, RefusesRepeatedNamesAfterUnescaping) {
  EXPECT_NE(refusal(R"({"a":1,"\u0061":2})").find("found one twice"), std::string::npos);
  std::string many = "{";
  for (int i = 0; i < 5000; ++i) many += "\"n" + std::to_string(i) + "\":1,";
  EXPECT_NE(refusal(many + "\"n77\":2}").find("found one twice"), std::string::npos);
  EXPECT_EQ(refusal(many + "\"other\":2}"), "accepted");
}

TEST(Json, RefusesNulByteOrderMarkAndHalfSurrogates) {
  EXPECT_NE(refusal("{\"a\":1}\0{"s), "accepted");
  EXPECT_NE(refusal("{\"a\":1\0}"s), "accepted");
  EXPECT_NE(refusal("\xef\xbb\xbf{}"), "accepted");
  EXPECT_NE(refusal("\xef\xbb{}"), "accepted");
  EXPECT_NE(refusal(R"({"a":"\u0000"})"), "accepted");
  EXPECT_NE(refusal(R"({"a":"\ude00"})"), "accepted");
  EXPECT_NE(refusal(R"({"a":"\ud83d"})"), "accepted");
  EXPECT_NE(refusal("{\"a\":\"0123456789abcdef\x1c\"}"), "accepted");
  EXPECT_NE(refusal("{\"a\":\"\xc0\xaf\"}"), "accepted");
}

TEST(Json, NamesTheLimitThatIsReached) {
  EXPECT_NE(refusal("{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}").find("max_depth"),
            std::string::npos);
  EXPECT_EQ(refusal("{\"a\":" + std::string(63, '[') + std::string(63, ']') + "}"), "accepted");
  EXPECT_NE(refusal("{\"a\":[1,2,3]}", {.max_values = 4}).find("max_values"), std::string::npos);
  EXPECT_EQ(refusal("{\"a\":[1,2,3]}", {.max_values = 5}), "accepted");
  EXPECT_NE(refusal("{}  ", {.max_bytes = 3}).find("max_bytes"), std::string::npos);
}

TEST(Json, HashesContentWithoutMetaAndText) {
  const auto one = read(R"({"resourceType":"Goal","id":"1","meta":{"versionId":"1"},"a":1,"b":{"x":1,"y":2}})");
  const auto two = read(R"({"resourceType":"Goal","id":"1","b":{"y":2,"x":1},"a":1,"text":{"status":"generated"}})");
  const auto three = read(R"({"resourceType":"Goal","id":"1","b":{"y":2,"x":1},"a":1.0})");
  EXPECT_EQ(content_hash(one->root()), content_hash(two->root()));
  EXPECT_NE(content_hash(one->root()), content_hash(three->root()));
  EXPECT_EQ(content_hash(one->root()).size(), 64u);
}

std::string hash_of(std::string text);

TEST(Json, HashesTheSecurityLabels) {
  const std::string open = hash_of(R"({"resourceType":"Goal","id":"1","meta":{"versionId":"1"}})");
  const std::string labelled =
      hash_of(R"({"resourceType":"Goal","id":"1","meta":{"versionId":"2","security":[{"code":"R"}]}})");
  EXPECT_NE(open, labelled);
  EXPECT_NE(labelled, hash_of(R"({"resourceType":"Goal","id":"1","meta":{"security":[{"code":"V"}]}})"));
  EXPECT_EQ(labelled, hash_of(R"({"resourceType":"Goal","meta":{"security":[{"code":"R"}],"source":"x"},"id":"1"})"));
}

std::string hash_of(std::string text) { return content_hash(read(std::move(text))->root()); }

TEST(Json, HashesTheSameWhateverTheOrderOfNamesTheWhiteSpaceAndTheEscapes) {
  const std::string hash = hash_of(R"({"resourceType":"Goal","a":{"x":[1,{"p":1,"q":"\u00e9/"}],"y":true},"b":null})");
  EXPECT_EQ(hash, hash_of(R"({"b":null,"a":{"y":true,"x":[1,{"q":"é\/","p":1}]},"resourceType":"Goal"})"));
  EXPECT_EQ(hash, hash_of("{ \"b\" : null,\r\n\t\"a\":{\"y\":true,\"x\":[ 1 ,{\"q\":\"\u00e9/\",\"p\":1}]} ,"
                          "\"resourceType\":\"Goal\"}\n"));
}

TEST(Json, HashesEveryDigitAndTheOrderOfLists) {
  const std::string hash = hash_of(R"({"resourceType":"Goal","v":1.0,"l":["a","b"]})");
  for (const char* other :
       {R"({"resourceType":"Goal","v":1.00,"l":["a","b"]})", R"({"resourceType":"Goal","v":1,"l":["a","b"]})",
        R"({"resourceType":"Goal","v":"1.0","l":["a","b"]})", R"({"resourceType":"Goal","v":1.0,"l":["b","a"]})",
        R"({"resourceType":"Goal","v":1.0,"l":["a","b"],"_v":{"id":"x"}})",
        R"({"resourceType":"Goal","id":"1","v":1.0,"l":["a","b"]})",
        R"({"resourceType":"Task","v":1.0,"l":["a","b"]})"}) {
    EXPECT_NE(hash, hash_of(other)) << other;
  }
}

TEST(Json, LeavesMetaAndTextOutOfTheHashOnlyAtTheTop) {
  const std::string hash = hash_of(R"({"resourceType":"Goal","contained":[{"resourceType":"Patient"}]})");
  EXPECT_EQ(hash, hash_of(R"({"resourceType":"Goal","meta":{"versionId":"2"},"text":{"status":"generated"},
                              "contained":[{"resourceType":"Patient"}]})"));
  EXPECT_NE(hash, hash_of(R"({"resourceType":"Goal","contained":[{"resourceType":"Patient","meta":{"tag":[]}}]})"));
  EXPECT_NE(hash, hash_of(R"({"resourceType":"Goal","contained":[{"resourceType":"Patient","text":{}}]})"));
  EXPECT_NE(hash_of(R"({"resourceType":"Observation","code":{"text":"a"}})"),
            hash_of(R"({"resourceType":"Observation","code":{"text":"b"}})"));
}

TEST(Json, WritesTheCanonicalFormByNameWithTheDigitsAsGiven) {
  EXPECT_EQ(write_canonical_json(read(R"({"b":[2.50,1e3],"_b":[],"B":"\u0041\n\/","a":{"d":{},"c":-0.0}})")->root()),
            R"({"B":"A\n/","_b":[],"a":{"c":-0.0,"d":{}},"b":[2.50,1e3]})");
}

TEST(Json, AgreesWithTheParsingTestSuite) {
  BHI_NEEDS_FIXTURES("json_test_suite/test_parsing");
  const ReadLimits plain{.refuse_repeated_names = false, .refuse_nul = false, .require_object = false};
  int accepted = 0;
  int refused = 0;
  for (const auto& path : test::files_below(test::fixtures() / "json_test_suite" / "test_parsing", ".json")) {
    const std::string name = path.filename();
    const bool ok = read_json(test::read_file(path), plain).ok();
    const bool must_accept = name.starts_with("y_");
    const bool must_refuse = name.starts_with("n_");
    EXPECT_FALSE(must_accept && !ok) << name;
    EXPECT_FALSE(must_refuse && ok) << name;
    accepted += must_accept && ok;
    refused += must_refuse && !ok;
  }
  EXPECT_EQ(accepted, 95);
  EXPECT_EQ(refused, 188);
}

}  // namespace
}  // namespace bhi::fhir
