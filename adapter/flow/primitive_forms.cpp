#include "flow/primitive_forms.h"

#include "base/instant.h"
#include "fhir/bundle.h"
#include "fhir/terminology.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

namespace bhi::flow {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool anything(std::string_view) { return true; }

// No character below U+0020 but tab, line feed and carriage return.
bool is_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

bool has_no_space(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

bool is_code(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' && text.find("  ") == std::string_view::npos &&
         is_text(text) && text.find_first_of("\t\n\r") == std::string_view::npos;
}

// Whole, without fraction or exponent, from `least` to what 32 bits hold.
bool is_integer_from(std::string_view text, std::int32_t least) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= least;
}
bool is_integer(std::string_view text) { return is_integer_from(text, INT32_MIN); }
bool is_unsigned(std::string_view text) { return is_integer_from(text, 0); }
bool is_positive(std::string_view text) { return is_integer_from(text, 1); }

bool is_date(std::string_view text) {
  return (text.size() == 4 || text.size() == 7 || text.size() == 10) && instant_from(text).has_value();
}

// "T10:00:00.5+01:00": seconds and zone are required, the fraction is not.
bool is_zoned_time(std::string_view text) {
  if (text.size() < 10 || text[3] != ':' || text[6] != ':') return false;
  std::size_t at = 9;
  if (text[at] == '.') at = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
  const std::string_view zone = text.substr(at);
  return zone == "Z" || zone.size() == 6;
}

bool is_instant(std::string_view text) {
  return text.size() > 10 && text[10] == 'T' && is_zoned_time(text.substr(10)) && instant_from(text).has_value();
}

bool is_date_time(std::string_view text) { return is_date(text) || is_instant(text); }

bool is_time(std::string_view text) {
  return text.size() >= 8 && instant_from("2000-01-01T" + std::string(text) + "Z").has_value() && text[2] == ':' &&
         text[5] == ':';
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '.'; });
}

bool is_base64(std::string_view text) {
  std::size_t characters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == '=')
      ++padding;
    else if (padding > 0 || !(is_digit(c) || is_letter(c) || c == '+' || c == '/'))
      return false;
    ++characters;
  }
  return characters % 4 == 0 && padding <= 2;
}

using fhir::NodeKind;

constexpr std::array kForms = std::to_array<PrimitiveForm>({
    {"base64Binary", NodeKind::String, is_base64, "base64"},
    {"boolean", NodeKind::Boolean, anything, "true or false"},
    {"canonical", NodeKind::String, has_no_space, "a canonical without spaces"},
    {"code", NodeKind::String, is_code, "a code without outer or double spaces"},
    {"date", NodeKind::String, is_date, "a date (YYYY, YYYY-MM or YYYY-MM-DD)"},
    {"dateTime", NodeKind::String, is_date_time, "a dateTime (a date, or date and time with seconds and zone)"},
    {"decimal", NodeKind::Number, anything, "a number"},
    {"id", NodeKind::String, is_id, "an id of 1 to 64 letters, digits, '-' and '.'"},
    {"instant", NodeKind::String, is_instant, "an instant (date and time with seconds and zone)"},
    {"integer", NodeKind::Number, is_integer, "a whole number of 32 bits"},
    {"oid", NodeKind::String, has_no_space, "an oid without spaces"},
    {"positiveInt", NodeKind::Number, is_positive, "a whole number from 1"},
    {"string", NodeKind::String, is_text, "a string without control characters"},
    {"time", NodeKind::String, is_time, "a time (hh:mm:ss)"},
    {"unsignedInt", NodeKind::Number, is_unsigned, "a whole number from 0"},
    {"uri", NodeKind::String, has_no_space, "a uri without spaces"},
    {"url", NodeKind::String, has_no_space, "a url without spaces"},
    {"uuid", NodeKind::String, has_no_space, "a uuid without spaces"},
});
static_assert(std::ranges::is_sorted(kForms, {}, &PrimitiveForm::type));

constexpr PrimitiveForm kAnyText = {"", NodeKind::String, is_text, "a string without control characters"};

// What a resource means hangs on these; a code that another element has beside its list harms nobody, and the resource
// is worth more than that.
constexpr std::string_view kValueSets = "http://hl7.org/fhir/ValueSet/";
constexpr std::array<std::string_view, 10> kRequired = {"administrative-gender",
                                                        "care-plan-activity-status",
                                                        "care-plan-intent",
                                                        "episode-of-care-status",
                                                        "goal-status",
                                                        "medicationrequest-intent",
                                                        "medicationrequest-status",
                                                        "observation-status",
                                                        "questionnaire-answers-status",
                                                        "request-status"};

}  // namespace

const PrimitiveForm& form_of(std::string_view type) {
  const auto found = std::ranges::lower_bound(kForms, type, {}, &PrimitiveForm::type);
  return found != kForms.end() && found->type == type ? *found : kAnyText;
}

bool allows_code(std::string_view value_set, std::string_view code) {
  if (!value_set.starts_with(kValueSets)) return true;
  if (std::ranges::find(kRequired, value_set.substr(kValueSets.size())) == kRequired.end()) return true;
  return fhir::Terminology::r4().member_of(value_set, {}, code).value_or(true);
}

bool is_reference(std::string_view text) {
  if (text.empty() || !has_no_space(text) || text.find('\\') != std::string_view::npos) return false;
  if (text.front() == '#' || text.starts_with("urn:")) return true;
  const auto query = text.find('?');
  if (text.substr(0, query).find("://") != std::string_view::npos) {
    return text.starts_with("http://") || text.starts_with("https://");
  }
  // "Patient?identifier=..." may stand in a transaction; "Patient/1?..." never.
  return query == std::string_view::npos ? fhir::parse_reference(text).has_value()
                                         : text.substr(0, query).find('/') == std::string_view::npos;
}

}  // namespace bhi::flow
