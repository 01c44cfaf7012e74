// An EHR in memory that keeps versions, finds by identifier, and can be rude in every way a test wants.
#pragma once

#include "flow/ports.h"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::test {

struct EhrResource {
  std::string type;
  std::string id;
  int version = 1;
  std::string body;  // with id and meta.versionId
};

class FakeEhr : public flow::Ehr {
 public:
  FakeEhr();

  flow::Capabilities declared;  // every interaction with the types that are written, until a test says otherwise
  bool honours_identifier_search = true;
  bool honours_conditions = true;
  bool returns_bodies = true;
  std::function<std::string(std::string)> on_store;  // what it makes of a body it is sent

  // Answers of the next writes instead of the honest one. With `done` the write happens all the same.
  struct Rude {
    flow::Answer::What what = flow::Answer::What::Unknown;
    int status = 0;
    bool done = false;
    std::optional<std::int64_t> retry_after_ms = std::nullopt;
    std::string codes{};  // of the OperationOutcome: "business-rule"
  };
  std::deque<Rude> rude;
  std::function<std::optional<Rude>()> mood;  // asked for each write when `rude` is empty
  std::deque<Error> read_errors;              // of the next reads and searches
  std::function<void()> before_update;        // somebody else is at it too
  std::function<void()> before_create;        // the same, once

  // Pages of search and next, by query or link; where absent, search by identifier.
  std::map<std::string, flow::Page> pages;
  std::map<std::string, Error> page_errors;

  std::vector<std::string> requests;  // "POST Observation", "GET Observation?identifier=...", "PUT CarePlan/1 if 2"

  // Declares every interaction with these types, and only with them.
  void declare(const std::vector<std::string>& types);
  flow::TypeCapability& type(std::string_view name);

  // Puts a resource there as its own users would. The body needs resourceType and id.
  void put(std::string body);
  std::vector<EhrResource> all(std::string_view type) const;
  const EhrResource* find(std::string_view type, std::string_view id) const;

  Result<flow::Capabilities> capabilities() override { return declared; }
  Result<flow::Page> search(std::string_view type, std::string_view query) override;
  Result<flow::Page> next(std::string_view link) override;
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override;
  flow::Answer create(std::string_view type, std::string_view body, std::string_view if_none_exist) override;
  flow::Answer update(std::string_view type, std::string_view id, std::string_view body,
                      std::string_view if_match) override;

 private:
  flow::Answer answer(int status, const EhrResource& resource) const;
  flow::Answer rudely(const Rude& rude) const;
  std::optional<Rude> next_rude();
  std::vector<const EhrResource*> matching(std::string_view type, std::string_view system_and_value) const;

  std::map<std::string, EhrResource, std::less<>> resources_;  // by Type/id
  int last_id_ = 100;
};

// A searchset with these entries (resource JSON each).
fhir::DocumentPtr searchset(const std::vector<std::string>& resources);
fhir::DocumentPtr document(std::string text);

}  // namespace bhi::test
