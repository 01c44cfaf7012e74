// The daemon as a whole, in this process: what it takes it keeps and works on, and when its own side breaks it says so.
#include "service/daemon.h"

#include "service/watched_store.h"
#include "tests/service/support/daemon.h"

#include <map>
#include <mutex>

namespace bhi::service::test {
namespace {

constexpr const char* kPatient = R"({"resourceType":"Patient","id":"a1","name":[{"family":"Alder"}]})";

// An EHR that takes what it is given, slowly, and remembers how many writes it had in hand at a time.
class SlowEhr : public flow::Ehr {
 public:
  Result<flow::Capabilities> capabilities() override {
    if (down) return Error{Kind::Unavailable, "no answer"};
    flow::Capabilities capabilities;
    capabilities.fhir_version = "4.0.1";
    for (const char* type : {"Patient", "Observation", "QuestionnaireResponse", "CarePlan", "Flag"}) {
      flow::TypeCapability can;
      can.type = type;
      can.read = can.search = can.create = can.update = can.conditional_create = true;
      can.search_params = {"_lastUpdated", "identifier"};
      capabilities.types.push_back(can);
    }
    return capabilities;
  }
  Result<flow::Page> search(std::string_view, std::string_view) override {
    ++searches;
    BHI_TRY(auto bundle, fhir::read_json(R"({"resourceType":"Bundle","type":"searchset"})"));
    return flow::Page{bundle, "", std::nullopt};
  }
  Result<flow::Page> next(std::string_view) override { return Error{Kind::NotFound, "no page"}; }
  Result<fhir::DocumentPtr> read(std::string_view, std::string_view) override { return Error{Kind::NotFound, "404"}; }
  flow::Answer create(std::string_view type, std::string_view body, std::string_view) override {
    const int now = ++in_hand;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    --in_hand;
    flow::Answer answer;
    answer.what = flow::Answer::What::Done;
    answer.status = 201;
    answer.id = std::string(type) + "-" + std::to_string(++created);
    answer.version = "1";
    auto document = fhir::read_json(std::string(body));
    if (document.ok()) answer.body = *document;
    return answer;
  }
  flow::Answer update(std::string_view type, std::string_view, std::string_view body, std::string_view) override {
    return create(type, body, "");
  }

  std::atomic<bool> down{false};
  std::atomic<int> in_hand{0}, most{0}, created{0}, searches{0};
};

// Breaks when told: every write is a Fault from then on, as after a failed fsync.
class BreakableStore : public WatchedStore {
 public:
  BreakableStore(std::unique_ptr<flow::Store> store, Metrics& metrics, const std::atomic<bool>& broken)
      : WatchedStore(std::move(store), metrics, [](const Error&) {}), broken_now_(broken) {}
  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override {
    if (broken_now_) return Error{Kind::Fault, "disk of patient Alder is broken"};
    return WatchedStore::accept(batch);
  }

 private:
  const std::atomic<bool>& broken_now_;
};

TEST_F(DaemonTest, TakesAResourceKeepsItAndWorksOnIt) {
  start();
  const auto first = post_fhir(kPatient);
  EXPECT_EQ(status_of(first), 201);
  EXPECT_NE(first.find("1 resource stored"), std::string::npos);
  EXPECT_FALSE(patient_id().empty());
  const auto again = post_fhir(kPatient);
  EXPECT_EQ(status_of(again), 200);
  EXPECT_NE(again.find("1 resource unchanged"), std::string::npos);
  EXPECT_NE(body_of(manage("/metrics")).find(R"(bhi_stored_resources_total{channel="post",source="main"} 1)"),
            std::string::npos);
  EXPECT_EQ(status_of(manage("/healthz")), 200);
  EXPECT_EQ(status_of(manage("/readyz")), 200);
}

TEST_F(DaemonTest, StoresWhatIsInvalidAndSaysWhy) {
  start();
  const auto answer = post_fhir(R"({"resourceType":"Patient","id":"a1","birthDate":"01/02/2023"})");
  EXPECT_EQ(status_of(answer), 201);
  EXPECT_NE(answer.find("Patient.birthDate"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("01/02/2023"), std::string::npos) << "the value is not repeated";
  std::string list;
  EXPECT_TRUE(until([&] { return (list = ask("GET", "/care/quarantine")).find("\"seq\"") != std::string::npos; }));
  const auto at = list.find("\"seq\":") + 6;
  const auto seq = list.substr(at, list.find(',', at) - at);
  EXPECT_EQ(status_of(ask("POST", "/care/quarantine/" + seq + "/replay")), 200);
  EXPECT_EQ(status_of(ask("POST", "/care/quarantine/99999/replay")), 404);
  EXPECT_EQ(status_of(ask("POST", "/care/quarantine/x/replay")), 400);
}

TEST_F(DaemonTest, ListsWhatIsPutAsideByPages) {
  start();
  for (const char* id : {"q1", "q2", "q3"}) {
    const auto body = R"({"resourceType":"Patient","id":")" + std::string(id) + R"(","birthDate":"01/02/2023"})";
    ASSERT_EQ(status_of(post_fhir(body)), 201);
  }
  const auto ids = [](const std::string& page) {
    std::string found;
    for (std::size_t at = 0; (at = page.find(R"("id":"q)", at)) != std::string::npos; ++at)
      found += page.substr(at + 6, 2);
    return found;
  };
  std::string page;
  EXPECT_TRUE(until([&] { return ids(page = body_of(ask("GET", "/care/quarantine"))) == "q3q2q1"; })) << page;
  EXPECT_NE(page.find(R"("next":null)"), std::string::npos) << page;
  page = body_of(ask("GET", "/care/quarantine?limit=2"));
  EXPECT_EQ(ids(page), "q3q2");
  const auto at = page.find(R"("next":)") + 7;
  page = body_of(ask("GET", "/care/quarantine?limit=2&after=" + page.substr(at, page.find('}', at) - at)));
  EXPECT_EQ(ids(page), "q1");
  EXPECT_NE(page.find(R"("next":null)"), std::string::npos) << page;
  EXPECT_EQ(status_of(ask("GET", "/care/quarantine?after=x")), 400);
  EXPECT_EQ(status_of(ask("GET", "/care/quarantine?after=-3")), 400);
}

TEST_F(DaemonTest, KeepsNothingOfATransactionWithOneBadEntry) {
  start();
  const auto entry = [](const std::string& resource) {
    return R"({"resource":)" + resource + R"(,"request":{"method":"PUT","url":"x"}})";
  };
  const std::string bad = R"({"resourceType":"Patient","id":"a2","birthDate":"2023-02-30"})";
  const auto bundle = [&](const std::string& type) {
    return R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)" + entry(kPatient) + "," + entry(bad) + "]}";
  };
  const auto refused = post_fhir(bundle("transaction"));
  EXPECT_EQ(status_of(refused), 422);
  EXPECT_NE(refused.find("Bundle.entry[1]"), std::string::npos) << refused;
  EXPECT_EQ(status_of(ask("GET", "/fhir/Patient/a1")), 404);
  EXPECT_EQ(status_of(post_fhir(bundle("batch"))), 201) << "a batch stands entry by entry";
  EXPECT_EQ(status_of(ask("GET", "/fhir/Patient/a1")), 200);
}

TEST_F(DaemonTest, WantsASourceWhenThereAreSeveral) {
  settings.sources.push_back(settings.sources.front());
  settings.sources.back().name = "other";
  settings.tokens = {{"free", Role::Ehr, sha256("free"), ""}, {"bound", Role::Ehr, sha256("bound"), "other"}};
  start();
  const auto post = [this](const std::string& token, const std::string& query) {
    return status_of(ask("POST", "/fhir" + query, kPatient,
                         "Content-Type: application/json\r\nAuthorization: Bearer " + token + "\r\n"));
  };
  EXPECT_EQ(post("free", ""), 400);
  EXPECT_EQ(post("free", "?source=none"), 400);
  EXPECT_EQ(post("free", "?source=main"), 201);
  EXPECT_EQ(post("bound", "?source=main"), 403);
  EXPECT_EQ(post("bound", ""), 201);
  EXPECT_EQ(post("nobody", ""), 401);
}

TEST_F(DaemonTest, RefusesWhatDoesNotFitTheAddress) {
  start();
  const std::string json = "Content-Type: application/fhir+json\r\n";
  EXPECT_EQ(status_of(ask("POST", "/fhir/Observation", kPatient, json)), 400);
  EXPECT_EQ(status_of(ask("PUT", "/fhir/Patient/other", kPatient, json)), 400);
  EXPECT_EQ(status_of(ask("PUT", "/fhir/Patient/a1", kPatient, json)), 201);
  EXPECT_EQ(status_of(ask("POST", "/fhir", "<Patient/>", "Content-Type: application/fhir+xml\r\n")), 400);
  EXPECT_EQ(status_of(ask("POST", "/fhir", R"({"resourceType":"Nonsense"})", json)), 400);
  EXPECT_EQ(status_of(ask("POST", "/fhir",
                          R"({"resourceType":"Observation","id":"o","subject":[{"reference":"Patient/1"}]})", json)),
            422);
}

TEST_F(DaemonTest, TakesJsonAndXmlByContentWhateverOfTheTwoTheHeaderSays) {
  start();
  const std::string xml = R"(<Patient xmlns="http://hl7.org/fhir"><id value="a1"/><gender value="female"/></Patient>)";
  const std::string json = R"({"resourceType":"Patient","id":"a1","gender":"female"})";
  EXPECT_EQ(status_of(ask("POST", "/fhir", xml)), 201) << "no Content-Type";
  EXPECT_EQ(status_of(ask("POST", "/fhir", json)), 200) << "the same, unchanged";
  EXPECT_EQ(status_of(ask("POST", "/fhir", xml, "Content-Type: application/fhir+json\r\n")), 200);
  EXPECT_EQ(status_of(ask("POST", "/fhir", json, "Content-Type: application/fhir+xml\r\n")), 200);
  EXPECT_EQ(status_of(ask("POST", "/fhir", "\n\t " + xml, "Content-Type: text/xml\r\n")), 200);
  EXPECT_EQ(status_of(ask("POST", "/fhir", "gender=female")), 400) << "neither of the two";
  EXPECT_EQ(status_of(ask("POST", "/fhir", json, "Content-Type: text/plain\r\n")), 415);
}

TEST_F(DaemonTest, RefusesR5AndKeepsR4b) {
  start();
  const std::string json = "Content-Type: application/fhir+json\r\n";
  const std::string r5 = R"({"resourceType":"Encounter","id":"e","status":"planned","actualPeriod":{"start":"2024"}})";
  const std::string bundle = std::string(R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":)") +
                             kPatient + R"(},{"resource":)" + r5 + "}]}";
  for (const auto& [body, place] :
       {std::pair(r5, "Encounter.actualPeriod"), std::pair(bundle, "Bundle.entry[1].resource.actualPeriod")}) {
    const auto refused = ask("POST", "/fhir", body, json);
    EXPECT_EQ(status_of(refused), 422);
    EXPECT_NE(refused.find(R"("code":"not-supported")"), std::string::npos) << refused;
    EXPECT_NE(refused.find("found R5: R4 has no element of this name"), std::string::npos) << refused;
    EXPECT_NE(refused.find(place), std::string::npos) << refused;
  }
  EXPECT_EQ(status_of(ask("GET", "/fhir/Patient/a1")), 404) << "nothing of it was kept";
  const auto by_xml = ask("POST", "/fhir", R"(<Encounter xmlns="http://hl7.org/fhir"><actualPeriod/></Encounter>)");
  EXPECT_EQ(status_of(by_xml), 422);
  EXPECT_NE(by_xml.find("found R5"), std::string::npos) << by_xml;
  EXPECT_EQ(status_of(ask("POST", "/fhir", kPatient, "Content-Type: application/fhir+json; fhirVersion=5.0\r\n")), 415);
  EXPECT_EQ(status_of(ask("POST", "/fhir", kPatient, "Content-Type: application/fhir+json; fhirVersion=4.3\r\n")), 201);

  const std::string topic = R"({"resourceType":"SubscriptionTopic","id":"t","url":"http://x/t","status":"active"})";
  EXPECT_EQ(status_of(ask("POST", "/fhir", topic, json)), 201);
  EXPECT_EQ(status_of(ask("GET", "/fhir/SubscriptionTopic/t")), 200);
  EXPECT_EQ(
      status_of(ask("POST", "/fhir",
                    R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + topic + "}]}", json)),
      200)
      << "unchanged, and nothing is wrong with it";
}

TEST_F(DaemonTest, ChangesAPlanOnlyForWhoHasSeenIt) {
  start();
  post_fhir(kPatient);
  const auto plans = "/care/patients/" + patient_id() + "/plans";
  const auto made = ask("POST", plans, R"({"title":"Plan","status":"active"})", "Content-Type: application/json\r\n");
  ASSERT_EQ(status_of(made), 201) << made;
  const auto location = made.substr(made.find("Location: ") + 10,
                                    made.find("\r\n", made.find("Location: ")) - made.find("Location: ") - 10);
  const auto patch = [&](const std::string& fields) {
    return ask("PATCH", location, R"({"title":"New"})", "Content-Type: application/merge-patch+json\r\n" + fields);
  };
  EXPECT_EQ(status_of(patch("")), 428);
  EXPECT_EQ(status_of(patch("If-Match: *\r\n")), 400);
  EXPECT_EQ(status_of(patch("If-Match: W/\"7\"\r\n")), 412);
  const auto changed = patch("If-Match: W/\"1\"\r\n");
  EXPECT_EQ(status_of(changed), 200) << changed;
  EXPECT_NE(changed.find("ETag: W/\"2\""), std::string::npos);
  EXPECT_EQ(status_of(patch("If-Match: W/\"1\"\r\n")), 412);
  EXPECT_NE(ask("GET", location).find("\"title\":\"New\""), std::string::npos);
  EXPECT_EQ(status_of(ask("GET", "/care/patients/nobody/plans")), 404);
}

TEST_F(DaemonTest, WritesToOnePatientOneAtATimeThoughThereAreSeveralThreads) {
  const auto slow = std::make_shared<SlowEhr>();
  ehr = slow;
  settings.sources[0].base_url = "http://127.0.0.1:1/fhir";
  settings.sources[0].write_back = true;
  settings.sources[0].types = {"Observation"};
  settings.delivery_workers = 4;
  start();
  post_fhir(kPatient);
  const auto path = "/care/patients/" + patient_id() + "/screenings";
  for (int day = 1; day <= 5; ++day) {
    const auto body = R"({"instrument":"phq-2","authored":"2026-01-0)" + std::to_string(day) +
                      R"(T09:00:00Z","items":[{"n":1,"score":0},{"n":2,"score":1}]})";
    const auto made = ask("POST", path, body, "Content-Type: application/json\r\n");
    ASSERT_EQ(status_of(made), 201) << made;
  }
  const auto count = [this] {
    const auto list = ask("GET", "/care/outbox");
    std::size_t found = 0;
    for (std::size_t at = 0; (at = list.find("\"state\":\"verified\"", at)) != std::string::npos; ++at) ++found;
    return found;
  };
  EXPECT_TRUE(until([&] { return count() >= 5; })) << ask("GET", "/care/outbox");
  EXPECT_EQ(slow->most, 1) << "writes in hand at a time";
  EXPECT_TRUE(until([&] { return slow->searches > 0; })) << "the types are polled meanwhile";
}

TEST_F(DaemonTest, WaitsForAnEhrThatIsDownAndTakesItsWorkUpLater) {
  const auto slow = std::make_shared<SlowEhr>();
  slow->down = true;
  ehr = slow;
  settings.sources[0].base_url = "http://127.0.0.1:1/fhir";
  settings.sources[0].write_back = true;
  start();
  EXPECT_EQ(status_of(post_fhir(kPatient)), 201) << "what is sent to us is taken all the same";
  EXPECT_EQ(status_of(manage("/readyz")), 200);
  EXPECT_EQ(slow->searches, 0);
  slow->down = false;
  EXPECT_TRUE(until([&] { return slow->searches > 0; }));
  EXPECT_NE(manage("/metrics").find(R"(bhi_poll_lag_seconds{source="main",type="Patient"})"), std::string::npos);
}

TEST_F(DaemonTest, EndsWhenItsOwnSideBreaks) {
  std::atomic<bool> broken{false};
  Metrics metrics;
  wrap = [&](std::unique_ptr<flow::Store> store) {
    return std::make_unique<BreakableStore>(std::move(store), metrics, broken);
  };
  start();
  EXPECT_EQ(status_of(post_fhir(kPatient)), 201);
  EXPECT_FALSE(daemon->failed());
  broken = true;
  const auto answer = post_fhir(R"({"resourceType":"Patient","id":"a2"})");
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(answer.find("Alder"), std::string::npos) << "what broke is for the log";
  EXPECT_TRUE(daemon->failed());
  EXPECT_FALSE(daemon->alive());
  EXPECT_EQ(status_of(manage("/readyz")), 503);
  EXPECT_EQ(status_of(manage("/healthz")), 200);
  broken = false;
  EXPECT_EQ(status_of(post_fhir(R"({"resourceType":"Patient","id":"a3"})")), 503) << "a fault is never taken back";
  daemon.reset();
}

TEST_F(DaemonTest, DrainsInGoodOrder) {
  start();
  for (int i = 0; i < 50; ++i) post_fhir(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"("})");
  EXPECT_TRUE(daemon->drain(std::chrono::seconds(10)));
  EXPECT_FALSE(Socket(daemon->port()).connected());
  EXPECT_EQ(status_of(manage("/readyz")), 503);
  EXPECT_FALSE(daemon->failed());
  daemon.reset();
  start();
  EXPECT_TRUE(until([&] {
    const auto list = ask("GET", "/care/patients?limit=500");
    std::size_t found = 0;
    for (std::size_t at = 0; (at = list.find("\"kind\":\"Patient\"", at)) != std::string::npos; ++at) ++found;
    return found == 50;
  })) << "everything that was answered is there after the next start";
}

TEST_F(DaemonTest, DoesNotStartOnATakenPort) {
  start();
  settings.listen.port = daemon->port();
  DaemonParts parts;
  auto second = store::open_sqlite(folder / "second.db");
  ASSERT_TRUE(second.ok());
  parts.store = *std::move(second);
  parts.engine = engine();
  parts.now = [] { return Instant{}; };
  const auto started = Daemon::start(settings, std::move(parts));
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().kind, Kind::Unavailable);
}

TEST_F(DaemonTest, LeavesTypesThatNobodyListedAndTheEhrDoesNotHaveWithTheReasonAndNoAlarm) {
  settings.sources.front().base_url = "http://127.0.0.1:1/fhir";
  ehr = std::make_shared<SlowEhr>();
  start();
  std::string answer;
  const std::string left =
      R"("type":"Encounter","mode":"none","by_patient":false,"reason":"the EHR does not declare the type")";
  EXPECT_TRUE(until([&] { return (answer = ask("GET", "/care/sources")).find(left) != std::string::npos; })) << answer;
  EXPECT_TRUE(until([&] {
    return manage("/metrics").find(R"(bhi_polls_total{outcome="complete",source="main",type="Observation"})") !=
           std::string::npos;
  })) << "the last of the types";
  const auto metrics = manage("/metrics");
  EXPECT_EQ(metrics.find(R"(type="Encounter")"), std::string::npos) << "it is neither late nor failing";
}

TEST_F(DaemonTest, SaysWhatAListedTypeLacks) {
  settings.sources.front().base_url = "http://127.0.0.1:1/fhir";
  settings.sources.front().types = {"Encounter"};
  settings.sources.front().types_listed = true;
  ehr = std::make_shared<SlowEhr>();
  start();
  EXPECT_TRUE(until([&] {
    return manage("/metrics").find(R"(bhi_polls_total{outcome="unsupported",source="main",type="Encounter"})") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace bhi::service::test
