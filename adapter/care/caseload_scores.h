// A patient's scores over the time of an episode. Part of care/caseload.h.
#pragma once

#include "care/caseload.h"

#include <span>
#include <string_view>
#include <vector>

namespace bhi::care {

// One per instrument with a score since 30 days before the enrolment (empty: any time), up to `now`. A score is the
// recomputed total, else the stated one, of a final screening; of several at the same time the recomputed one.
std::vector<ScoreTrack> score_tracks(std::span<const Screening> screenings, std::string_view enrolled, int worse_by,
                                     Instant now);

// Bao 2016: PHQ-9 of at least 10 at baseline; below 10, or at least half lower now.
bool has_improved(const ScoreTrack& track);
bool counts_for_improvement(const ScoreTrack& track);  // such a baseline, and a later score
bool has_not_improved(const ScoreTrack& track);

}  // namespace bhi::care
