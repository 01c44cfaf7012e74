// How news of one type are found at one EHR: chosen from what it declares, with the reason in words.
#pragma once

#include "base/instant.h"
#include "flow/ports.h"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::flow {

enum class PollMode {
  LastUpdated,  // windows of meta.lastUpdated: finds news and edits, no deletions
  Sweep,        // everything again, told apart by content: finds edits and disappearances too, at the price of time
  CreatedDate,  // windows of a date in the record: edits are missed; only when asked for
  None,         // cannot be asked for
};
std::string_view name(PollMode mode);

struct PollWishes {
  bool cohort = false;  // only certain patients are of interest
  std::vector<std::string> sweep_types, created_date_types;
};

struct PollChoice {
  std::string type;
  PollMode mode = PollMode::None;
  bool by_patient = false;     // one search for each patient
  std::string parameter;       // "_lastUpdated", "authored", "patient"; empty: none
  bool with_count = false;     // `_count` is asked for
  bool count_assumed = false;  // though the EHR declares it nowhere: many understand it all the same, some refuse it
  std::string reason;
};

// A search of the type of the choice, by its `_count` and what else there is to ask. Where the count is only assumed
// and the EHR refuses the search (400), it is asked once more without; `count_refused` says that this helped.
Result<Page> search_by(Ehr& ehr, const PollChoice& choice, int count, const std::string& query, bool& count_refused);

PollChoice choose_poll(const Capabilities& capabilities, std::string_view type, const PollWishes& wishes);

// After the EHR refused a search of a whole type: by patient, when it declares that. `status`: "400 ..." as answered.
PollChoice by_patient_instead(const Capabilities& capabilities, const PollChoice& refused, std::string_view status);

// Another way taken after a refusal, for some hours: then the EHR may have learned to answer, or its people allowed it.
class Detour {
 public:
  static constexpr std::chrono::hours kLength{6};
  void take(PollChoice instead, Instant now) { instead_ = std::move(instead), until_ = now + kLength; }
  // Null: the straight way.
  const PollChoice* at(Instant now) const { return instead_ && now < until_ ? &*instead_ : nullptr; }

 private:
  std::optional<PollChoice> instead_;
  Instant until_{};
};

}  // namespace bhi::flow
