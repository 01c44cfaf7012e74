#include "flow/schema.h"

#include "care/model.h"
#include "fhir/json.h"
#include "flow/fields_practice.h"
#include "flow/fields_views.h"
#include "flow/practice.h"
#include "flow/struct_json.h"
#include "flow/words.h"

#include <variant>

namespace bhi::flow {

namespace {

std::string quoted(std::string_view text) { return fhir::write_json(fhir::Node::string(text)); }

template <typename T>
std::string schema_of(const std::string& path, const Meanings& meanings);

// With the words that the element may have: of a list, each of its elements.
std::string with_words(std::string schema, const std::string& path) {
  static const Words words = allowed_words();
  const auto found = words.find(path);
  if (found == words.end()) return schema;
  std::string list;
  for (const std::string& word : found->second) list += (list.empty() ? "" : ",") + quoted(word);
  constexpr std::string_view kString = R"({"type":"string"})";
  const auto at = schema.rfind(kString);
  if (at != std::string::npos) schema.insert(at + kString.size() - 1, ",\"enum\":[" + list + "]");
  return schema;
}

// {"type":..} with its words and, when there is one, the description.
std::string described(std::string schema, const std::string& path, const Meanings& meanings) {
  schema = with_words(std::move(schema), path);
  const auto found = meanings.find(path);
  if (found == meanings.end()) return schema;
  schema.pop_back();
  return schema + ",\"description\":" + quoted(found->second) + "}";
}

template <typename T>
std::string value_schema(const std::string& path, const Meanings& meanings) {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Severity>) {
    return R"({"type":"string"})";
  } else if constexpr (std::is_same_v<T, bool>) {
    return R"({"type":"boolean"})";
  } else if constexpr (std::is_same_v<T, int>) {
    return R"({"type":"integer"})";
  } else if constexpr (std::is_same_v<T, double>) {
    return R"({"type":"number"})";
  } else if constexpr (IsOptional<T>::value) {
    std::string schema = value_schema<typename T::value_type>(path, meanings);
    // What is not known is absent, or null where an entity says what it does not have.
    constexpr std::string_view kType = R"("type":")";
    const auto at = schema.find(kType) + kType.size() - 1;
    const auto end = schema.find('"', at + 1) + 1;
    return schema.substr(0, at) + "[" + schema.substr(at, end - at) + ",\"null\"]" + schema.substr(end);
  } else if constexpr (IsVector<T>::value) {
    return R"({"type":"array","items":)" + value_schema<typename T::value_type>(path, meanings) + "}";
  } else {
    return schema_of<T>(path, meanings);
  }
}

template <typename T>
std::string schema_of(const std::string& path, const Meanings& meanings) {
  std::string members;
  if constexpr (requires { Fields<T>::kind; }) {
    if (path == Fields<T>::kind) members = R"("kind":{"const":)" + quoted(Fields<T>::kind) + "}";
  }
  std::apply(
      [&](const auto&... fields) {
        const auto add = [&](const auto& entry) {
          using Type = std::remove_cvref_t<decltype(std::declval<T>().*(entry.member))>;
          const std::string at = path + "." + std::string(entry.name);
          if (!members.empty()) members += ",";
          members += quoted(entry.name) + ":" + described(value_schema<Type>(at, meanings), at, meanings);
        };
        (add(fields), ...);
      },
      Fields<T>::table);
  return R"({"type":"object","properties":{)" + members + "}}";
}

// What the API adds to a stored entity.
std::string with_version(std::string schema) {
  schema.resize(schema.size() - 2);
  return schema +
         R"(,"version":{"type":"integer","description":"of the entity here; its ETag"})"
         R"(,"redacted":{"type":"array","items":{"type":"string"},"description":"elements that the caller may not see"}}})";
}

template <typename Variant, std::size_t... Index>
void add_kinds(std::vector<std::pair<std::string, std::string>>& into, const Meanings& meanings,
               std::index_sequence<Index...>) {
  const auto add = [&]<typename T>(const T*) {
    const std::string kind(Fields<T>::kind);
    for (const auto& held : into) {
      if (held.first == kind) return;  // Feedback is of a patient and of the staff
    }
    into.emplace_back(kind, described(with_version(schema_of<T>(kind, meanings)), kind, meanings));
  };
  (add(static_cast<const std::variant_alternative_t<Index, Variant>*>(nullptr)), ...);
}

}  // namespace

Meanings meanings_of(const std::vector<std::string>& definitions) {
  Meanings meanings;
  for (const std::string& text : definitions) {
    const auto document = fhir::read_json(text);
    if (!document.ok()) continue;
    const fhir::Node* differential = (*document)->root().find("differential");
    if (differential == nullptr) continue;
    for (const fhir::Node& element : fhir::each(differential->find("element"))) {
      meanings.emplace(element.text_of("path"), element.text_of("short"));
    }
  }
  return meanings;
}

std::vector<std::pair<std::string, std::string>> json_schemas(const Meanings& meanings) {
  std::vector<std::pair<std::string, std::string>> all;
  add_kinds<care::Entity>(all, meanings, std::make_index_sequence<std::variant_size_v<care::Entity>>());
  add_kinds<PracticeEntity>(all, meanings, std::make_index_sequence<std::variant_size_v<PracticeEntity>>());
  const auto add = [&]<typename T>(const T&, const char* name) {
    all.emplace_back(name, schema_of<T>(name, meanings));
  };
  add(care::CaseloadRow{}, "CaseloadRow");
  add(care::Reminder{}, "Reminder");
  add(care::CaseloadStatistics{}, "CaseloadStatistics");
  add(care::BillingMonth{}, "BillingMonth");
  add(care::Verdict{}, "Verdict");
  add(care::MeasureCount{}, "MeasureCount");
  add(care::ReviewFlag{}, "ReviewFlag");
  return all;
}

}  // namespace bhi::flow
