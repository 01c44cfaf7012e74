// From recognised answers to a Screening: scores, total, band, positive. What the sender states is kept beside it.
#pragma once

#include "care/model.h"
#include "care/recognise.h"
#include "care/safety.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct Scored {
  Screening screening;
  std::vector<EventRequest> events;  // of its findings that are not negative
};

// The screening of one recognised instrument. `id` is its care id; issues carry "Screening/<id>" paths. Gender of the
// patient ("male", "female", anything else: not known) decides AUDIT-C's cut-off.
Scored score(const ScreeningReport& report, const Recognised& recognised, std::string_view id, std::string_view gender);

// severity and positive, and the mark that the sex was not known, from what the screening holds. Used again when the
// patient's gender becomes known.
void interpret(Screening& screening, std::string_view gender);

bool is_final_status(std::string_view status);  // completed or amended: only these have totals

// It answers its questions, or states a score, in a final status: it counts as "a screening was done".
bool is_done(const Screening& screening);

bool is_score_only(const Screening& screening);

}  // namespace bhi::care
