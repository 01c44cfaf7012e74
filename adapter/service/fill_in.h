// What one source's records need and what has not arrived: forms that responses wait for, resources that maps looked
// for. Asked for between two polls, some at a time; what the EHR does not have is asked for again later.
#pragma once

#include "flow/fill_in.h"
#include "flow/ports.h"
#include "service/common.h"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

namespace bhi::service {

class FillIn {
 public:
  using Clock = std::chrono::steady_clock;

  // `wake_lanes`: something new was stored.
  FillIn(const Common& common, std::string source, std::function<void()> wake_lanes)
      : common_(common), source_(std::move(source)), wake_lanes_(std::move(wake_lanes)) {}

  // Who waited when we stopped still waits.
  void remember();
  // From any thread. False: it is asked for already, or was not there a moment ago, or too much is wanted.
  bool want_form(const std::string& canonical);
  bool want(const flow::Missing& missing);
  // Asks for what is due. True: there is more, to be asked for soon.
  bool fetch(flow::Ehr& ehr, const std::stop_token& stop, Clock::time_point now = Clock::now());
  // Forms and resources that are still wanted.
  std::size_t open() const;

 private:
  struct Wish {
    bool form = false;
    std::set<std::string> wanted_by;
    Clock::time_point due{};
    int asked = 0;  // how often it was not there
  };
  bool add(const std::string& what, bool form, const std::string& wanted_by);
  bool ask(flow::Ehr& ehr, const std::string& what, const Wish& wish);
  void keep();

  const Common& common_;
  std::string source_;
  std::function<void()> wake_lanes_;
  mutable std::mutex mutex_;
  std::map<std::string, Wish> wishes_;  // guarded by mutex_: by canonical, or by reference
  bool changed_ = false;                // the same: since they were last kept
};

}  // namespace bhi::service
