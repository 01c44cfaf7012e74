// Replacing matches, against what RE2 itself makes of the same pattern.
#include "fhirpath/pattern.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhirpath {
namespace {

PatternPtr compiled(std::string_view pattern) { return compile_pattern(Expr{}, pattern, false).value(); }

TEST(Pattern, ReplacesWhatRe2Replaces) {
  const std::vector<std::string> texts{"", "a", "aaa", "bab", "Practitioner/9", "x/y/z", "größe ß ö", "日本語", "\n\n"};
  for (const char* pattern : {"a", "a*", "b*", "^.*/", "$", "^", "\\b", "x?", "[aeiou]", "ö|ß", "(a)(b)?", "."}) {
    const PatternPtr ours = compiled(pattern);
    for (const std::string& text : texts) {
      std::string expected = text;
      re2::RE2::GlobalReplace(&expected, *ours, "-");
      EXPECT_EQ(replace_matches(*ours, text, "-"), expected) << pattern << " on " << text;
    }
  }
}

TEST(Pattern, PutsGroupsIntoTheReplacement) {
  const auto replaced = [](std::string_view pattern, std::string_view text, std::string_view by) {
    return replace_matches(*compiled(pattern), text, by);
  };
  EXPECT_EQ(replaced("(a)(b)", "abab", "$2$1"), "baba");
  EXPECT_EQ(replaced("b", "abc", "[$0]"), "a[b]c");
  EXPECT_EQ(replaced("(?<day>\\d+)/(?<month>\\d+)", "24/12", "${month}-${day}"), "12-24");
  EXPECT_EQ(replaced("(a)|(b)", "ab", "<$2>"), "<><b>") << "a group that took no part is empty";
  EXPECT_EQ(replaced("a", "a", "$1 ${x} $ \\1 $"), "$1 ${x} $ \\1 $") << "no such group: as written";
}

}  // namespace
}  // namespace bhi::fhirpath
