// Log lines: one JSON object a line on standard error, never patient data, text from outside escaped.
//
// Every room logs through spdlog; the loggers "service", "ehr" and "store" are made here with one formatter, so a line
// of any of them is one well-formed record. Writing is asynchronous: when the reader of the log stands still, the
// oldest lines are dropped instead of stopping the work.
#pragma once

#include "service/json_text.h"
#include "service/settings.h"

#include <string_view>

namespace bhi::service {

void start_log(LogLevel level);
void stop_log();  // writes what is left

// {"at":"...","level":"info","room":"service","event":"...", members of `more`}
void log_event(LogLevel level, std::string_view event, const JsonObject& more = {});

}  // namespace bhi::service
