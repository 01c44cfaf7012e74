// One computed value per patient, kept in memory: after the first time only patients whose entities changed are read
// again (by the events feed). What the value depends on beside the record is the `key`; another key begins anew.
// Not guarded: its owner has the lock.
#pragma once

#include "base/result.h"
#include "care/model.h"
#include "flow/ports.h"
#include "flow/record.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

namespace bhi::service {

inline constexpr std::size_t kMostPatients = 100'000;

// What an update did.
struct Updated {
  bool all = false;                // everything was made anew
  std::set<std::string> patients;  // else: whose values were
};

template <typename T>
class PatientMemo {
 public:
  using Compute = std::function<std::optional<T>(const care::Record&)>;

  // Error Unavailable: `stop` was asked for meanwhile; what was done is done again the next time.
  Result<Updated> update(flow::Store& store, const std::string& key, const Compute& compute,
                         const std::stop_token& stop = {}) {
    stop_ = stop;
    BHI_TRY(const auto span, store.event_span());
    if (key != key_ || span.first > seq_ + 1) {  // or events are gone that we have not seen
      BHI_CHECK(begin(store, key, span.last, compute));
      return Updated{true, {}};
    }
    Updated updated;
    while (seq_ < span.last) {
      BHI_TRY(const auto events, store.events(seq_, 1000));
      if (events.empty()) break;
      std::set<std::string> patients;
      for (const flow::Event& event : events) {
        if (!event.patient.empty()) patients.insert(event.patient);
      }
      for (const std::string& patient : patients) BHI_CHECK(look(store, patient, compute));
      updated.patients.merge(patients);
      seq_ = events.back().seq;
    }
    return updated;
  }

  const std::map<std::string, T>& values() const { return values_; }
  std::int64_t seq() const { return seq_; }
  const std::string& key() const { return key_; }

 private:
  Result<void> begin(flow::Store& store, const std::string& key, std::int64_t seq, const Compute& compute) {
    key_.clear();
    values_.clear();
    std::string after;
    std::size_t count = 0;
    do {
      BHI_TRY(const auto listing, store.list("Patient", after, 500));
      count += listing.entities.size();
      if (count > kMostPatients)
        return Error{Kind::Unsupported, "more than " + std::to_string(kMostPatients) + " patients"};
      for (const flow::StoredEntity& patient : listing.entities) BHI_CHECK(look(store, patient.id, compute));
      after = listing.next;
    } while (!after.empty());
    key_ = key;
    seq_ = seq;  // what changed meanwhile is read once more
    return {};
  }

  Result<void> look(flow::Store& store, const std::string& patient, const Compute& compute) {
    if (stop_.stop_requested()) return Error{Kind::Unavailable, "stopping"};
    BHI_TRY(const auto loaded, flow::load_record(store, patient));
    auto value = compute(loaded.record);
    if (value)
      values_.insert_or_assign(patient, *std::move(value));
    else
      values_.erase(patient);
    return {};
  }

  std::string key_;  // empty: nothing computed yet
  std::int64_t seq_ = 0;
  std::map<std::string, T> values_;
  std::stop_token stop_;  // of the update under way
};

}  // namespace bhi::service
