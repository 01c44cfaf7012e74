// The switches of Bulk Data as the control side sets them, and what was asked.
#include "ehr_sim/bulk_export.h"
#include "ehr_sim/json_maker.h"
#include "fhir/json.h"

#include <array>
#include <charconv>

namespace bhi::sim {

namespace {

using fhir::Node;

template <typename Value>
struct Switch {
  const char* name;
  Value BulkSwitches::*at;
};
constexpr std::array kNumbers = std::to_array<Switch<std::uint64_t>>({
    {"waits", &BulkSwitches::waits},
    {"busy", &BulkSwitches::busy},
    {"transient", &BulkSwitches::transient},
    {"gateway", &BulkSwitches::gateway},
    {"fails", &BulkSwitches::fails},
    {"forgets", &BulkSwitches::forgets},
    {"expire_after", &BulkSwitches::expire_after},
    {"page_files", &BulkSwitches::page_files},
    {"file_lines", &BulkSwitches::file_lines},
    {"errors", &BulkSwitches::errors},
    {"bad_every", &BulkSwitches::bad_every},
    {"generate_bytes", &BulkSwitches::generate_bytes},
    {"generate_line", &BulkSwitches::generate_line},
});
constexpr std::array kFlags = std::to_array<Switch<bool>>({
    {"patient", &BulkSwitches::patient},
    {"export_status", &BulkSwitches::export_status},
    {"expires", &BulkSwitches::expires},
    {"extension_list", &BulkSwitches::extension_list},
    {"organized", &BulkSwitches::organized},
    {"final_newline", &BulkSwitches::final_newline},
    {"count", &BulkSwitches::count},
    {"all_types", &BulkSwitches::all_types},
    {"needs_token", &BulkSwitches::needs_token},
    {"redirect", &BulkSwitches::redirect},
    {"end_time", &BulkSwitches::end_time},
});
constexpr std::array kTexts = std::to_array<Switch<std::string>>({
    {"retry_after", &BulkSwitches::retry_after},
    {"kick_off", &BulkSwitches::kick_off},
    {"outcome_key", &BulkSwitches::outcome_key},
    {"gzip", &BulkSwitches::gzip},
    {"files_at", &BulkSwitches::files_at},
});

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<void> BulkServer::set(const Node& settings) {
  const std::lock_guard lock(mutex_);
  BulkSwitches next = switches_;
  for (const fhir::Member& member : settings.members()) {
    const std::string_view name = member.name->text;
    bool known = false;
    for (const auto& one : kNumbers) {
      const auto value = name == one.name ? number_in(member.value.text()) : std::nullopt;
      if (value) next.*one.at = *value, known = true;
    }
    for (const auto& one : kFlags) {
      if (name == one.name) next.*one.at = member.value.text() == "true", known = true;
    }
    for (const auto& one : kTexts) {
      if (name == one.name) next.*one.at = member.value.text(), known = true;
    }
    if (name == "deleted") {
      next.deleted.clear();
      for (const Node& one : fhir::each(&member.value)) next.deleted.emplace_back(one.text());
      known = true;
    }
    if (!known) return Error{Kind::Incorrect, "bulk: no switch " + std::string(name) + " with such a value"};
  }
  switches_ = std::move(next);
  return {};
}

Response BulkServer::show() const {
  const std::lock_guard lock(mutex_);
  JsonMaker make;
  std::vector<fhir::Member> members;
  for (const auto& [name, count] : counts_) members.push_back(make.member(name, make.number(count)));
  members.push_back(make.member("last_kick_off", make.text(last_kick_off_)));
  members.push_back(make.member("jobs", make.number(jobs_.size())));
  if (switches_.generate_bytes > 0) {
    members.push_back(make.member("generated_lines", make.number(switches_.generate_bytes / switches_.generate_line)));
  }
  Response response;
  response.content_type = kPlainJson;
  response.body = fhir::write_json(make.object(members));
  return response;
}

}  // namespace bhi::sim
