#include "service/options_privacy.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace bhi::service {

namespace {

using flow::Part2;

constexpr std::size_t kLongestText = 4000;
constexpr std::array<std::pair<std::string_view, Part2>, 3> kPart2 = {
    {{"unstated", Part2::Unstated}, {"yes", Part2::Yes}, {"no", Part2::No}}};

// A FHIR string: something in it, no blank at its ends. https://hl7.org/fhir/R4/datatypes.html#string
bool is_text(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  return !text.empty() && text.size() <= kLongestText && kBlank.find(text.front()) == std::string_view::npos &&
         kBlank.find(text.back()) == std::string_view::npos;
}

}  // namespace

std::vector<Option> privacy_options() {
  return {
      option_row<Settings>(
          "privacy.part2_program", "unstated", "one of unstated, yes, no",
          "does the practice hold itself out as a programme for substance use (42 CFR Part 2)? `unstated` "
          "counts as `yes`: substance-use data waits for a consent",
          [](Settings& settings, const Texts& texts) {
            const auto* found = std::ranges::find(kPart2, texts.front(), [](const auto& pair) { return pair.first; });
            if (found == kPart2.end()) return false;
            settings.part2_program = found->second;
            return true;
          }),
      option_row<Settings>(
          "privacy.redisclosure_notice", "",
          "a text of at most " + std::to_string(kLongestText) + " characters, no blanks at its ends",
          "the statement that goes with Part 2 data (42 CFR 2.32), as your counsel words it; without it such "
          "data stays",
          [](Settings& settings, const Texts& texts) {
            if (!is_text(texts.front())) return false;
            settings.redisclosure_notice = texts.front();
            return true;
          }),
      option_row<Settings>("privacy.consent_scope", "",
                           "a text of at most " + std::to_string(kLongestText) +
                               " characters with `{covers}` in it; `{starts}` and `{expires}` are filled in too",
                           "what goes with Part 2 data about the consent it leaves under; without it such data stays",
                           [](Settings& settings, const Texts& texts) {
                             if (!is_text(texts.front()) || texts.front().find("{covers}") == std::string::npos)
                               return false;
                             settings.consent_scope = texts.front();
                             return true;
                           }),
      yes_no_row("sources[].part2",
                 "is this EHR a Part 2 programme's? What comes from it then leaves only under a consent",
                 [](SourceSettings& source) -> bool& { return source.part2; }),
      yes_no_row("sources[].consent_required",
                 "nothing but safety notices leaves to this EHR without a privacy consent that covers it",
                 [](SourceSettings& source) -> bool& { return source.consent_required; }),
  };
}

void settle_privacy(Settings& settings) {
  flow::Privacy privacy;
  privacy.practice = settings.part2_program;
  privacy.redisclosure_notice = settings.redisclosure_notice;
  privacy.consent_scope = settings.consent_scope;
  for (const SourceSettings& source : settings.sources) {
    if (source.part2) privacy.part2_sources.push_back(source.name);
  }
  for (SourceSettings& source : settings.sources) {
    source.privacy = privacy;
    source.privacy.consent_required = source.consent_required;
  }
}

}  // namespace bhi::service
