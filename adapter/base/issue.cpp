#include "base/issue.h"

#include <algorithm>

namespace bhi {

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::Fatal: return "fatal";
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Information: return "information";
  }
  return "error";
}

bool has_errors(const Issues& issues) {
  return std::ranges::any_of(issues, [](const Issue& issue) { return issue.severity <= Severity::Error; });
}

}  // namespace bhi
