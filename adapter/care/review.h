// The next review of a behavioral care plan follows the newest screening: its date plus an interval, shorter after a
// positive one. A date that a person set, at the EHR or here, stands until a newer screening is done.
//
// The intervals (Policy) need a clinician's review. The activity names no instrument: a plan may be read by people who
// may not see a substance-use screening.
#pragma once

#include "base/instant.h"
#include "care/apply.h"
#include "care/model.h"
#include "care/treat_to_target.h"

#include <optional>
#include <span>
#include <string>

namespace bhi::care {

inline constexpr std::string_view kPlanReview = "plan-review";  // Activity::kind

// What the screenings held ask for.
struct ReviewWish {
  std::string authored;  // of the newest screening that was done
  std::string on;        // its date
  std::string due;       // date of the review
  bool operator==(const ReviewWish&) const = default;
};

// `screenings` in the record's order (by time). One authored after tomorrow is a wrong date and not followed.
std::optional<ReviewWish> review_wish(std::span<const Screening> screenings, const Policy& policy, Instant now);

// A proposal may ask for an earlier one, after the day of the screening.
void ask_sooner(ReviewWish& wish, std::span<const Proposal> proposals);

bool is_reviewed(const CarePlan& plan);  // active and behavioral

// Moves the plan's review date and its activity to the wish, unless a person's date stands. True when the plan changed.
bool follow(CarePlan& plan, const std::optional<ReviewWish>& wish);

bool is_date_ours(const CarePlan& plan);  // set by our rule, not by a person

// A date set by the BHI side: the activity follows it.
void set_by_hand(CarePlan& plan);

// Of a plan from the EHR: the date stands in its review activity when nowhere else.
void read_review_date(CarePlan& plan);

// What a newer version from the EHR lacks and only the BHI side knows is taken over from what is held.
void keep_bhi_fields(CarePlan& incoming, const CarePlan& held);

}  // namespace bhi::care
