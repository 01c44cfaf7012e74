// A strict authorisation server in this process, with a clock that only the test moves.
#pragma once

#include "ehr/token_source.h"
#include "ehr_sim/authority.h"
#include "ehr_sim/jwt_check.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace bhi::test {

inline constexpr const char* kTokenUrl = "https://ehr.example/auth/token";

// A field of a form, empty when it is not there; the assertion that a token request brought.
inline std::string parameter(const std::string& form, const std::string& name) {
  const auto parsed = sim::parse_query(form);
  if (!parsed) return "";
  for (const auto& one : *parsed) {
    if (one.name == name) return one.value;
  }
  return "";
}

inline sim::Jwt assertion_of(const std::string& form) { return *sim::read_jwt(parameter(form, "client_assertion")); }

class SmartWorld {
 public:
  explicit SmartWorld(const std::string& algorithm = "ES384")
      : key_(make_key(algorithm)), authority_([this](const std::string&) { return published_; }) {
    published_ = ehr::key_set(std::vector{key_});
    set(R"({"clients":[{"id":"bhi","secret":"s&cret/1","scopes":"system/*.cruds","jwks_url":"https://us/keys"}]})");
  }

  static ehr::SigningKey make_key(const std::string& algorithm) {
    return *ehr::SigningKey::from_pem(*ehr::new_private_key(algorithm));
  }
  void set(const std::string& json) {
    const auto settings = fhir::read_json(json);
    ASSERT_TRUE(settings.ok());
    const auto done = authority_.set((*settings)->root());
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  std::string shown() const { return authority_.show().body; }

  ehr::TokenSettings settings(ehr::ClientAuth how = ehr::ClientAuth::PrivateKey) const {
    ehr::TokenSettings made;
    made.source = "main";
    made.client_id = "bhi";
    made.how = how;
    made.lanes = {{"Patient", true, false}, {"Observation", true, true}};
    return made;
  }

  ehr::TokenWorld world() {
    ehr::TokenWorld world;
    world.discover = [this]() -> Result<ehr::SmartConfiguration> {
      ++discoveries;
      ehr::SmartConfiguration found;
      found.token_endpoint = kTokenUrl;
      found.v1 = found.v2 = true;
      found.said_by = "test";
      return found;
    };
    world.post = [this](const std::string& url, const std::vector<std::string>& headers, const std::string& form) {
      return post(url, headers, form);
    };
    world.key = [this]() -> Result<ehr::SigningKey> { return key_; };
    world.secret = []() -> Result<std::string> { return std::string("s&cret/1"); };
    world.id = ehr::random_id;
    world.wall = [this] { return kStart + ours + passed.load(); };
    world.steady = [this] { return passed.load(); };
    return world;
  }

  // What the EHR says to a request with this token at this moment.
  int fhir(const std::string& token) {
    sim::Request request;
    request.method = "GET";
    request.base = "https://ehr.example/fhir";
    request.headers = {{"Authorization", "Bearer " + token}};
    const auto refused = authority_.check(request, "Patient", 's', kStart + passed.load());
    return refused ? refused->status : 200;
  }

  ehr::SigningKey key_;
  std::optional<std::string> published_;  // what stands at our key set's address
  sim::Authority authority_;
  std::atomic<std::chrono::milliseconds> passed{std::chrono::milliseconds(1000)};  // by the true clock
  std::chrono::milliseconds ours{0};                                               // error of our clock
  std::atomic<int> discoveries = 0;
  std::atomic<int> under_way = 0, most_under_way = 0, posts = 0;
  std::function<void()> during;  // while a token request is under way
  std::vector<std::string> forms;
  std::vector<std::vector<std::string>> headers_sent;
  std::optional<ehr::Response> instead;

 private:
  static constexpr Instant kStart{std::chrono::milliseconds(1'795'000'000'000)};

  ehr::Response post(const std::string& url, const std::vector<std::string>& headers, const std::string& form) {
    const int now = ++under_way;
    if (now > most_under_way) most_under_way = now;
    ++posts;
    if (during) during();
    {
      const std::lock_guard lock(mutex_);
      forms.push_back(form);
      headers_sent.push_back(headers);
    }
    ehr::Response response;
    if (instead) {
      response = *instead;
    } else {
      EXPECT_EQ(url, kTokenUrl);
      sim::Request request;
      request.method = "POST";
      request.base = "https://ehr.example/fhir";
      request.body = form;
      for (const auto& line : headers) {
        request.headers.emplace_back(line.substr(0, line.find(':')), line.substr(line.find(": ") + 2));
      }
      const Instant at = kStart + passed.load();
      const auto answer = authority_.token(request, at);
      response.what = ehr::Response::What::Answered;
      response.status = answer.status;
      response.body = answer.body;
      response.date = sim::http_date(at + authority_.skew());
    }
    --under_way;
    return response;
  }

  std::mutex mutex_;
};

}  // namespace bhi::test
