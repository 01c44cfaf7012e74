#include "fhirpath/suggestion.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace bhi::fhirpath {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edits between two names, case ignored (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string suggestion(std::string_view wrong, std::span<const std::string_view> known) {
  constexpr std::size_t kLongestName = 64;  // longer ones are no slip of the finger
  if (wrong.size() > kLongestName) return {};
  std::string_view best;
  std::size_t least = wrong.size() / 3 + 2;
  for (const std::string_view name : known) {
    if (name.size() > kLongestName) continue;
    // The word with an ending ("authored" for "authoredOn") is a likely slip, too.
    const bool begins = wrong.size() >= 3 && (name.starts_with(wrong) || (name.size() >= 3 && wrong.starts_with(name)));
    const std::size_t edits = begins ? std::min<std::size_t>(2, distance(wrong, name)) : distance(wrong, name);
    if (edits < least) {
      least = edits;
      best = name;
    }
  }
  return best.empty() ? std::string() : " (did you mean `" + std::string(best) + "`?)";
}

}  // namespace bhi::fhirpath
