// StructureMap/$transform over a socket: by url, by id, with maps of one's own, and every way to be told no.
#include "fhir/json.h"
#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

constexpr const char* kPatient = R"({"resourceType":"Patient","id":"p1","birthDate":"1950","name":[{"text":"Kim"}]})";
constexpr const char* kCare = R"({"name":"Kim","birthDate":"1950","active":true,"deceased":false})";
constexpr const char* kUrl = "http://bhi-adapter.org/fhir/StructureMap/patient-to-care";
constexpr const char* kFml =
    "/// url = 'http://example.org/StructureMap/one'\\nuses \\\"http://hl7.org/fhir/StructureDefinition/Patient\\\" "
    "alias Patient as source\\nuses \\\"http://hl7.org/fhir/StructureDefinition/Person\\\" alias Person as target\\n"
    "group G(source s : Patient, target t : Person) {\\n  s.id as i -> t.id = i;\\n}";

std::string parameters(const std::string& more) {
  return R"({"resourceType":"Parameters","parameter":[)" + more + "]}";
}
std::string content(const std::string& resource, const std::string& name = "content") {
  return R"({"name":")" + name + R"(","resource":)" + resource + "}";
}
std::string source(const std::string& url) { return R"({"name":"source","valueUri":")" + url + "\"}"; }

class TransformTest : public DaemonTest {
 protected:
  std::string transform(const std::string& body, const std::string& where = "$transform",
                        const std::string& fields = "") {
    return ask("POST", "/fhir/StructureMap/" + where, body, "Content-Type: application/fhir+json\r\n" + fields);
  }
};

TEST_F(TransformTest, RunsAMapByItsUrl) {
  start();
  const auto answer = transform(parameters(source(kUrl) + "," + content(kPatient)));
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("application/fhir+json"), std::string::npos);
  EXPECT_EQ(body_of(answer), kCare);
  EXPECT_EQ(body_of(transform(kPatient, "$transform?source=" + std::string(kUrl))), kCare);
  EXPECT_EQ(body_of(transform(kPatient, "%24transform?source=" + std::string(kUrl) + "%7C1.0")), kCare);
}

TEST_F(TransformTest, RunsAMapByItsIdAndStoresNothing) {
  start();
  EXPECT_EQ(body_of(transform(kPatient, "patient-to-care/$transform")), kCare);
  EXPECT_EQ(body_of(transform(parameters(content(kPatient)), "patient-to-care/$transform")), kCare);
  EXPECT_EQ(status_of(ask("GET", "/fhir/Patient/p1")), 404);
  EXPECT_EQ(body_of(ask("GET", "/care/patients")).find("Kim"), std::string::npos);
}

TEST_F(TransformTest, TakesSeveralSourcesByOrderOrName) {
  start();
  const std::string response =
      R"({"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"a","answer":[{"valueInteger":2}]}]})";
  const std::string form =
      R"({"resourceType":"Questionnaire","status":"active","item":[{"linkId":"a","type":"integer","text":"How?"}]})";
  const std::string where = "questionnaire-response-to-care/$transform";
  const std::string expected =
      R"({"status":"completed","items":[{"linkId":"a","text":"How?","type":"integer","answers":[{"number":2}]}]})";
  EXPECT_EQ(body_of(transform(parameters(content(response) + "," + content(form)), where)), expected);
  EXPECT_EQ(body_of(transform(parameters(content(form, "form") + "," + content(response)), where)), expected);
  EXPECT_EQ(status_of(transform(parameters(content(response)), where)), 200) << "an absent source";
  const auto wrong = transform(parameters(content(form, "fro") + "," + content(response)), where);
  EXPECT_EQ(status_of(wrong), 422);
  EXPECT_NE(wrong.find("did you mean `form`"), std::string::npos) << wrong;
}

TEST_F(TransformTest, ResolvesAmongWhatIsSent) {
  start();
  const std::string request =
      R"({"resourceType":"MedicationRequest","status":"active","intent":"order","medicationReference":{"reference":"#m"},)"
      R"("contained":[{"resourceType":"Medication","id":"m","code":{"text":"Sertraline"}}]})";
  EXPECT_EQ(body_of(transform(request, "medication-request-to-care/$transform")),
            R"({"status":"active","intent":"order","text":"Sertraline"})");
}

TEST_F(TransformTest, RunsAMapThatIsSentAlong) {
  start();
  const auto fml = [](const std::string& text) { return R"({"name":"srcMap","valueString":")" + text + "\"}"; };
  EXPECT_EQ(body_of(transform(parameters(fml(kFml) + "," + content(kPatient)))),
            R"({"resourceType":"Person","id":"p1"})");
  std::string broken = kFml;
  broken.replace(broken.find("t.id"), 4, "t.idd");
  const auto refused = transform(parameters(fml(broken) + "," + content(kPatient)));
  EXPECT_EQ(status_of(refused), 422);
  EXPECT_NE(refused.find("srcMap:5:16: rule 'id': expected an element of Person, found 'idd'"), std::string::npos)
      << refused;
  const std::string json =
      R"({"resourceType":"StructureMap","url":"http://example.org/StructureMap/j","name":"J","status":"draft",)"
      R"("structure":[{"url":"http://hl7.org/fhir/StructureDefinition/Patient","mode":"source","alias":"Patient"},)"
      R"({"url":"http://hl7.org/fhir/StructureDefinition/Person","mode":"target","alias":"Person"}],)"
      R"("group":[{"name":"G","typeMode":"none","input":[{"name":"s","type":"Patient","mode":"source"},)"
      R"({"name":"t","type":"Person","mode":"target"}],"rule":[{"name":"id","source":[{"context":"s","element":"id","variable":"i"}],)"
      R"("target":[{"context":"t","contextType":"variable","element":"id","transform":"copy","parameter":[{"valueId":"i"}]}]}]}]})";
  EXPECT_EQ(body_of(transform(parameters(content(kPatient) + "," + content(json, "sourceMap")))),
            R"({"resourceType":"Person","id":"p1"})");
  EXPECT_EQ(status_of(transform(parameters(content(json, "supportingMap") + "," + content(kPatient)))), 400);
}

TEST_F(TransformTest, SaysWhatIsWrong) {
  start();
  EXPECT_EQ(status_of(transform(kPatient)), 400);
  EXPECT_EQ(status_of(transform("{", "$transform")), 400);
  EXPECT_EQ(status_of(transform(parameters(source("http://example.org/gone") + "," + content(kPatient)))), 404);
  EXPECT_EQ(status_of(transform(kPatient, "gone/$transform")), 404);
  EXPECT_EQ(status_of(transform(kPatient, "patient-to-care/$transform?maps=gone")), 404);
  EXPECT_EQ(status_of(transform(parameters(source(kUrl)))), 422);
  EXPECT_EQ(status_of(transform(parameters(R"({"name":"source"})"))), 400);
  EXPECT_EQ(status_of(ask("GET", "/fhir/StructureMap/patient-to-care/$transform")), 405);
  EXPECT_EQ(status_of(ask("POST", "/fhir/StructureMap/$transform", kPatient, "Content-Type: text/plain\r\n")), 415);
  const auto other = transform(R"({"resourceType":"Group","id":"secret-7"})", "patient-to-care/$transform");
  EXPECT_EQ(status_of(other), 422);
  EXPECT_NE(other.find("patient.map:9:1: group 'PatientToCare': expected Patient for source 'patient', found Group"),
            std::string::npos)
      << other;
  EXPECT_EQ(other.find("secret-7"), std::string::npos);
}

TEST_F(TransformTest, TellsTheIssuesWhenAsked) {
  start();
  const std::string episode = R"({"resourceType":"EpisodeOfCare","status":"paused"})";
  const auto answer = body_of(transform(episode, "episode-to-care/$transform?issues=true"));
  EXPECT_NE(answer.find(R"("name":"return","resource":{})"), std::string::npos) << answer;
  EXPECT_NE(answer.find("concept map 'states'"), std::string::npos) << answer;
}

TEST_F(TransformTest, KeepsMapsOfOnesOwnForOperatorsAndStopsAtLimits) {
  settings.limits.max_body_bytes = 4096;
  for (const auto& [name, role] : {std::pair{"ehr", Role::Ehr}, std::pair{"app", Role::BhiApp}}) {
    settings.tokens.push_back({name, role, sha256(std::string(name) + "-token"), ""});
  }
  start();
  for (const std::string name : {"ehr", "app"}) {
    const std::string token = "Authorization: Bearer " + name + "-token\r\n";
    EXPECT_EQ(status_of(transform(kPatient, "patient-to-care/$transform", token)), 200);
    const auto own = parameters(R"({"name":"srcMap","valueString":")" + std::string(kFml) + "\"}," + content(kPatient));
    EXPECT_EQ(status_of(transform(own, "$transform", token)), 403);
  }
  EXPECT_EQ(status_of(transform(kPatient, "patient-to-care/$transform")), 401);
  const std::string token = "Authorization: Bearer app-token\r\n";
  EXPECT_EQ(status_of(transform(std::string(5000, ' '), "patient-to-care/$transform", token)), 413);
}

TEST_F(TransformTest, ListsTheMaps) {
  start();
  const auto list = body_of(ask("GET", "/fhir/StructureMap"));
  EXPECT_NE(list.find("\"total\":" + std::to_string(core_maps()) + ","), std::string::npos) << list;
  const auto one = body_of(ask("GET", "/fhir/StructureMap?url=" + std::string(kUrl)));
  EXPECT_NE(one.find("\"total\":1"), std::string::npos) << one;
  const auto read = ask("GET", "/fhir/StructureMap/patient-to-care");
  EXPECT_EQ(status_of(read), 200);
  const auto whole = fhir::read_json(body_of(read));
  ASSERT_TRUE(whole.ok()) << body_of(read);
  EXPECT_EQ((*whole)->root().text_of("id"), "patient-to-care");
  EXPECT_EQ((*whole)->root().text_of("url"), kUrl);
  EXPECT_EQ(body_of(transform(parameters(content(body_of(read), "sourceMap") + "," + content(kPatient)))), kCare)
      << "what is given runs again";
  EXPECT_EQ(status_of(ask("GET", "/fhir/StructureMap/gone")), 404);
  EXPECT_NE(body_of(ask("GET", "/fhir/metadata")).find("OperationDefinition/StructureMap-transform"),
            std::string::npos);
}

}  // namespace
}  // namespace bhi::service::test
