#include "tests/ehr/support/delivery_bed.h"

#include <thread>

namespace bhi::test {

using namespace std::chrono_literals;
using flow::OutboxItem;
using flow::OutboxState;

DeliveryBed::DeliveryBed(const std::string& profile) : now_ms_(flow::kNow.time_since_epoch().count()) {
  sim::Settings settings;
  settings.seed = "delivery";
  settings.rules.profile = *sim::profile_named(profile);
  settings.rules.profile.calls_per_minute = 0;  // budgets have tests of their own
  settings.started = now();
  simulator_ = std::make_unique<sim::Simulator>(settings);
  front_ = std::make_unique<sim::Front>(
      *simulator_, [this] { return Instant(std::chrono::milliseconds(now_ms_ += 100)); },
      [this](std::chrono::milliseconds time) { pause_.wait(time); });
  server_ = *sim::Server::start("127.0.0.1:0", *front_, pause_);
  ehr::EhrSettings connection;
  connection.name = "main";
  connection.version = "1";
  connection.http.base_url = server_->base();
  connection.token = [this] { return token(); };
  connection.token_refused = [this](std::string_view refused) {
    const std::lock_guard lock(mutex_);
    if (refused == token_) token_.clear();
  };
  ehr_ = *ehr::connect(connection);
  capabilities_ = ehr_->capabilities().value();
}

DeliveryBed::~DeliveryBed() {
  pause_.stop();
  server_->stop();
}

Result<std::string> DeliveryBed::token() {
  const std::lock_guard lock(mutex_);
  if (!front_->authority().on() || !token_.empty()) return token_.empty() ? "none" : token_;
  sim::Request request;
  request.method = "POST";
  request.path = sim::kTokenPath;
  request.base = server_->base();
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = "grant_type=client_credentials&client_id=bhi&client_secret=secret&scope=system%2F*.cruds";
  const auto answer = front_->authority().token(request, now());
  const auto read = fhir::read_json(answer.body);
  if (!read.ok() || answer.status != 200) return Error{Kind::Forbidden, "401: no token: " + answer.body};
  ++tokens_given_;
  return token_ = (*read)->root().text_of("access_token");
}

void DeliveryBed::token_life(int seconds) {
  const auto settings =
      document(R"({"clients":[{"id":"bhi","secret":"secret","scopes":"system/*.cruds"}],"token_secs":)" +
               std::to_string(seconds) + "}");
  const auto set = front_->authority().set(settings->root());
  ASSERT_TRUE(set.ok()) << set.error().message;
}

void DeliveryBed::add(const care::Entity& entity, const std::string& patient, const std::string& artifact) {
  flow::Worked worked;
  flow::StoredEntity row;
  row.kind = care::kind_of(entity);
  row.id = std::visit([](const auto& value) { return value.id; }, entity);
  row.patient = patient;
  const auto before = store_->entity(row.kind, row.id).value();
  row.version = before ? before->version : 0;
  row.body = flow::to_json(entity);
  if (!artifact.empty()) {
    OutboxItem item;
    item.destination = "main";
    item.patient = patient;
    item.artifact = artifact;
    item.care_id = row.id;
    item.care_version = row.version + 1;
    item.created = now();
    worked.outbox.push_back(item);
  }
  worked.entities.push_back(std::move(row));
  const auto committed = store_->commit(worked);
  ASSERT_TRUE(committed.ok()) << committed.error().message;
}

void DeliveryBed::add_patients(int count) {
  for (int n = 1; n <= count; ++n) {
    care::Patient patient = flow::patient();
    patient.id = flow::care_id("main", "Patient", std::to_string(n));
    patient.source.id = std::to_string(n);
    add(patient, patient.id);
  }
}

void DeliveryBed::add_screening(int number, int patient) {
  care::Screening screening = flow::phq9();
  screening.id = "s" + std::to_string(number);
  screening.patient = flow::care_id("main", "Patient", std::to_string(patient));
  screening.authored = to_text(flow::kNow - std::chrono::hours(24 * 30) + std::chrono::minutes(number));
  add(screening, screening.patient, "screening-result");
}

void DeliveryBed::faults(const std::string& settings) {
  const auto read = document(settings);
  const auto added = front_->faults().add(read->root());
  ASSERT_TRUE(added.ok()) << added.error().message;
}

void DeliveryBed::count(const OutboxItem& settled) {
  const std::lock_guard lock(mutex_);
  ++states[settled.state];
  if (settled.state == OutboxState::Parked || settled.state == OutboxState::Dead) ++parked_for[settled.reason];
}

void DeliveryBed::deliver_due(int workers) {
  const auto due = store_->due(now(), 1000);
  ASSERT_TRUE(due.ok()) << due.error().message;
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (int n = 0; n < workers; ++n) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < due->size(); at = next++) {
        const auto settled = deliver(engine(), *store_, *ehr_, capabilities_, due->at(at), now());
        EXPECT_TRUE(settled.ok()) << settled.error().message;
        if (settled.ok()) count(*settled);
      }
    });
  }
}

void DeliveryBed::work_off(int workers) {
  for (int round = 0; round < 100'000; ++round) {
    const auto counts = store_->counts(now());
    ASSERT_TRUE(counts.ok());
    if (counts->outbox_open + counts->outbox_unknown == 0) return;
    if (store_->due(now(), 1).value().empty()) pass(1s);
    deliver_due(workers);
  }
  FAIL() << "never done";
}

sim::Response DeliveryBed::inside(std::string_view method, std::string_view url, std::string body,
                                  const std::string& if_match) {
  sim::Request request;
  request.method = method;
  const auto question = std::min(url.find('?'), url.size());
  request.path = "/fhir/" + std::string(url.substr(0, question));
  request.query = url.substr(std::min(question + 1, url.size()));
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/fhir+json");
  if (!if_match.empty()) request.headers.emplace_back("If-Match", if_match);
  request.body = std::move(body);
  request.base = "http://sim/fhir";
  request.inside = true;
  return simulator_->handle(request, now());
}

std::vector<fhir::DocumentPtr> DeliveryBed::all(std::string_view type) {
  std::vector<fhir::DocumentPtr> found;
  std::string url = std::string(type) + "?_count=500";
  while (!url.empty()) {
    const auto page = document(inside("GET", url).body);
    for (const fhir::Node& entry : fhir::each(page->root().find("entry"))) {
      found.push_back(document(fhir::write_json(*entry.find("resource"))));
    }
    url.clear();
    for (const fhir::Node& link : fhir::each(page->root().find("link"))) {
      if (link.text_of("relation") == "next")
        url = link.text_of("url").substr(std::string_view("http://sim/fhir/").size());
    }
  }
  return found;
}

}  // namespace bhi::test
