// FHIR's XML form: what is read, what is refused, and that nothing gets lost between XML and JSON.
#include "fhir/xml.h"

#include "fhir/bundle.h"
#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

namespace bhi::fhir {
namespace {

std::string patient(std::string_view inside) {
  return "<Patient xmlns=\"http://hl7.org/fhir\">" + std::string(inside) + "</Patient>";
}

std::string json_of(const std::string& xml) {
  const auto document = read_xml(xml);
  return document.ok() ? write_json((*document)->root()) : document.error().message;
}

std::string fault_of(const std::string& xml, const ReadLimits& limits = {}) {
  const auto document = read_xml(xml, limits);
  if (document.ok()) return "read: " + write_json((*document)->root());
  EXPECT_EQ(document.error().kind, Kind::Incorrect);
  return document.error().message;
}

std::string xml_of(const std::string& json) {
  const auto document = read_json(json);
  EXPECT_TRUE(document.ok());
  const auto written = write_xml((*document)->root());
  if (!written.ok()) return written.error().message;
  return written->substr(written->find('\n') + 1);
}

TEST(Xml, ReadsPrimitivesAsTheKindThatJsonHas) {
  EXPECT_EQ(json_of(patient("<id value=\"p\"/><active value=\"true\"/><multipleBirthInteger value=\"2\"/>")),
            R"({"resourceType":"Patient","id":"p","active":true,"multipleBirthInteger":2})");
  EXPECT_EQ(json_of("<Observation xmlns=\"http://hl7.org/fhir\"><valueQuantity><value "
                    "value=\"1.50\"/></valueQuantity></Observation>"),
            R"({"resourceType":"Observation","valueQuantity":{"value":1.50}})");
}

TEST(Xml, KeepsAValueThatDoesNotFitItsTypeAsText) {
  const std::string period = patient("<name><period value=\"2020\"/></name>");
  EXPECT_EQ(json_of(period), R"({"resourceType":"Patient","name":[{"period":"2020"}]})");
  EXPECT_EQ(xml_of(json_of(period)), period);
  EXPECT_EQ(json_of(patient("<active value=\"yes\"/><multipleBirthInteger value=\"02\"/>")),
            R"({"resourceType":"Patient","active":"yes","multipleBirthInteger":"02"})");
}

TEST(Xml, GathersRepetitionsInArraysWithTheirCompanionsAligned) {
  EXPECT_EQ(
      json_of(patient("<name id=\"n\"><given value=\"A\"/><given id=\"x\"/><given value=\"C\"><extension url=\"u\">"
                      "<valueCode value=\"c\"/></extension></given></name>")),
      R"({"resourceType":"Patient","name":[{"id":"n","given":["A",null,"C"],)"
      R"("_given":[null,{"id":"x"},{"extension":[{"url":"u","valueCode":"c"}]}]}]})");
  EXPECT_EQ(json_of(patient("<birthDate><extension url=\"u\"><valueBoolean value=\"true\"/></extension></birthDate>")),
            R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueBoolean":true}]}})");
}

TEST(Xml, KeepsTheDivAsItIsWritten) {
  EXPECT_EQ(json_of(patient("<text><status value=\"empty\"/><div xmlns=\"http://www.w3.org/1999/xhtml\">a <b>&lt;</b>"
                            "<!-- c --> <br/></div></text>")),
            R"({"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)"
            R"(a <b>&lt;</b><!-- c --> <br/></div>"}})");
}

TEST(Xml, ReadsResourcesWithinResources) {
  EXPECT_EQ(json_of(patient("<contained><Organization><id value=\"o\"/></Organization></contained>")),
            R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]})");
  EXPECT_EQ(json_of("<Bundle xmlns=\"http://hl7.org/fhir\"><entry><resource><Patient/></resource></entry></Bundle>"),
            R"({"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}]})");
}

TEST(Xml, ReadsPrefixesCommentsInstructionsAndAByteOrderMark) {
  EXPECT_EQ(
      json_of("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- c --><?go on?>"
              "<f:Patient xmlns:f=\"http://hl7.org/fhir\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
              "xsi:schemaLocation=\"a b\"><!-- d --><f:id value='&#x70;&amp;'/></f:Patient>\n"),
      R"({"resourceType":"Patient","id":"p&"})");
}

TEST(Xml, PassesOverAStrayBracket) {
  EXPECT_EQ(json_of(patient("<name><family value=\"A\"/>></name>>")),
            R"({"resourceType":"Patient","name":[{"family":"A"}]})");
}

TEST(Xml, SaysLineColumnAndPathOfAFault) {
  EXPECT_EQ(fault_of(patient("\n  <name>\n    <gvien value=\"A\"/></name>")),
            "line 3, column 5: expected an element of HumanName, found another one (at Patient.name[0])");
  EXPECT_EQ(fault_of("\xef\xbb\xbf" + patient("\n<telecom/>")),
            "line 2, column 1: expected an element with content, found an empty one (at Patient.telecom[0])");
  EXPECT_EQ(fault_of(patient("<status value=\"a\"/>")),
            "line 1, column 38: expected an element of Patient, found 'status' (at Patient)");
}

// Each text and a part of what is said about it.
const std::pair<std::string, std::string> kRefused[] = {
    {"", "expected an element"},
    {"<Patient/>", "expected namespace"},
    {"<Patient xmlns=\"http://hl7.org/v3\"/>", "expected namespace"},
    {"<Patent xmlns=\"http://hl7.org/fhir\"/>", "expected a resource type of R4"},
    {"<Resource xmlns=\"http://hl7.org/fhir\"/>", "expected a resource type of R4"},
    {patient("") + patient(""), "expected the end of the text"},
    {patient("") + "x", "expected an element"},
    {patient("<active value=\"true\"/><active value=\"true\"/>"), "found it twice"},
    {patient("<name><family value=\"a\"/></name><active value=\"true\"/><name><family value=\"b\"/></name>"),
     "one after the other"},
    {patient("<active/>"), "expected a value"},
    {patient("<active value=\"true\" valeu=\"\"/>"), "expected no attribute"},
    {patient("<active value=\"true\" value=\"true\"/>"), "found one twice"},
    {patient("<active value=\"true\">x</active>"), "found text"},
    {patient("<deceased value=\"true\"/>"), "found 'deceased'"},
    {patient("<active xmlns=\"urn:x\" value=\"true\"/>"), "expected namespace"},
    {patient("<name><id value=\"x\"/></name>"), "found 'id'"},
    {patient("<contained/>"), "expected a resource"},
    {patient("<contained><Patient/><Patient/></contained>"), "found several"},
    {patient("<text><div>x</div></text>"), "expected namespace http://www.w3.org/1999/xhtml"},
    {patient("<text><h:div xmlns:h=\"http://www.w3.org/1999/xhtml\">x</h:div></text>"), "declared elsewhere"},
    {patient("<active value=\"&x;\"/>"), "five entities"},
    {patient("<active value=\"&#0;\"/>"), "five entities"},
    {patient("<active value=\"&#xD800;\"/>"), "five entities"},
    {patient("<active value=\"a & b\"/>"), "five entities"},
    {patient("<active value=\"<\"/>"), "closing quotation mark"},
    {patient("<active value=true/>"), "quotation mark"},
    {patient("<active value=\"\x01\"/>"), "a character that XML allows"},
    {patient("<active value=\"\xff\"/>"), "expected UTF-8"},
    {patient("<name></nam>"), "end tag of the open element"},
    {patient("<!-- a -- b -->"), "'-->'"},
    {patient("<?xml version=\"1.0\"?>"), "at the very beginning"},
    {patient("<![CDATA[x]]>"), "found text"},
    {"<Patient xmlns=\"http://hl7.org/fhir\">", "found the end of the text"},
    {"<?xml version=\"1.1\"?>" + patient(""), "XML 1.0"},
    {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + patient(""), "encoding UTF-8"},
    {"<!DOCTYPE Patient>" + patient(""), "no document type"},
    {"<?xml version=\"1.0\"?>\n<!DOCTYPE p [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" +
         patient("<id value=\"&b;\"/>"),
     "no document type"},
    {"<!-- c --><!doctype p SYSTEM \"file:///etc/passwd\">" + patient(""), "no document type"},
    {patient("<!ENTITY a \"b\">"), "found a declaration"},
    {std::string("\xff\xfe<\0P\0", 6), "expected UTF-8"},
};

TEST(Xml, RefusesWhatIsNoFhirXml) {
  for (const auto& [text, expected] : kRefused)
    EXPECT_NE(fault_of(text).find(expected), std::string::npos) << text << "\n" << fault_of(text);
}

TEST(Xml, NeverRepeatsWhatTheSenderWrote) {
  for (const std::string& text :
       {patient("<MrsMiller value=\"x\"/>"), patient("<active MrsMiller=\"x\"/>"), "<MrsMiller/>" + std::string(),
        patient("<active value=\"&MrsMil;\"/>"), patient("MrsMiller"), patient("<name></MrsMiller>")}) {
    EXPECT_EQ(fault_of(text).find("Mrs"), std::string::npos) << text;
  }
}

TEST(Xml, HonoursTheLimits) {
  std::string nested = "<valueCode value=\"x\"/>";
  for (int i = 0; i < 40; ++i) nested = "<extension url=\"u\">" + nested + "</extension>";
  EXPECT_NE(fault_of(patient(nested)).find("max_depth"), std::string::npos);
  EXPECT_TRUE(read_xml(patient(nested), {.max_depth = 100}).ok());
  std::string deep(200'000, ' ');
  for (std::size_t i = 0; i < deep.size(); i += 4) deep.replace(i, 4, "<a >");
  EXPECT_NE(fault_of(patient(deep), {.max_depth = 100'000}).find("1000 levels"), std::string::npos);
  EXPECT_NE(fault_of(patient(""), {.max_bytes = 10}).find("max_bytes"), std::string::npos);
  EXPECT_NE(fault_of(patient("<active value=\"true\"/>"), {.max_values = 3}).find("max_values"), std::string::npos);
  std::string attributes;
  for (int i = 0; i < 100; ++i) attributes += " a" + std::to_string(i) + "=\"\"";
  EXPECT_NE(fault_of(patient("<active" + attributes + "/>")).find("at most 32 attributes"), std::string::npos);
}

TEST(Xml, WhatIsReadCanBeReadAgainAsJson) {
  std::string nested = "<valueDecimal value=\"1e99\"/>";
  for (int i = 0; i < 31; ++i) nested = "<extension url=\"u\">" + nested + "</extension>";
  const auto document = read_xml(patient(nested));
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_TRUE(read_json(write_json((*document)->root())).ok());
  for (const char* number : {"1e999", "-0.0", "12E+3", "1.", ".5", "+1", "--1", "1e", "0x1"}) {
    const auto one =
        read_xml(patient(std::string("<extension url=\"u\"><valueDecimal value=\"") + number + "\"/></extension>"));
    ASSERT_TRUE(one.ok()) << number;
    const auto again = read_json(write_json((*one)->root()));
    ASSERT_TRUE(again.ok()) << number;
    EXPECT_TRUE(same((*one)->root(), (*again)->root())) << number;
  }
}

TEST(Xml, WritesElementsInTheOrderOfTheDefinitions) {
  EXPECT_EQ(
      xml_of(
          R"({"birthDate":"1970-03-01","_birthDate":{"id":"b"},"name":[{"given":["A",null],"_given":[null,{"id":"x"}],)"
          R"("family":"B","id":"n"}],"id":"p","resourceType":"Patient","active":true})"),
      "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"p\"/><active value=\"true\"/><name id=\"n\"><family "
      "value=\"B\"/>"
      "<given value=\"A\"/><given id=\"x\"/></name><birthDate value=\"1970-03-01\" id=\"b\"/></Patient>");
}

TEST(Xml, KeepsEveryCharacterOfAText) {
  const std::string json =
      R"({"resourceType":"Patient","name":[{"text":" a\n\r\t<b> & \"c\" 'd' \u00e9\ud83d\ude00 "}]})";
  const auto first = read_json(json).value();
  const auto second = read_xml(write_xml(first->root()).value());
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(same(first->root(), (*second)->root()));
}

TEST(Xml, WritesNothingThatXmlCannotSay) {
  EXPECT_EQ(xml_of(R"({"resourceType":"Patient","nonsense":1})"),
            "Patient: expected elements of Patient, found another one");
  EXPECT_EQ(xml_of(R"({"resourceType":"Patient","active":null})"), "Patient.active: expected a value, found null");
  EXPECT_EQ(xml_of(R"({"resourceType":"Patient","name":{"family":"a"}})"),
            "Patient.name: expected a list, found a single value");
  EXPECT_EQ(xml_of(R"({"resourceType":"Patient","active":[true]})"),
            "Patient.active: expected a primitive value, found an object or a list");
  EXPECT_EQ(xml_of(R"({"resourceType":"Patient","name":[{"family":"\u0001"}]})"),
            "Patient.name[0].family: expected characters that XML allows, found another one");
  EXPECT_EQ(xml_of(R"({"id":"x"})"), "expected a resource of R4, found something else");
  for (const char* div : {"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"></div><x/>", "<div>a</div>", "text", "<div",
                          "<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">&nbsp;</div>"}) {
    EXPECT_NE(xml_of(R"({"resourceType":"Patient","text":{"div":")" + std::string(div) + "\"}}")
                  .find("Patient.text.div: expected one well-formed"),
              std::string::npos)
        << div;
  }
}

TEST(Xml, IsToldFromJsonByItsFirstCharacter) {
  EXPECT_TRUE(read_document("\n " + patient("")).ok());
  EXPECT_TRUE(read_document("\xef\xbb\xbf" + patient("")).ok());
  EXPECT_TRUE(read_document("\n {\"resourceType\":\"Patient\"}").ok());
  EXPECT_NE(read_document("").ok(), true);
}

TEST(Xml, LeavesOutOfABundleOnlyTheEntryThatIsWrong) {
  const std::string text =
      "<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"collection\"/>"
      "<entry><resource><Patient><id value=\"a\"/></Patient></resource></entry>\n"
      "<entry><resource><Patient><name><nick value=\"MrsMiller\"/></name></Patient></resource></entry>"
      "<entry><resource><Patent/></resource></entry>"
      "<entry><fullUrl value=\"urn:uuid:1\"/><resource><SubscriptionTopic/></resource></entry>"
      "<entry><resource><Patient><id value=\"b\"/></Patient></resource></entry></Bundle>";
  Issues left_out;
  const auto document = read_xml(text, {}, &left_out);
  ASSERT_TRUE(document.ok()) << document.error().message;
  ASSERT_EQ(left_out.size(), 3u);
  EXPECT_EQ(left_out[0].path, "Bundle.entry[1].resource.name[0]");
  EXPECT_EQ(left_out[0].text, "line 2, column 33: expected an element of HumanName, found another one");
  EXPECT_EQ(left_out[1].path, "Bundle.entry[2].resource");
  EXPECT_EQ(left_out[2].code, "not-supported");

  Arena arena;
  const auto entries = split((*document)->root(), arena, left_out).value();
  ASSERT_EQ(entries.entries.size(), 2u);
  EXPECT_EQ(entries.entries[1].resource.text_of("id"), "b");
  EXPECT_EQ(entries.issues, left_out);
  EXPECT_EQ(split((*document)->root(), arena).value().issues.size(), 3u)
      << "who forgets them learns of them all the same";
  EXPECT_FALSE(read_xml(text).ok());
}

TEST(Xml, LeavesNothingOutForOtherFaults) {
  const auto refused = [](std::string_view inside, const ReadLimits& limits) {
    Issues left_out;
    const auto document =
        read_xml("<Bundle xmlns=\"http://hl7.org/fhir\">" + std::string(inside) + "</Bundle>", limits, &left_out);
    EXPECT_TRUE(left_out.empty());
    return !document.ok();
  };
  EXPECT_TRUE(
      refused("<entry><resource><Patient><active value=\"true\"/></Patient></resource></entry>", {.max_values = 5}));
  EXPECT_TRUE(refused("<entry><nonsense/><resource><Patient/></resource></entry>", {}))
      << "of the entry, not its resource";
  EXPECT_TRUE(refused("<entry><resource><Patient></resource></entry>", {})) << "broken XML";
}

}  // namespace
}  // namespace bhi::fhir
