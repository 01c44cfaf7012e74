// Asks one EHR for news, type by type, some patients at a time where it must be asked for each, and for the forms that
// responses wait for. One thread per source.
#pragma once

#include "flow/poll.h"
#include "flow/poll_choice.h"
#include "flow/rounds.h"
#include "service/board.h"
#include "service/bulk_work.h"
#include "service/common.h"
#include "service/ehr_link.h"
#include "service/fill_in.h"
#include "service/poll_hurry.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace bhi::service {

class Poller {
 public:
  // `wake_lanes`: something new was stored.
  Poller(const Common& common, EhrLink& link, std::function<void()> wake_lanes);

  // Types that it holds are not polled. Lent, outlives the poller; before run().
  void leave_to(const BulkWork& bulk) { bulk_ = &bulk; }

  void run(std::stop_token stop);  // body of its thread
  void want(const std::string& form);
  PollHurry& hurry() { return hurry_; }  // wake() afterwards
  void wake() { bell_.ring(); }
  const std::string& source() const { return link_.settings().name; }
  void fill_in(const flow::Missing& missing);
  // Sets lag and staleness of every type, and the state of the circuit.
  void report(Metrics& metrics) const;
  // The same for people, as JSON: {name, circuit, types: [{type, mode, by_patient, reason, complete_until}]}.
  std::string status() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Turn {
    std::string type;
    Clock::time_point next;
    Clock::time_point complete;  // end of the last complete poll, or the start of the daemon
    int failures = 0;
    StateLine line;
    flow::PollChoice choice{};
    bool without_count = false;  // the EHR refuses `_count`
    flow::Detour detour{};       // after a refusal of the whole type
    flow::Rounds rounds{};
    Clock::time_point next_round{};
    std::optional<Instant> known_until{};  // nothing older than this is missing
    bool whole = false;                    // this poll is of everything, as if it were the first
  };

  bool take_turns(flow::Ehr& ehr, const flow::Capabilities& capabilities, const std::stop_token& stop);
  void begin_anew();
  void poll(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities);
  bool left_out(const std::string& type, const flow::Capabilities& capabilities) const;
  void choose(Turn& turn, const flow::Capabilities& capabilities);
  void poll_window(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities);
  void sweep_all(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities);
  void sweep_patients(Turn& turn, flow::Ehr& ehr);
  Result<std::vector<std::string>> cohort(flow::Ehr& ehr) const;
  flow::PollSettings settings_for(const Turn& turn) const;
  std::optional<BulkWork::Held> held(const Turn& turn) const;
  // False: the EHR refuses to be asked for a whole type, and there is another way now.
  bool failed(Turn& turn, const flow::Capabilities* capabilities, const Error& error);
  void count(const Turn& turn, std::size_t seen, std::size_t stored, bool complete);
  void ended(Turn& turn, std::optional<Instant> asked, const Issues& issues, bool complete);
  void remember_staleness();
  Clock::time_point next_turn() const;

  const Common& common_;
  EhrLink& link_;
  const BulkWork* bulk_ = nullptr;
  std::function<void()> wake_lanes_;
  Bell bell_;
  PollHurry hurry_;
  StateLine line_;
  std::vector<std::unique_ptr<Turn>> turns_;
  FillIn fill_in_;
  bool was_ours_ = false;     // the latest look found the source ours (common.h)
  mutable std::mutex mutex_;  // guards `complete`, `choice` and `known_until` of the turns
};

}  // namespace bhi::service
