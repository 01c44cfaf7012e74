#include "flow/tick.h"

#include "flow/record.h"

#include <utility>

namespace bhi::flow {

namespace {

constexpr int kConflictTries = 5;

}  // namespace

Result<bool> tick_patient(const Engine& engine, Store& store, const Destinations& destinations,
                          std::string_view patient, Instant now) {
  for (int attempt = 1;; ++attempt) {
    BHI_TRY(const auto before, load_record(store, patient));
    const care::Applied applied = care::apply(before.record, {}, engine.policy, now);
    if (applied.touched.empty()) return false;
    Worked worked;
    add_applied(worked, applied, before, destinations, "", now);
    worked.audit.push_back({"tick", "bhi", "Patient/" + std::string(patient), "ok", now});
    auto committed = store.commit(worked);
    if (committed.ok()) return true;
    if (committed.error().kind != Kind::Conflict || attempt == kConflictTries) return committed.error();
  }
}

Result<TickPage> tick_page(const Engine& engine, Store& store, const Destinations& destinations, std::string_view after,
                           std::size_t limit, Instant now) {
  BHI_TRY(const auto listing, store.list("Patient", after, limit));
  TickPage page;
  page.next = listing.next;
  for (const StoredEntity& patient : listing.entities) {
    ++page.patients;
    const auto changed = tick_patient(engine, store, destinations, patient.id, now);
    if (changed.ok()) {
      page.changed += *changed ? 1 : 0;
      continue;
    }
    if (page.failed++ == 0) page.first_reason = changed.error().message;
  }
  return page;
}

}  // namespace bhi::flow
