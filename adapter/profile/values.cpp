#include "profile/values.h"

#include <algorithm>

namespace bhi::profile {

using fhir::Node;

bool fits_pattern(const Node& value, const Node& pattern) {
  if (pattern.is_object()) {
    return std::ranges::all_of(pattern.members(), [&value](const fhir::Member& member) {
      const Node* own = value.find(*member.name);
      return own != nullptr && fits_pattern(*own, member.value);
    });
  }
  if (pattern.is_array()) {
    return std::ranges::all_of(pattern.elements(), [&value](const Node& wanted) {
      return std::ranges::any_of(fhir::each(&value), [&wanted](const Node& one) { return fits_pattern(one, wanted); });
    });
  }
  return fhir::same(value, pattern);
}

std::optional<bool> in_value_set(const fhirpath::Item& item, std::string_view value_set,
                                 const fhirpath::Environment& environment) {
  if (!environment.member_of) return std::nullopt;
  const Node& node = *item.node;
  if (node.is_string()) return environment.member_of(value_set, {}, node.text());
  if (!node.is_object()) return false;
  const Node* codings = node.find("coding");
  std::optional<bool> answer = false;
  const auto ask = [&](const Node& coding) {
    const auto one = environment.member_of(value_set, coding.text_of("system"), coding.text_of("code"));
    if (one == true || (!one && answer == false)) answer = one;
    return one == true;
  };
  if (codings == nullptr) {
    if (node.find("code") != nullptr) ask(node);
  } else {
    static_cast<void>(std::ranges::any_of(fhir::each(codings), ask));
  }
  return answer;
}

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace bhi::profile
