#include "service/openapi.h"

#include "service/collections.h"
#include "service/json_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace bhi::service {

namespace {

struct Word {
  std::string_view name;
  std::string_view schema;
  std::string_view meaning;
};

// Parameters of the query: where a route takes one, its line in the route table says `?name=`.
constexpr auto kQuery = std::to_array<Word>({
    {"after", R"({"type":"string"})", "the `next` of the page before; of events a seq, or `last`"},
    {"artifact", R"({"type":"string"})", "care-plan, screening-result or safety"},
    {"before", R"({"type":"integer"})", "the `next` of the page before"},
    {"destination", R"({"type":"string"})", "only to this EHR"},
    {"end", R"({"type":"string","format":"date"})", "last day"},
    {"flag", R"({"type":"string"})", "only rows with this flag (`caseloadFlags` of /care/vocabulary)"},
    {"issues", R"({"type":"boolean"})", "answer with the issues too"},
    {"limit", R"({"type":"integer","minimum":1,"maximum":500})", "most elements of the answer"},
    {"maps", R"({"type":"string"})", "name of an overlay of maps"},
    {"member", R"({"type":"string"})", "only patients of this team member"},
    {"patient", R"({"type":"string"})", "only of this patient"},
    {"payer", R"({"type":"string"})", "a payer of the practice's profile"},
    {"population", R"({"type":"boolean"})", "only patients in the population"},
    {"preview", R"({"type":"boolean"})", "with the requests that would be sent"},
    {"role", R"({"type":"string"})", "only for this role"},
    {"since", R"({"type":"string","format":"date"})", "from this day on"},
    {"source", R"({"type":"string"})", "name of the source that sends"},
    {"start", R"({"type":"string","format":"date"})", "first day"},
    {"state", R"({"type":"string"})", "only in this state"},
    {"trouble", R"({"type":"string"})", "transient, auth, policy, content, person or dry-run"},
    {"until", R"({"type":"string","format":"date"})", "up to this day"},
    {"url", R"({"type":"string"})", "canonical of a map"},
    {"wait", R"({"type":"integer","minimum":0,"maximum":60})", "seconds to wait when there is nothing yet"},
});

// What a route answers with, where it is no collection: the member that holds the list (empty: the thing itself).
struct Answer {
  std::string_view route;
  std::string_view member;
  std::string_view schema;
};
constexpr auto kAnswers = std::to_array<Answer>({
    {"GET /care/billing/{month}", "billing", "BillingMonth"},
    {"GET /care/caseload", "caseload", "CaseloadRow"},
    {"GET /care/caseload/reminders", "reminders", "Reminder"},
    {"GET /care/caseload/statistics", "", "Statistics"},
    {"GET /care/events", "events", "Event"},
    {"GET /care/measures/{measure}", "verdicts", "Verdict"},
    {"GET /care/patients", "patients", "Patient"},
    {"GET /care/patients/{id}", "", "Patient"},
    {"GET /care/patients/{id}/billing/{month}", "", "BillingMonth"},
    {"GET /care/patients/{id}/timeline", "timeline", "Happening"},
    {"GET /care/review-facts", "facts", "ReviewFlag"},
    {"GET /care/safety", "safety", "SafetyEvent"},
    {"GET /care/safety/{id}", "", "SafetyEvent"},
    {"PATCH /care/patients/{id}/plans/{plan}", "", "CarePlan"},
    {"POST /care/patients/{id}/consents/{entry}/revoke", "", "Consent"},
    {"POST /care/patients/{id}/plans", "", "CarePlan"},
    {"POST /care/patients/{id}/screenings", "", "Screening"},
    {"POST /care/safety/{id}/acknowledge", "", "SafetyEvent"},
});

constexpr std::string_view kMore =
    R"("Event":{"type":"object","properties":{"seq":{"type":"integer","description":"order of commits, from 1, without gaps"},"at":{"type":"string","format":"date-time"},"patient":{"type":"string"},"kind":{"type":"string"},"id":{"type":"string"},"version":{"type":"integer"},"reason":{"type":"string"}},"required":["seq","at","kind","id","version"]},)"
    R"("Happening":{"type":"object","properties":{"at":{"type":"string","description":"as the entry states it; absent when it states no time"},"kind":{"type":"string"},"id":{"type":"string"},"text":{"type":"string"}},"required":["kind","id","text"]},)"
    R"("Statistics":{"type":"object","properties":{"statistics":{"$ref":"#/components/schemas/CaseloadStatistics"},"since":{"type":"string","format":"date"},"at":{"type":"string","format":"date-time"}}},)"
    R"("NewScreening":{"type":"object","required":["instrument","authored","items"],"properties":{"id":{"type":"string"},"instrument":{"type":"string"},"authored":{"type":"string","format":"date-time"},"items":{"type":"array","items":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"},"score":{"type":["integer","null"]}}}}}},)"
    R"("Revocation":{"type":"object","properties":{"reason":{"type":"string"}}},)"
    R"("Emergency":{"type":"object","required":["recipient","nature"],"properties":{"recipient":{"type":"string","description":"name of the medical personnel and where they work"},"nature":{"type":"string","description":"nature of the emergency"}}},)"
    R"("OperationOutcome":{"type":"object","description":"https://hl7.org/fhir/R4/operationoutcome.html","properties":{"resourceType":{"const":"OperationOutcome"},"issue":{"type":"array","items":{"type":"object","properties":{"severity":{"enum":["fatal","error","warning","information"]},"code":{"type":"string"},"diagnostics":{"type":"string"},"expression":{"type":"array","items":{"type":"string"}}}}}}})";

constexpr std::string_view kInfo =
    "The care model of a behavioral health integration: read it, enter what the team does, follow its changes. "
    "Every answer that went wrong is an OperationOutcome. Lists come in pages: `next` of one is `after` of the "
    "following, "
    "null at the end. An entry carries its version as ETag; who changes it sends it back as If-Match (428 without, 412 "
    "when "
    "somebody was faster). Ids of entries are the sender's, so that a repeated post is harmless (200; 409 when the id "
    "stands for something else). What the rules refuse is 422 with the issues, and nothing of the call is kept. "
    "What the caller may not see is left out and named in `redacted`.";

std::string ref(std::string_view schema) {
  return JsonObject().text("$ref", "#/components/schemas/" + std::string(schema)).str();
}

std::string content(std::string_view type, const std::string& schema, std::string_view example = {}) {
  JsonObject inside;
  inside.raw("schema", schema);
  if (!example.empty()) inside.raw("example", example);
  return JsonObject().raw(type, inside.str()).str();
}

std::string list_of(std::string_view member, std::string_view schema) {
  const std::string items = JsonObject().text("type", "array").raw("items", ref(schema)).str();
  const std::string next = R"({"type":["string","integer","null"],"description":"`after` of the next page"})";
  return JsonObject()
      .text("type", "object")
      .raw("properties", JsonObject().raw(member, items).raw("next", next).str())
      .str();
}

// One operation, with what is filled in for the {collection} of its pattern.
struct Place {
  const Route& route;
  std::string path;
  const Collection* collection = nullptr;
};

bool is_entry(const Place& place) { return place.path.find("/{entry}") != std::string::npos; }

std::string parameters(const Place& place) {
  std::vector<std::string> all;
  const auto add = [&](std::string_view name, std::string_view in, bool required, std::string_view schema,
                       std::string_view meaning) {
    JsonObject one;
    one.text("name", name).text("in", in).flag("required", required).raw("schema", schema);
    all.push_back(one.text_if("description", meaning).str());
  };
  constexpr std::string_view kText = R"({"type":"string"})";
  for (auto at = place.path.find('{'); at != std::string::npos; at = place.path.find('{', at + 1)) {
    add(place.path.substr(at + 1, place.path.find('}', at) - at - 1), "path", true, kText, "");
  }
  for (const Word& word : kQuery) {
    if (place.route.meaning.find("?" + std::string(word.name) + "=") != std::string_view::npos)
      add(word.name, "query", false, word.schema, word.meaning);
  }
  if (place.route.pattern.starts_with("/care"))
    add("X-BHI-Member", "header", false, kText,
        "id of the team member who acts; required once the practice has a team");
  if (place.route.method == "PUT" || place.route.method == "PATCH") {
    if (place.route.pattern.starts_with("/care"))
      add("If-Match", "header", true, kText, "ETag of the version that is changed");
  }
  return json_array(all);
}

std::string request_body(const Place& place) {
  const std::string_view pattern = place.route.pattern;
  if (place.route.body == Body::None) return {};
  if (place.route.body == Body::Fhir)
    return JsonObject()
        .flag("required", true)
        .raw("content", content("application/fhir+json", R"({"type":"object"})"))
        .str();
  std::string schema = R"({"type":"object"})";
  std::string_view example;
  if (place.collection != nullptr) {
    schema = ref(place.collection->kind);
    const bool staff = place.collection->kind == "Feedback" && pattern.starts_with("/care/practice");
    example = example_of(staff ? "StaffFeedback" : place.collection->kind);
  } else if (pattern.ends_with("/screenings")) {
    schema = ref("NewScreening");
    example = example_of("Screening");
  } else if (pattern.ends_with("/plans")) {
    schema = ref("CarePlan");
    example = example_of("CarePlan");
  } else if (pattern.ends_with("/emergency")) {
    schema = ref("Emergency");
    example = R"({"recipient":"Dr. Ada Byron, County General Hospital","nature":"found unresponsive"})";
  } else if (pattern.ends_with("/revoke")) {
    schema = ref("Revocation");
    example = R"({"reason":"wants to be seen elsewhere"})";
  } else if (place.route.body == Body::MergePatch) {
    example = R"({"title":"Plan after the review"})";
  }
  const std::string_view type =
      place.route.body == Body::MergePatch ? "application/merge-patch+json" : "application/json";
  return JsonObject().flag("required", true).raw("content", content(type, schema, example)).str();
}

std::string good_answer(const Place& place) {
  const std::string key = std::string(place.route.method) + " " + std::string(place.route.pattern);
  std::string schema = R"({"type":"object"})";
  bool versioned = false;
  if (place.collection != nullptr) {
    const bool list = place.route.method == "GET" && !is_entry(place);
    schema = list ? list_of(place.collection->path, place.collection->kind) : ref(place.collection->kind);
    versioned = !list;
  } else if (const auto found = std::ranges::find(kAnswers, key, &Answer::route); found != kAnswers.end()) {
    schema = found->member.empty() ? ref(found->schema) : list_of(found->member, found->schema);
    versioned = place.route.method != "GET";
  }
  std::string body = content("application/json", schema);
  if (place.route.pattern.starts_with("/fhir")) body = content("application/fhir+json", schema);
  if (place.route.meaning.find("text/csv") != std::string_view::npos) {
    body.pop_back();
    body += R"(,"text/csv":{"schema":{"type":"string"}}})";
  }
  JsonObject answer;
  answer.text("description", "as asked");
  if (versioned) answer.raw("headers", R"({"ETag":{"schema":{"type":"string"},"description":"of this version"}})");
  return answer.raw("content", body).str();
}

std::string responses(const Place& place) {
  JsonObject all;
  const bool post = place.route.method == "POST";
  const bool change = post || place.route.method == "PUT" || place.route.method == "PATCH";
  const bool care = place.route.pattern.starts_with("/care");
  all.raw("200", good_answer(place));
  if (post) all.raw("201", good_answer(place));
  const auto wrong = [&](const char* status) { all.raw(status, R"({"$ref":"#/components/responses/Wrong"})"); };
  wrong("400");
  wrong("401");
  wrong("403");
  if (place.path.find('{') != std::string::npos) wrong("404");
  if (change && care) {
    if (post) wrong("409");
    if (!post) wrong("412");
    wrong("422");
    if (!post) wrong("428");
  }
  if (place.route.meaning.find("?wait=") != std::string_view::npos) wrong("410");
  all.raw("default", R"({"$ref":"#/components/responses/Wrong"})");
  return all.str();
}

std::string rights_text(const Place& place) {
  std::string text(place.route.meaning);
  if (place.collection == nullptr) return text;
  text += ". " + std::string(place.collection->meaning);
  const auto right = place.route.method == "GET" ? place.collection->read : place.collection->write;
  return text + ". Right: `" + std::string(right) + "`";
}

std::string operation_id(const Place& place) {
  std::string id(place.route.method);
  std::ranges::transform(id, id.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  for (const char c : place.path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) id += c;
    if (c == '/' || c == '-') id += '_';
  }
  return id;
}

std::string operation(const Place& place) {
  JsonObject one;
  one.text("operationId", operation_id(place)).text("description", rights_text(place));
  one.raw("parameters", parameters(place));
  if (const auto body = request_body(place); !body.empty()) one.raw("requestBody", body);
  return one.raw("responses", responses(place)).str();
}

bool is_offered(const Route& route, const Collection& collection) {
  if (route.method == "GET") return true;
  if (route.method == "POST") return collection.way == Way::Entered || collection.way == Way::Told;
  return collection.way == Way::Entered;
}

// The route, or one for each collection that its pattern stands for.
std::vector<Place> places_of(const Route& route) {
  constexpr std::string_view kCollection = "{collection}";
  std::vector<Place> places;
  const auto at = route.pattern.find(kCollection);
  if (at == std::string_view::npos) return {{route, std::string(route.pattern), nullptr}};
  const bool practice = route.pattern.starts_with("/care/practice");
  for (const Collection& one : practice ? practice_collections() : patient_collections()) {
    if (!is_offered(route, one)) continue;
    std::string path(route.pattern);
    path.replace(at, kCollection.size(), one.path);
    places.push_back({route, std::move(path), &one});
  }
  return places;
}

std::string lower(std::string_view method) {
  std::string text(method);
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  return text;
}

// OpenAPI takes two addresses that differ in the name of a parameter only for one.
std::string same_address(std::string path) {
  if (const auto at = path.find("/plans/{plan}"); at != std::string::npos) path.replace(at, 13, "/plans/{entry}");
  return path;
}

}  // namespace

std::string openapi(const std::vector<Route>& routes, const flow::Meanings& meanings, std::string_view version) {
  std::map<std::string, JsonObject> paths;
  for (const Route& route : routes) {
    for (Place& place : places_of(route)) {
      place.path = same_address(place.path);
      paths[place.path].raw(lower(route.method), operation(place));
    }
  }
  JsonObject all_paths;
  for (const auto& [path, operations] : paths) all_paths.raw(path, operations.str());
  JsonObject schemas;
  for (const auto& [name, schema] : flow::json_schemas(meanings)) schemas.raw(name, schema);
  const std::string wrong =
      JsonObject()
          .raw("Wrong", JsonObject()
                            .text("description", "what went wrong and where; no patient data")
                            .raw("content", content("application/fhir+json", ref("OperationOutcome")))
                            .str())
          .str();
  const std::string bearer = R"({"bearer":{"type":"http","scheme":"bearer"}})";
  JsonObject components;
  components.raw("schemas", "{" + schemas.members() + "," + std::string(kMore) + "}");
  components.raw("responses", wrong).raw("securitySchemes", bearer);
  JsonObject document;
  document.text("openapi", "3.1.0");
  document.raw("info",
               JsonObject().text("title", "bhi-adapter").text("version", version).text("description", kInfo).str());
  document.raw("servers", R"([{"url":"/"}])").raw("security", R"([{"bearer":[]},{}])");
  document.raw("paths", all_paths.str()).raw("components", components.str());
  return document.str() + "\n";
}

}  // namespace bhi::service
