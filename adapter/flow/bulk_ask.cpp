// How an export is asked for: the address, or Parameters. https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters
#include "base/arena.h"
#include "fhir/json.h"
#include "flow/bulk.h"
#include "flow/query.h"

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

std::string place_of(const BulkSettings& settings) {
  switch (settings.level) {
    case BulkLevel::System: return "$export";
    case BulkLevel::Patient: return "Patient/$export";
    case BulkLevel::Group: return "Group/" + settings.group + "/$export";
  }
  return "$export";
}

std::string query_of(const BulkSettings& settings, BulkForm form, std::optional<Instant> since) {
  std::string query;
  const auto add = [&query](const char* name, const std::string& value) {
    query += (query.empty() ? "?" : "&") + (name + ("=" + value));
  };
  std::string list;
  for (const std::string& type : settings.types) {
    if (form == BulkForm::GetRepeated) add("_type", type);
    list += (list.empty() ? "" : ",") + type;
  }
  if (form != BulkForm::GetRepeated && !list.empty()) add("_type", list);
  if (since) add("_since", encoded(bhi::to_text(*since)));
  for (const std::string& filter : settings.filters) add("_typeFilter", encoded(filter));
  return query;
}

std::string parameters_of(const BulkSettings& settings, std::optional<Instant> since,
                          const std::vector<std::string>& patients) {
  Arena arena;
  std::vector<Node> list;
  const auto member = [](const char* name, Node value) { return Member{&fhir::intern(name), value}; };
  const auto object = [&](std::initializer_list<Member> members) {
    return Node::object(arena.copy(std::span<const Member>(members.begin(), members.size())));
  };
  const auto text = [&](std::string_view value) { return Node::string(arena.copy(value)); };
  const auto add = [&](const char* name, const char* value_name, const std::string& value) {
    list.push_back(object({member("name", text(name)), member(value_name, text(value))}));
  };
  for (const std::string& type : settings.types) add("_type", "valueString", type);
  if (since) add("_since", "valueInstant", bhi::to_text(*since));
  for (const std::string& filter : settings.filters) add("_typeFilter", "valueString", filter);
  for (const std::string& patient : patients) {
    const Node reference = object({member("reference", text("Patient/" + patient))});
    list.push_back(object({member("name", text("patient")), member("valueReference", reference)}));
  }
  return fhir::write_json(object({member("resourceType", text("Parameters")),
                                  member("parameter", Node::array(arena.copy(std::span<const Node>(list))))}));
}

}  // namespace

std::string bulk_cursor(const BulkSettings& settings) {
  return "bulk|" + (settings.level == BulkLevel::Group ? settings.group : place_of(settings));
}

BulkAsk bulk_ask(const BulkSettings& settings, BulkForm form, std::optional<Instant> since,
                 const std::vector<std::string>& patients) {
  if (form == BulkForm::Post || !patients.empty()) {
    return {place_of(settings), parameters_of(settings, since, patients)};
  }
  return {place_of(settings) + query_of(settings, form, since)};
}

}  // namespace bhi::flow
