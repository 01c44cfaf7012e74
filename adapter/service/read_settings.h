// The configuration file, read and checked. Every mistake is found in one go, each a line of its own:
//   bhi-adapter.yaml:12:5: sources[0].poll_interval: unknown option; did you mean `poll_interval_secs`?
#pragma once

#include "base/result.h"
#include "service/settings.h"

#include <string>
#include <string_view>

namespace bhi::service {

// `file` is for messages. Error Incorrect: one line per mistake. Pure but for nothing: looks at no other file.
Result<Settings> read_settings(std::string_view text, std::string_view file);

// Looks at what the settings name: the folder of the store, the assets, the site's forms, secret files (regular, not
// empty, closed to group and others). Error Incorrect: one line per mistake.
Result<void> check_files(const Settings& settings);

// Reads and does both. Error Unavailable: the file cannot be read.
Result<Settings> load_settings(const std::string& file);

}  // namespace bhi::service
