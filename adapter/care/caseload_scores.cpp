#include "care/caseload_scores.h"

#include "care/instruments.h"
#include "care/scoring.h"
#include "care/times.h"

#include <algorithm>

namespace bhi::care {

namespace {

constexpr int kBaselineDaysBefore = 30;
constexpr double kElevated = 10;

std::optional<double> value_of(const Screening& screening) {
  if (!is_final_status(screening.status)) return std::nullopt;
  if (screening.total) return *screening.total;
  return screening.stated_total;
}

std::ptrdiff_t band_place(const Instrument& instrument, double total) {
  const auto found = std::ranges::find(instrument.bands, band_of(instrument, total), &Band::name);
  return found - instrument.bands.begin();
}

bool is_worse_score(const ScoreTrack& track, int by) {
  if (!track.last || !track.previous) return false;
  if (*track.last - *track.previous >= by) return true;
  const Instrument* instrument = find_instrument(track.instrument);
  if (instrument == nullptr || instrument->bands.empty() || *track.last <= *track.previous) return false;
  return band_place(*instrument, *track.last) > band_place(*instrument, *track.previous);
}

// The next score in order of time.
void add(ScoreTrack& track, double value, const Screening& screening) {
  if (!track.baseline) {
    track.baseline = value;
    track.baseline_on = screening.authored;
  }
  track.previous = track.last;
  track.last = value;
  track.last_on = screening.authored;
}

}  // namespace

std::vector<ScoreTrack> score_tracks(std::span<const Screening> screenings, std::string_view enrolled, int worse_by,
                                     Instant now) {
  std::optional<Instant> from = instant_from(enrolled);
  if (from) *from -= std::chrono::days{kBaselineDaysBefore};
  std::vector<ScoreTrack> tracks;
  for (const Screening& screening : screenings) {
    const auto value = value_of(screening);
    if (!value) continue;
    const auto at = instant_from(screening.authored);
    if (!at || *at > now || (from && *at < *from)) continue;
    auto track = std::ranges::find(tracks, screening.instrument, &ScoreTrack::instrument);
    if (track == tracks.end()) {
      track = tracks.insert(tracks.end(), ScoreTrack{});
      track->instrument = screening.instrument;
    }
    if (track->last && same_time(track->last_on, screening.authored)) {  // a response and its score Observation
      if (screening.total) track->last = *value;
      if (track->baseline_on == track->last_on) track->baseline = track->last;
      continue;
    }
    add(*track, *value, screening);
  }
  for (ScoreTrack& track : tracks) {
    track.worse = is_worse_score(track, worse_by);
    if (!track.previous) continue;
    track.change = *track.last - *track.baseline;
    if (*track.baseline > 0) track.percent = static_cast<int>(*track.change * 100 / *track.baseline);
  }
  std::ranges::sort(tracks, {}, &ScoreTrack::instrument);
  return tracks;
}

bool counts_for_improvement(const ScoreTrack& track) {
  return (track.instrument == "phq-9" || track.instrument == "phq-9m") && track.previous &&
         *track.baseline >= kElevated;
}

bool has_improved(const ScoreTrack& track) {
  return counts_for_improvement(track) && (*track.last < kElevated || *track.last * 2 <= *track.baseline);
}

bool has_not_improved(const ScoreTrack& track) {
  const bool elevated =
      (track.instrument == "phq-9" || track.instrument == "phq-9m") && track.baseline && *track.baseline >= kElevated;
  return elevated && !has_improved(track);
}

}  // namespace bhi::care
