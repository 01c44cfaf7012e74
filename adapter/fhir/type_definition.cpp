// Rows of a StructureDefinition: https://hl7.org/fhir/R4/structuredefinition.html, elementdefinition.html
#include "fhir/type_table.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

namespace bhi::fhir {

namespace {

constexpr std::string_view kSystemPrefix = "http://hl7.org/fhirpath/System.";

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

// HL7's own types are known by their names, others by their canonicals.
std::string_view short_name(std::string_view canonical) {
  const std::string_view plain = without_version(canonical);
  return plain.starts_with(kDefinitionPrefix) ? plain.substr(kDefinitionPrefix.size()) : plain;
}

BindingStrength strength_of(std::string_view code) {
  if (code == "required") return BindingStrength::Required;
  if (code == "extensible") return BindingStrength::Extensible;
  if (code == "preferred") return BindingStrength::Preferred;
  return code == "example" ? BindingStrength::Example : BindingStrength::None;
}

// "http://hl7.org/fhirpath/System.String" stands behind ids and urls; the extension or the plain type says which.
std::string_view type_name(const Node& type) {
  const std::string_view code = type.text_of("code");
  if (!code.starts_with(kSystemPrefix)) return short_name(code);
  for (const Node& extension : each(type.find("extension"))) {
    if (!extension.text_of("url").ends_with("structuredefinition-fhir-type")) continue;
    const std::string_view url = extension.text_of("valueUrl");
    return url.empty() ? short_name(extension.text_of("valueUri")) : url;
  }
  static const std::map<std::string_view, std::string_view> kPlain{
      {"String", "string"}, {"Boolean", "boolean"},   {"Integer", "integer"}, {"Decimal", "decimal"},
      {"Date", "date"},     {"DateTime", "dateTime"}, {"Time", "time"}};
  const auto plain = kPlain.find(code.substr(kSystemPrefix.size()));
  return plain == kPlain.end() ? code : plain->second;
}

struct Reader {
  const Node& definition;
  Arena& texts;
  std::string_view url;
  std::string_view root;  // the name before the first dot of every path
  std::vector<TypeRow> rows;

  Error fault(std::string_view path, std::string_view text) const {
    std::string message("StructureDefinition ");
    message.append(url).append(": ");
    if (!path.empty()) message.append(path).append(": ");
    return {Kind::Incorrect, message.append(text)};
  }

  TypeRow* row_of(std::string_view path) {
    const auto found = std::ranges::find(rows, path, &TypeRow::name);
    return found == rows.end() ? nullptr : &*found;
  }

  Result<void> read_cardinality(const Node& element, std::string_view path, ElementRow& row) const {
    const Node* const min = element.find("min");
    const std::string_view max = element.text_of("max");
    row.has_cardinality = min != nullptr && !max.empty();
    if (!row.has_cardinality) return {};
    const auto read = [](std::string_view text, std::uint16_t& value) {
      const char* const end = text.data() + text.size();
      return std::from_chars(text.data(), end, value).ptr == end && value < ElementInfo::kUnbounded;
    };
    if (max == "*") row.max = ElementInfo::kUnbounded;
    if (!read(min->text(), row.min) || (max != "*" && !read(max, row.max))) {
      return fault(path, "expected min and max as counts, max may be *");
    }
    return {};
  }

  Result<void> read_element(const Node& element, bool has_children) {
    const std::string_view path = element.text_of("path");
    const std::size_t dot = path.rfind('.');
    TypeRow* const owner = dot == std::string_view::npos ? nullptr : row_of(path.substr(0, dot));
    if (owner == nullptr) return fault(path, "expected a path below an element that came before it");
    if (element.text_of("id").find(':') != std::string_view::npos || element.find("sliceName") != nullptr) {
      return {};  // a slice narrows an element and adds none
    }

    ElementRow row;
    row.name = texts.copy(path.substr(dot + 1));
    row.choice = row.name.ends_with("[x]");
    if (row.choice) row.name.remove_suffix(3);
    BHI_CHECK(read_cardinality(element, path, row));
    for (const Node& type : each(element.find("type"))) {
      const std::string_view name = texts.copy(type_name(type));
      if (std::ranges::find(row.types, name) == row.types.end()) row.types.push_back(name);
      for (const Node& target : each(type.find("targetProfile"))) {
        row.targets.push_back(texts.copy(short_name(target.text())));
      }
    }
    if (const Node* const binding = element.find("binding")) {
      row.strength = strength_of(binding->text_of("strength"));
      row.value_set = texts.copy(without_version(binding->text_of("valueSet")));
    }
    const std::string_view reference = element.text_of("contentReference");
    if (!reference.empty()) {
      row.types = {texts.copy(reference.substr(reference.find('#') + 1))};
    } else if (has_children) {
      const std::string_view base = row.types.empty() ? "BackboneElement" : row.types.front();
      TypeRow inline_type{.name = texts.copy(path),
                          .url = url,
                          .other_name = {},
                          .kind = TypeKind::Backbone,
                          .base = base,
                          .elements = {}};
      row.types = {inline_type.name};
      owner->elements.push_back(std::move(row));
      rows.push_back(std::move(inline_type));
      return {};
    }
    if (row.types.empty() && row.has_cardinality && row.max != 0) return fault(path, "expected a type, found none");
    owner->elements.push_back(std::move(row));
    return {};
  }
};

TypeKind kind_of(std::string_view kind) {
  if (kind == "resource") return TypeKind::Resource;
  if (kind == "primitive-type") return TypeKind::Primitive;
  return kind == "complex-type" ? TypeKind::Complex : TypeKind::Logical;
}

const Node* elements_of(const Node& definition) {
  for (const std::string_view view : {"snapshot", "differential"}) {
    const Node* const found = definition.find(view);
    const Node* const elements = found == nullptr ? nullptr : found->find("element");
    if (elements != nullptr && !elements->elements().empty()) return elements;
  }
  return nullptr;
}

}  // namespace

Result<std::vector<TypeRow>> rows_of_definition(const Node& definition, Arena& texts) {
  Reader reader{definition, texts, texts.copy(without_version(definition.text_of("url"))), {}, {}};
  const Node* const list = elements_of(definition);
  if (list == nullptr) return reader.fault({}, "expected a snapshot or a differential with elements, found neither");
  const auto elements = list->elements();

  const std::string_view first = elements.front().text_of("path");
  reader.root = texts.copy(first.substr(0, first.find('.')));
  if (reader.root.empty()) return reader.fault({}, "expected a path in the first element, found none");
  TypeRow top{.name = reader.root,
              .url = reader.url,
              .other_name = texts.copy(definition.text_of("name")),
              .kind = kind_of(definition.text_of("kind")),
              .base = texts.copy(short_name(definition.text_of("baseDefinition"))),
              .elements = {}};
  if (const Node* const abstract = definition.find("abstract")) top.abstract = abstract->text() == "true";
  if (top.base == "Base") top.base = {};
  reader.rows.push_back(std::move(top));

  for (std::size_t i = first.find('.') == std::string_view::npos ? 1 : 0; i < elements.size(); ++i) {
    const std::string_view path = elements[i].text_of("path");
    const std::string_view next = i + 1 < elements.size() ? elements[i + 1].text_of("path") : std::string_view{};
    const bool has_children = next.size() > path.size() && next.starts_with(path) && next[path.size()] == '.';
    BHI_CHECK(reader.read_element(elements[i], has_children));
  }
  return std::move(reader.rows);
}

}  // namespace bhi::fhir
