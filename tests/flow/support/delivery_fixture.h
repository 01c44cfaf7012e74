// A store with a patient, an EHR, and the ways of an outbox item between them.
#pragma once

#include "flow/binding.h"
#include "flow/deliver.h"
#include "flow/held.h"
#include "flow/inbound.h"
#include "flow/work.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/fake_ehr.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bhi::flow {

using namespace std::chrono_literals;
using test::document;
using test::FakeEhr;
using test::TempStore;
using What = Answer::What;

inline const Instant kNow = *instant_from("2026-11-22T09:00:00Z");
inline const std::string kPatient = care_id("main", "Patient", "1");

inline care::Patient patient() {
  care::Patient patient;
  patient.id = kPatient;
  patient.source = {"main", "Patient", "1", "1", ""};
  patient.name = "Someone";
  return patient;
}

inline care::Screening phq9() {
  care::Screening screening;
  screening.id = "s1";
  screening.patient = kPatient;
  screening.instrument = "phq-9";
  screening.authored = "2026-11-21T10:00:00Z";
  screening.status = "completed";
  screening.source.system = "bhi";
  for (int n = 1; n <= 9; ++n) screening.items.push_back({n, "", "LA6569-3", 1});
  screening.total = 9;
  screening.severity = "mild";
  screening.complete = true;
  return screening;
}

inline care::CarePlan plan() {
  care::CarePlan plan;
  plan.id = "c1";
  plan.patient = kPatient;
  plan.source.system = "bhi";
  plan.status = "active";
  plan.intent = "plan";
  plan.title = "Depression care";
  plan.behavioral = true;
  care::Activity call;
  call.description = "Call the patient";
  call.status = "not-started";
  plan.activities.push_back(call);
  return plan;
}

inline constexpr const char* kEhrPlan =
    R"({"resourceType":"CarePlan","id":"7","text":{"status":"generated","div":"<div>old</div>"},
  "status":"active","intent":"plan","title":"Depression care","subject":{"reference":"Patient/1"},
  "contributor":[{"reference":"Practitioner/9"}],
  "category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}],
  "activity":[{"detail":{"status":"not-started","description":"Walk"},"progress":[{"text":"started well"}]}]})";

class Deliver : public testing::Test {
 protected:
  Deliver() { keep({patient()}); }

  // Stores entities in their next version, with an outbox item when an artifact is named.
  void keep(const std::vector<care::Entity>& entities, const std::string& artifact = {}) {
    Worked worked;
    for (const care::Entity& entity : entities) {
      StoredEntity row;
      row.kind = care::kind_of(entity);
      row.id = std::visit([](const auto& value) { return value.id; }, entity);
      row.patient = kPatient;
      const auto before = store_->entity(row.kind, row.id).value();
      row.version = before ? before->version : 0;
      row.body = to_json(entity);
      if (!artifact.empty()) {
        OutboxItem item;
        item.destination = "main";
        item.patient = kPatient;
        item.artifact = artifact;
        item.care_id = row.id;
        item.care_version = row.version + 1;
        item.created = kNow;
        worked.outbox.push_back(item);
      }
      worked.entities.push_back(std::move(row));
    }
    const auto committed = store_->commit(worked);
    ASSERT_TRUE(committed.ok()) << committed.error().message;
  }

  // Delivers the next item that is due; far enough in the future that waiting is over.
  OutboxItem deliver_next() {
    clock_ += 10min;
    const auto due = store_->due(clock_, 10).value();
    EXPECT_FALSE(due.empty());
    if (due.empty()) return {};
    auto delivered = deliver(test::engine(), *store_, ehr_, ehr_.declared, due.front(), clock_, terms_);
    EXPECT_TRUE(delivered.ok()) << delivered.error().message;
    return delivered.ok() ? *delivered : OutboxItem{};
  }

  // As the daemon starts again after a kill.
  void restart() {
    store_.reopen();
    ASSERT_TRUE(store_->recover().ok());
  }

  // A plan of the EHR, read in as the journey reads it.
  void read_in(const std::string& body) {
    ehr_.put(body);
    accept_and_work();
  }
  void accept_and_work() {
    Accepted batch;
    for (const char* type : {"EpisodeOfCare", "CarePlan", "Observation"}) {
      for (const auto& resource : ehr_.all(type)) {
        InboxItem item;
        item.resource = copy_of(document(resource.body)->root(), "main");
        item.lane = "main|Patient/1";
        item.channel = "poll";
        batch.items.push_back(item);
      }
    }
    ASSERT_TRUE(store_->accept(batch).ok());
    work();
  }
  void work(std::size_t quarantined = 0) {
    const auto worked = work_lane(test::engine(), *store_, {{"main"}}, "main|Patient/1", 100, kNow);
    ASSERT_TRUE(worked.ok()) << worked.error().message;
    EXPECT_EQ(worked->quarantined, quarantined);
  }

  care::CarePlan stored_plan() {
    const auto listing = store_->list("CarePlan", "", 10).value();
    EXPECT_EQ(listing.entities.size(), 1u);
    return std::get<care::CarePlan>(entity_from_json(listing.entities.at(0).body).value());
  }

  std::size_t count(std::string_view request) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(ehr_.requests, [request](const std::string& made) { return made.starts_with(request); }));
  }

  TempStore store_;
  FakeEhr ehr_;
  Terms terms_;
  Instant clock_ = kNow;
};

class DeliverEhrPlan : public Deliver {
 protected:
  DeliverEhrPlan() { read_in(kEhrPlan); }

  // The BHI side marks the activity as completed.
  void complete() {
    care::CarePlan changed = stored_plan();
    ASSERT_EQ(changed.activities.size(), 1u);
    changed.activities[0].status = "completed";
    keep({changed}, "care-plan");
  }
  fhir::DocumentPtr there() { return document(ehr_.find("CarePlan", "7")->body); }
};

}  // namespace bhi::flow
