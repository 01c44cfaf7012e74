// Twenty writers on one CarePlan: eighteen of the EHR's own people, each by If-Match, and two workers of ours. No edit
// of anybody is lost; told from every version that there ever was.
#include "flow/work.h"
#include "tests/ehr/support/delivery_bed.h"

#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace bhi::ehr {
namespace {

using flow::OutboxState;
using test::DeliveryBed;
using test::document;

constexpr int kClinicians = 18;

// "clinician 7: 12" in a note of the plan: how often this one has edited it.
int count_of(const std::string& body, int clinician) {
  const std::string key = "clinician " + std::to_string(clinician) + ": ";
  const auto at = body.find(key);
  return at == std::string::npos ? -1 : std::atoi(body.c_str() + at + key.size());
}

void edit(DeliveryBed& bed, const std::string& url, int clinician, std::atomic<int>& conflicts) {
  for (;;) {
    const auto read = bed.inside("GET", url);
    std::string body = read.body;
    const int before = count_of(body, clinician);
    const std::string key = "clinician " + std::to_string(clinician) + ": ";
    const std::string old = key + std::to_string(before) + "\"";
    body.replace(body.find(old), old.size(), key + std::to_string(before + 1) + "\"");
    const auto put = bed.inside("PUT", url, body, std::string(sim::header(read.headers, "ETag")));
    if (put.status == 200) return;
    ASSERT_TRUE(put.status == 412 || put.status == 409) << put.status;
    ++conflicts;
  }
}

std::string status_of(const fhir::Node& plan) {
  return std::string(plan.find("activity")->elements()[0].find("detail")->text_of("status"));
}

TEST(ConcurrentPlan, D5_03_OfTwentyWritersOnOnePlanNobodyLosesAnEdit) {
  const char* full = std::getenv("BHI_FULL");
  const int rounds = full != nullptr && std::string_view(full) == "1" ? 1000 : 40;
  DeliveryBed bed("open");
  bed.add_patients(1);
  const std::string patient = flow::care_id("main", "Patient", "1");
  std::string notes;
  for (int n = 0; n < kClinicians; ++n) {
    notes += (n == 0 ? "" : ",") + ("{\"text\":\"clinician " + std::to_string(n) + ": 0\"}");
  }
  const std::string url = "CarePlan/7";
  ASSERT_EQ(
      bed.inside("PUT", url,
                 R"({"resourceType":"CarePlan","id":"7","status":"active","intent":"plan","title":"Depression care",
      "subject":{"reference":"Patient/1"},"category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}],
      "activity":[{"detail":{"status":"not-started","description":"Walk"}}],"note":[)" +
                     notes + "]}")
          .status,
      201);
  const auto take_in = [&] {  // as polling and the lane do
    flow::Accepted batch;
    flow::InboxItem item;
    item.resource = flow::copy_of(document(bed.inside("GET", url).body)->root(), "main");
    item.lane = "main|Patient/1";
    item.channel = "poll";
    batch.items.push_back(item);
    ASSERT_TRUE(bed.store()->accept(batch).ok());
    const auto worked = flow::work_lane(test::engine(), *bed.store(), {{"main"}}, item.lane, 100, bed.now());
    ASSERT_TRUE(worked.ok()) << worked.error().message;
  };
  take_in();
  const std::string plan_id = bed.store()->list("CarePlan", "", 10)->entities.at(0).id;

  const std::vector<std::string> statuses = {"scheduled", "in-progress", "on-hold", "completed"};
  std::atomic<int> conflicts{0};
  int verified = 0, others = 0;
  std::mutex mutex;
  std::barrier gate(kClinicians + 2);
  std::vector<std::jthread> writers;
  for (int n = 0; n < kClinicians; ++n) {
    writers.emplace_back([&, n] {
      for (int round = 0; round < rounds; ++round) {
        gate.arrive_and_wait();
        edit(bed, url, n, conflicts);
        gate.arrive_and_wait();
      }
    });
  }
  for (int worker = 0; worker < 2; ++worker) {
    writers.emplace_back([&, worker] {
      for (int round = 0; round < rounds; ++round) {
        if (worker == 0) {                    // the BHI side has the next state of the activity
          bed.pass(std::chrono::seconds(5));  // whoever waits for another try has waited
          take_in();
          const auto stored = bed.store()->entity("CarePlan", plan_id).value();
          auto plan = std::get<care::CarePlan>(flow::entity_from_json(stored->body).value());
          plan.activities.at(0).status = statuses[static_cast<std::size_t>(round) % statuses.size()];
          bed.add(plan, patient, "care-plan");
        }
        gate.arrive_and_wait();
        const auto due = bed.store()->due(bed.now(), 4).value();
        for (const auto& item : due) {
          const auto settled = deliver(test::engine(), *bed.store(), bed.ehr(), bed.capabilities(), item, bed.now());
          // Both workers may be handed the same item; the store lets one of them have it.
          if (!settled.ok()) {
            EXPECT_EQ(settled.error().kind, Kind::Conflict) << settled.error().message;
            continue;
          }
          const std::lock_guard lock(mutex);
          ++(settled->state == OutboxState::Verified ? verified : others);
          EXPECT_NE(settled->state, OutboxState::Parked) << settled->reason;
        }
        gate.arrive_and_wait();
      }
    });
  }
  writers.clear();
  bed.work_off(1);
  take_in();

  // Every version there ever was: no count goes back, and each clinician is there as often as they wrote.
  std::vector<int> counts(kClinicians, 0);
  int versions = 0, lost = 0, ours = 0;
  std::string status = "not-started";
  const auto last = document(bed.inside("GET", url).body);
  const int newest = std::atoi(std::string(flow::version_of(last->root())).c_str());
  for (int version = 1; version <= newest; ++version, ++versions) {
    const auto read = bed.inside("GET", url + "/_history/" + std::to_string(version));
    ASSERT_EQ(read.status, 200) << version;
    for (int n = 0; n < kClinicians; ++n) {
      const int now = count_of(read.body, n);
      if (now < counts[static_cast<std::size_t>(n)]) ++lost;
      counts[static_cast<std::size_t>(n)] = now;
    }
    const std::string now = status_of(document(read.body)->root());
    ours += now != status ? 1 : 0;
    status = now;
  }
  std::printf(
      "one plan, 20 writers, %d rounds: %d versions, %d lost updates; ours %d changes, %d verified, %d others; "
      "clinicians met %d conflicts\n",
      rounds, versions, lost, ours, verified, others, conflicts.load());
  EXPECT_EQ(lost, 0);
  for (const int count : counts) EXPECT_EQ(count, rounds);
  EXPECT_EQ(status, statuses[static_cast<std::size_t>(rounds - 1) % statuses.size()]);
  EXPECT_EQ(bed.store()->counts(bed.now())->outbox_parked, 0u);
  EXPECT_GT(conflicts, 0);
}

}  // namespace
}  // namespace bhi::ehr
