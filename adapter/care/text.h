// Small helpers for comparing words of forms, answers and medicines. ASCII case only: our tables are ASCII.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bhi::care {

std::string lower(std::string_view text);

// Without blanks at both ends.
std::string_view trimmed(std::string_view text);

// Equal without regard to case and to blanks at the ends.
bool same_words(std::string_view a, std::string_view b);

// The whole text is a number ("2", "-1.5").
std::optional<double> number_from(std::string_view text);

// "12", "12.5": as short as it can be said.
std::string number_text(double value);

}  // namespace bhi::care
