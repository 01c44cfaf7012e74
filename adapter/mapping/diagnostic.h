// What is wrong in a map, said so that its author can mend it: where, in which rule, expected, found, perhaps meant.
#pragma once

#include "base/result.h"
#include "mapping/library.h"
#include "mapping/structure_map.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

// Gathers the diagnostics of one map; the rule at hand is set as the work moves on.
class Reporter {
 public:
  Reporter(std::string file, std::vector<Diagnostic>& to) : file_(std::move(file)), to_(to) {}

  void error(const Place& at, std::string text) { add(Severity::Error, at, std::move(text)); }
  void warning(const Place& at, std::string text) { add(Severity::Warning, at, std::move(text)); }

  // An error of the FHIRPath room begins with its own "line:column: ", which becomes the place.
  void error(const Place& otherwise, const Error& error);

  std::string rule;  // name of the rule or group at work

 private:
  void add(Severity severity, const Place& at, std::string text);

  std::string file_;
  std::vector<Diagnostic>& to_;
};

bool has_errors(std::span<const Diagnostic> diagnostics);

// "12:7: rest" taken apart; false when the text does not begin so.
bool split_place(std::string_view text, Place& at, std::string_view& rest);

}  // namespace bhi::mapping
