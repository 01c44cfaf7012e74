// Files that are in the EHR from the start: --load and --samples.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/journal.h"
#include "ehr_sim/simulator.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

// Dates of sample patients move with the day: {{today}}, {{today-3}}, {{today+30}} become a date (UTC), {{now}},
// {{now-2d}},
// {{now-90m}}, {{now+1h}} an instant with seconds. Error kind Incorrect: a placeholder of another form.
Result<std::string> expand_dates(std::string_view text, Instant now);

// *.json and *.ndjson of a folder in the order of their names, or the file itself.
Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& where);

enum class Dates { AsWritten, Expanded };

// Loads every file; the error names the file. Number of versions stored. With a journal, a file whose content it has
// seen at an earlier start is left out.
Result<std::size_t> load_files(Simulator& simulator, const std::filesystem::path& where, Dates dates, Instant now,
                               Journal* journal = nullptr);

}  // namespace bhi::sim
