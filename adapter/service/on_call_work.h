// Nobody in danger is overlooked: open safety events that reached nobody are told to the person on call, again and
// again until somebody acknowledges them (on_call_case.h says when, on_call_contact.h how).
//
// It follows the events of the store from a pass over all open safety events at the start. What was told lies in the
// store, one cursor of "on-call" for each event. Quiet hours do not count here.
#pragma once

#include "care/model.h"
#include "service/board.h"
#include "service/common.h"
#include "service/ehr_link.h"
#include "service/on_call_case.h"
#include "service/on_call_contact.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

class OnCallWork {
 public:
  // The settings are lent.
  struct Parts {
    const Common& common;
    const OnCallSettings& settings;
    std::string instance;
    std::function<Telling(const OnCallContact&, std::string_view notice)> tell;
  };

  explicit OnCallWork(Parts parts) : parts_(std::move(parts)) {}

  // Before run(): an EHR that safety artifacts go to; when it offers no way for them, that is told. Lent.
  void watch(EhrLink& link) { ways_.push_back({&link, std::nullopt}); }

  // Something may have changed; `event`: its delivery was settled.
  void wake(std::string_view event = {});

  void run(std::stop_token stop);  // body of one thread

  // Everything that is due now; when to look again at the latest. Error: of the store.
  Result<Instant> round(std::stop_token stop = {});

  // For /readyz: what somebody should know though the daemon works. No patient data.
  std::vector<std::string> remarks() const;

 private:
  struct Watched {
    std::string patient;
    Instant raised{};
    std::optional<Told> told;
    Instant next{};
    bool unsaved = false;  // `told` is not in the store yet
  };
  struct Way {
    EhrLink* link;
    std::optional<std::string> missing;  // empty text: there is a way; no value: not known yet
  };
  Result<void> round_if_ours(std::stop_token stop);
  Result<void> begin();
  Result<void> follow();
  Result<void> take(const std::string& id, const flow::StoredEntity* stored);
  Result<void> forget(const std::string& id, std::string_view state);
  Result<void> look_at(const std::string& id, Watched& watched, Instant now);
  void call(const std::string& id, Watched& watched, const DueNotice& due, const Delivery& delivery, Instant now);
  bool reached(const OnCallContact& contact, const char* who, Instant& rests_until, const std::string& notice,
               Instant now, std::string& story);
  Result<void> save(const std::string& id, Watched& watched, const std::string& story, Instant now);
  void look_for_ways(Instant now);
  void publish();

  Parts parts_;
  std::vector<Way> ways_;
  bool begun_ = false;
  std::int64_t after_ = 0;
  std::map<std::string, Watched> watched_;
  Instant first_rests_{}, backup_rests_{};  // until when, after a failure
  Instant ways_looked_{};
  Bell bell_;
  mutable std::mutex mutex_;
  std::set<std::string> rung_;        // guarded by mutex_
  std::vector<std::string> remarks_;  // the same
};

}  // namespace bhi::service
