// The plan of a treatment that is over: completed, or revoked when it ended before it was carried out.
//
// The status is laid over the plan: what the rules put there is noted in CarePlan::derived (part "status", with what
// stood there before and the episode it is for). It is lifted before all other rules look at the plan, and laid on
// again after them, so that the order in which things arrive does not matter, and an episode that goes on (an act that
// was undone) leaves no trace. A status that a person or the EHR set afterwards stays.
#pragma once

#include "care/model.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::care {

struct Closing {
  std::string episode;
  std::string status;  // completed | revoked
  bool operator==(const Closing&) const = default;
};

// Should this plan be closed? A plan belongs to the last episode begun before it (on its day, too), else to the first;
// one that does not say when it began ends with the last episode, when none goes on. A plan of the EHR is closed only
// with an episode that the BHI side keeps: what the EHR ends by itself, it tidies by itself.
std::optional<Closing> closing_of(const CarePlan& plan, const Record& record);

// completed, referred-out: `completed`; every other end: `revoked`. A draft was never carried out: `revoked`. Empty:
// not over.
std::string_view closed_status(std::string_view episode_state, std::string_view plan_status);

// Takes off what close() laid on, unless somebody has set another status since.
void lift(CarePlan& plan);

// Lays it on, or takes the note away when there is nothing to close. Our review date goes with the closing.
void close(CarePlan& plan, const std::optional<Closing>& closing);

bool is_closed_by_rule(const CarePlan& plan);

}  // namespace bhi::care
