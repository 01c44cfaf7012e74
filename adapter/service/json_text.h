// Small JSON texts by hand: members of an answer or a log line. Documents of the care model and of FHIR come from
// fhir::write_json; this is for what is wrapped around them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

// "text" with quotes; control characters, quotes, DEL and bytes that are not UTF-8 escaped, so one value is one line.
std::string quote(std::string_view text);

// {"a": 1, ...}, member by member.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) { return raw(name, quote(value)); }
  JsonObject& text_if(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  JsonObject& number(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
  JsonObject& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  JsonObject& raw(std::string_view name, std::string_view json);  // json: a complete value
  std::string str() const { return "{" + members_ + "}"; }
  const std::string& members() const { return members_; }

 private:
  std::string members_;
};

// [a,b]: every element a complete value.
std::string json_array(const std::vector<std::string>& elements);

// A stored object with one more member at its end: {"kind":..} -> {"kind":..,"version":3}.
std::string with_member(std::string_view object, std::string_view name, std::int64_t value);

}  // namespace bhi::service
