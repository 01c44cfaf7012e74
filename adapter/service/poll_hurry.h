// Wishes that a type is asked for now instead of at its turn, and what came of it. A poller looks here; whoever heard
// that something changed speaks here. Safe from any thread.
#pragma once

#include "base/instant.h"
#include "flow/poll_choice.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace bhi::service {

class PollHurry {
 public:
  // Asked for as soon as the EHR allows. `whole`: everything, as if it had never been asked for.
  void want(const std::string& type, bool whole) {
    const std::lock_guard lock(mutex_);
    auto& one = types_[type];
    one.wanted = true;
    one.whole = one.whole || whole;
  }

  struct Known {
    std::optional<Instant> until{};  // nothing older than this is missing
    std::optional<Instant> whole{};  // the same of the last time that everything was asked for
    bool by_window = false;          // one search finds all that is new
  };
  Known known(const std::string& type) const {
    const std::lock_guard lock(mutex_);
    const auto found = types_.find(type);
    return found == types_.end() ? Known{} : found->second.known;
  }

  // ---- the poller's side

  bool take(const std::string& type) {
    const std::lock_guard lock(mutex_);
    const auto found = types_.find(type);
    if (found == types_.end() || !found->second.wanted) return false;
    found->second.wanted = false;
    return true;
  }
  bool wants_whole(const std::string& type) const {
    const std::lock_guard lock(mutex_);
    const auto found = types_.find(type);
    return found != types_.end() && found->second.whole;
  }
  // A complete poll; `asked`: when it began. `whole`: of everything.
  void done(const std::string& type, Instant asked, bool whole, const flow::PollChoice& choice) {
    const std::lock_guard lock(mutex_);
    auto& one = types_[type];
    one.known.until = asked;
    one.known.by_window = choice.mode == flow::PollMode::LastUpdated && !choice.by_patient;
    if (!whole) return;
    one.known.whole = asked;
    one.whole = false;
  }

 private:
  struct Type {
    bool wanted = false, whole = false;
    Known known;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Type> types_;
};

}  // namespace bhi::service
