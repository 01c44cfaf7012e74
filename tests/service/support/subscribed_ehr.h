// An EHR in memory that keeps Subscriptions, with a clock of the test, a store of its own and one subscription.
#pragma once

#include "fhir/json.h"
#include "service/options.h"
#include "service/subscription_recovery.h"
#include "service/subscription_upkeep.h"
#include "store/sqlite_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace bhi::service::test {

inline fhir::DocumentPtr parsed(const std::string& text) {
  auto read = fhir::read_json(text);
  EXPECT_TRUE(read.ok()) << text;
  return read.ok() ? *read : nullptr;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class SubscribedEhr : public flow::Ehr {
 public:
  std::map<std::string, std::string> subscriptions;  // JSON by id
  std::map<std::string, std::string> records;        // JSON by Type/id
  std::map<std::string, std::string> answers;        // of next(), by the link's beginning
  std::function<std::string(std::string)> on_write = [](std::string text) { return text; };
  std::vector<std::string> requests;
  std::optional<Error> read_error;         // of every record
  std::optional<flow::Answer::What> rude;  // of the next write; what is Unknown has happened

  std::size_t count(const std::string& beginning) const {
    std::size_t found = 0;
    for (const auto& one : requests) found += one.starts_with(beginning) ? 1 : 0;
    return found;
  }
  void set_status(const std::string& id, const std::string& from, const std::string& to) {
    subscriptions[id] = replaced(subscriptions[id], "\"status\":\"" + from + "\"", "\"status\":\"" + to + "\"");
  }

  Result<flow::Capabilities> capabilities() override { return declared; }
  Result<flow::Page> search(std::string_view type, std::string_view query) override {
    requests.push_back("SEARCH " + std::string(type) + "?" + std::string(query));
    std::string entries;
    for (const auto& [id, text] : subscriptions)
      entries += (entries.empty() ? "" : ",") + ("{\"resource\":" + text + "}");
    return flow::Page{parsed(R"({"resourceType":"Bundle","type":"searchset","entry":[)" + entries + "]}"), "", {}};
  }
  Result<flow::Page> next(std::string_view link) override {
    requests.push_back("GET " + std::string(link));
    for (const auto& [beginning, text] : answers) {
      if (link.starts_with(beginning)) return flow::Page{parsed(text), "", {}};
    }
    return Error{Kind::NotFound, "GET: 404"};
  }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    const auto name = std::string(type) + "/" + std::string(id);
    requests.push_back("GET " + name);
    const auto& from = type == "Subscription" ? subscriptions : records;
    const auto found = from.find(type == "Subscription" ? std::string(id) : name);
    if (type != "Subscription" && read_error) return *read_error;
    if (found == from.end()) return Error{Kind::NotFound, "GET " + name + ": 404"};
    return parsed(found->second);
  }
  flow::Answer create(std::string_view type, std::string_view body, std::string_view) override {
    requests.push_back("POST " + std::string(type));
    const auto id = "s" + std::to_string(subscriptions.size() + 1);
    return written(id,
                   replaced(std::string(body), "\"resourceType\":\"Subscription\"",
                            R"("resourceType":"Subscription","id":")" + id + "\""),
                   201);
  }
  flow::Answer update(std::string_view type, std::string_view id, std::string_view body, std::string_view) override {
    requests.push_back("PUT " + std::string(type) + "/" + std::string(id));
    return written(std::string(id), std::string(body), 200);
  }

  flow::Capabilities declared = [] {
    flow::Capabilities all;
    flow::TypeCapability type;
    type.type = "Subscription";
    type.read = type.search = type.create = type.update = true;
    type.operations = {"status", "events"};
    all.types.push_back(type);
    return all;
  }();

 private:
  flow::Answer written(const std::string& id, const std::string& body, int status) {
    flow::Answer answer;
    answer.what = rude.value_or(flow::Answer::What::Done);
    rude.reset();
    if (answer.what == flow::Answer::What::Done || answer.what == flow::Answer::What::Unknown) {
      subscriptions[id] = on_write(body);
    }
    if (answer.what != flow::Answer::What::Done) return answer;
    answer.status = status;
    answer.id = id;
    answer.body = parsed(subscriptions[id]);
    return answer;
  }
};

class SubscriptionTest : public ::testing::Test {
 protected:
  SubscriptionTest() {
    static int number = 0;
    folder = std::filesystem::temp_directory_path() /
             ("bhi-sub-" + std::to_string(getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(folder);
    const auto secret = folder / "secret";
    std::ofstream(secret) << "0123456789abcdefABCDEF";
    ::chmod(secret.c_str(), 0600);
    auto& source = settings.sources.emplace_back();
    apply_defaults(source);
    source.name = "main";
    source.base_url = "https://ehr.example/fhir";
    source.notify_url = "https://bhi.example/notify";
    auto& one = source.subscriptions.emplace_back();
    apply_defaults(one);
    one.name = "scores";
    one.kind = SubscriptionKind::Backport;
    one.topic = "http://example.org/topics/Observation";
    one.types = {"Observation"};
    one.secret_file = secret;
    one.grace_secs = 10;
    one.calls_per_minute = 600;
    auto opened = store::open_sqlite(folder / "bhi.db");
    EXPECT_TRUE(opened.ok());
    store = *std::move(opened);
    restart();
  }
  ~SubscriptionTest() override {
    parts.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }

  SubscriptionSettings& one() { return settings.sources.front().subscriptions.front(); }

  // As the daemon begins, with what the store kept.
  void restart() {
    parts = std::make_unique<Parts>(*this);
    EXPECT_TRUE(parts->book.remember(*store).ok());
  }
  void pass(std::chrono::milliseconds time) { now += time; }
  // Some seconds go by, and the thread looks each time.
  void work(int seconds = 30) {
    for (int i = 0; i < seconds; ++i) {
      pass(std::chrono::seconds(1));
      parts->recovery.look_after(ehr, ehr.declared, now);
      if (parts->recovery.take_doubt()) parts->upkeep.look_soon();
      const bool was_broken = parts->upkeep.is_broken();
      parts->upkeep.look_after(ehr, ehr.declared, now, parts->recovery.is_settled());
      if (!was_broken && parts->upkeep.is_broken()) parts->recovery.want(flow::Recovery::Poll, now);
      if (parts->upkeep.take_started()) parts->recovery.want(flow::Recovery::Poll, now);
      if (polls) poll();
    }
  }
  // What the poller does when it is told to.
  void poll() {
    if (!parts->hurry.take("Observation")) return;
    const bool whole = parts->hurry.wants_whole("Observation");
    (whole ? whole_polls : news_polls) += 1;
    flow::PollChoice choice;
    choice.mode = flow::PollMode::LastUpdated;
    parts->hurry.done("Observation", now, whole, choice);
  }
  Result<Subscribed::Taken> take(const std::string& body, bool believed = true) {
    const auto document = parsed(body);
    const auto told = flow::read_notification(document->root(), parts->book.bases());
    EXPECT_TRUE(told.ok()) << (told.ok() ? "" : told.error().message);
    return parts->book.take(*store, &document->root(), *told, believed, now);
  }
  std::string told(const std::string& type, int count, const std::vector<int>& events,
                   const std::string& at = "") const {
    std::string parameters =
        R"({"name":"subscription","valueReference":{"reference":"Subscription/s1"}},{"name":"status","valueCode":"active"},{"name":"type","valueCode":")" +
        type + R"("},{"name":"events-since-subscription-start","valueString":")" + std::to_string(count) + "\"}";
    for (const int number : events) {
      const auto time = at.empty() ? to_text(Instant(std::chrono::seconds(1'790'000'000 + number))) : at;
      parameters += R"(,{"name":"notification-event","part":[{"name":"event-number","valueString":")" +
                    std::to_string(number) + R"("},{"name":"timestamp","valueInstant":")" + time +
                    R"("},{"name":"focus","valueReference":{"reference":"Observation/o)" + std::to_string(number) +
                    "\"}}]}";
    }
    return R"({"resourceType":"Bundle","type":"history","entry":[{"resource":{"resourceType":"Parameters","parameter":[)" +
           parameters + R"(]},"request":{"method":"GET","url":"Subscription/s1/$status"}}]})";
  }

  struct Parts {
    explicit Parts(SubscriptionTest& test)
        : book(test.settings.sources.front(), test.one()),
          common{*test.store, test.metrics, test.engine, {}, [&test] { return test.now; }},
          upkeep(common, test.settings.sources.front(), book, "test"),
          recovery({common, test.settings.sources.front(), hurry, [] {}, [] {}}, book) {}
    PollHurry hurry;
    Subscribed book;
    Common common;
    SubscriptionUpkeep upkeep;
    SubscriptionRecovery recovery;
  };

  std::filesystem::path folder;
  Settings settings;
  Metrics metrics;
  LiveEngine engine{nullptr};
  std::unique_ptr<flow::Store> store;
  SubscribedEhr ehr;
  Instant now = *instant_from("2026-11-22T09:00:00Z");
  bool polls = true;
  int news_polls = 0, whole_polls = 0;
  std::unique_ptr<Parts> parts;
};

}  // namespace bhi::service::test
