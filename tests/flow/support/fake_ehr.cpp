#include "tests/flow/support/fake_ehr.h"

#include "base/arena.h"
#include "flow/held.h"
#include "flow/query.h"

#include <stdexcept>
#include <utility>

namespace bhi::test {

namespace {

using flow::Answer;

std::string with_identity(std::string_view body, const std::string& id, int version) {
  Arena arena;
  const auto read = document(std::string(body));
  const std::string number = std::to_string(version);
  const fhir::Member meta[] = {{&fhir::intern("versionId"), fhir::Node::string(number)},
                               {&fhir::intern("lastUpdated"), fhir::Node::string("2026-11-22T08:00:00Z")}};
  auto resource = fhir::with(read->root(), fhir::intern("id"), fhir::Node::string(id), arena);
  resource = fhir::with(resource, fhir::intern("meta"), fhir::Node::object(meta), arena);
  return fhir::write_json(resource);
}

flow::TypeCapability everything(std::string type) {
  return {std::move(type), true, true, true, true, true, {"identifier", "_lastUpdated"}, {}, {}};
}

}  // namespace

fhir::DocumentPtr document(std::string text) {
  auto read = fhir::read_json(std::move(text));
  if (!read.ok()) throw std::runtime_error(read.error().message);
  return *std::move(read);
}

fhir::DocumentPtr searchset(const std::vector<std::string>& resources) {
  std::string text = R"({"resourceType":"Bundle","type":"searchset")";
  for (std::size_t i = 0; i < resources.size(); ++i) {
    text += (i == 0 ? ",\"entry\":[" : ",") + ("{\"resource\":" + resources[i] + "}");
  }
  return document(text + (resources.empty() ? "}" : "]}"));
}

FakeEhr::FakeEhr() {
  declared.fhir_version = "4.0.1";
  for (const char* type : {"CarePlan", "Flag", "Observation", "Patient", "Questionnaire", "QuestionnaireResponse"}) {
    declared.types.push_back(everything(type));
  }
}

void FakeEhr::declare(const std::vector<std::string>& types) {
  declared.types.clear();
  for (const std::string& type : types) declared.types.push_back(everything(type));
}

flow::TypeCapability& FakeEhr::type(std::string_view name) {
  for (flow::TypeCapability& one : declared.types) {
    if (one.type == name) return one;
  }
  throw std::runtime_error(std::string(name) + " is not declared");
}

void FakeEhr::put(std::string body) {
  const auto read = document(body);
  EhrResource resource;
  resource.type = fhir::resource_type(read->root());
  resource.id = read->root().text_of("id");
  const auto found = resources_.find(resource.type + "/" + resource.id);
  resource.version = found == resources_.end() ? 1 : found->second.version + 1;
  resource.body = with_identity(body, resource.id, resource.version);
  resources_[resource.type + "/" + resource.id] = resource;
}

std::vector<EhrResource> FakeEhr::all(std::string_view type) const {
  std::vector<EhrResource> found;
  for (const auto& [key, resource] : resources_) {
    if (resource.type == type) found.push_back(resource);
  }
  return found;
}

const EhrResource* FakeEhr::find(std::string_view type, std::string_view id) const {
  const auto found = resources_.find(std::string(type) + "/" + std::string(id));
  return found == resources_.end() ? nullptr : &found->second;
}

std::vector<const EhrResource*> FakeEhr::matching(std::string_view type, std::string_view system_and_value) const {
  std::vector<const EhrResource*> found;
  const std::size_t bar = system_and_value.find('|');
  for (const auto& [key, resource] : resources_) {
    if (resource.type != type) continue;
    const auto read = document(resource.body);
    if (flow::carries_identifier(read->root(), system_and_value.substr(0, bar), system_and_value.substr(bar + 1))) {
      found.push_back(&resource);
    }
  }
  return found;
}

Result<flow::Page> FakeEhr::search(std::string_view type, std::string_view query) {
  requests.push_back("GET " + std::string(type) + "?" + std::string(query));
  if (!read_errors.empty()) {
    const Error error = read_errors.front();
    read_errors.pop_front();
    return error;
  }
  if (const auto page = pages.find(std::string(query)); page != pages.end()) return page->second;
  std::vector<std::string> bodies;
  for (const EhrResource& resource : all(type)) {
    const auto read = document(resource.body);
    bool matches = !honours_identifier_search;
    for (const fhir::Node& identifier : fhir::each(read->root().find("identifier"))) {
      matches = matches || flow::by_identifier(identifier.text_of("system"), identifier.text_of("value")) == query;
    }
    if (matches) bodies.push_back(resource.body);
  }
  flow::Page page;
  page.bundle = searchset(bodies);
  return page;
}

Result<flow::Page> FakeEhr::next(std::string_view link) {
  requests.push_back("GET " + std::string(link));
  if (const auto error = page_errors.find(std::string(link)); error != page_errors.end()) return error->second;
  if (const auto page = pages.find(std::string(link)); page != pages.end()) return page->second;
  return Error{Kind::NotFound, "404"};
}

Result<fhir::DocumentPtr> FakeEhr::read(std::string_view type, std::string_view id) {
  requests.push_back("GET " + std::string(type) + "/" + std::string(id));
  if (!read_errors.empty()) {
    const Error error = read_errors.front();
    read_errors.pop_front();
    return error;
  }
  const EhrResource* resource = find(type, id);
  if (resource == nullptr) return Error{Kind::NotFound, "404"};
  return document(resource->body);
}

Answer FakeEhr::answer(int status, const EhrResource& resource) const {
  Answer answer;
  answer.what = Answer::What::Done;
  answer.status = status;
  answer.id = resource.id;
  answer.version = std::to_string(resource.version);
  if (returns_bodies) answer.body = document(resource.body);
  answer.reason = std::to_string(status);
  return answer;
}

Answer FakeEhr::rudely(const Rude& next) const {
  Answer answer;
  answer.what = next.what;
  answer.status = next.status;
  answer.retry_after_ms = next.retry_after_ms;
  answer.reason = next.status == 0 ? "no answer" : std::to_string(next.status);
  if (!next.codes.empty()) answer.reason += " " + next.codes;
  return answer;
}

std::optional<FakeEhr::Rude> FakeEhr::next_rude() {
  if (rude.empty()) return mood ? mood() : std::nullopt;
  const Rude next = rude.front();
  rude.pop_front();
  return next;
}

Answer FakeEhr::create(std::string_view type, std::string_view body, std::string_view if_none_exist) {
  requests.push_back("POST " + std::string(type));
  if (before_create) std::exchange(before_create, nullptr)();
  const std::optional<Rude> next = next_rude();
  if (next && !next->done) return rudely(*next);
  if (!if_none_exist.empty() && honours_conditions) {
    const auto found = matching(type, if_none_exist.substr(if_none_exist.find('=') + 1));
    if (found.size() == 1) return answer(200, *found[0]);
    if (found.size() > 1) return rudely({Answer::What::Conflict, 412});
  }
  EhrResource resource{std::string(type), std::to_string(++last_id_), 1, {}};
  const std::string stored = on_store ? on_store(std::string(body)) : std::string(body);
  resource.body = with_identity(stored, resource.id, 1);
  resources_[resource.type + "/" + resource.id] = resource;
  return next ? rudely(*next) : answer(201, resource);
}

Answer FakeEhr::update(std::string_view type, std::string_view id, std::string_view body, std::string_view if_match) {
  requests.push_back("PUT " + std::string(type) + "/" + std::string(id) + " if " + std::string(if_match));
  if (before_update) before_update();
  const std::optional<Rude> next = next_rude();
  if (next && !next->done) return rudely(*next);
  const auto found = resources_.find(std::string(type) + "/" + std::string(id));
  if (found == resources_.end()) return rudely({Answer::What::Refused, 404});
  if (!if_match.empty() && if_match != std::to_string(found->second.version))
    return rudely({Answer::What::Conflict, 412});
  const std::string stored = on_store ? on_store(std::string(body)) : std::string(body);
  ++found->second.version;
  found->second.body = with_identity(stored, found->second.id, found->second.version);
  return next ? rudely(*next) : answer(200, found->second);
}

}  // namespace bhi::test
