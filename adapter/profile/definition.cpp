#include "profile/definition.h"

#include "fhir/json.h"

#include <algorithm>
#include <charconv>

namespace bhi::profile {

namespace {

using fhir::Node;

struct Segment {
  std::string_view name;
  std::string_view slice;
};

// "Observation.component:systolic.value[x]" -> its parts. Slice names may hold dots only behind an "extension:", which
// nobody does in ids.
std::vector<Segment> segments_of(std::string_view id) {
  std::vector<Segment> parts;
  while (!id.empty()) {
    const auto dot = std::min(id.find('.'), id.size());
    const auto part = id.substr(0, dot);
    const auto colon = std::min(part.find(':'), part.size());
    parts.push_back({part.substr(0, colon), part.substr(std::min(colon + 1, part.size()))});
    id.remove_prefix(std::min(dot + 1, id.size()));
  }
  return parts;
}

// The same without slices.
std::string path_of(std::string_view id) {
  std::string path;
  for (const Segment& part : segments_of(id)) path.append(path.empty() ? "" : ".").append(part.name);
  return path;
}

// A literal of FHIRPath for a value of a minimum or maximum; empty: there is none.
std::string literal_of(std::string_view type, const Node& value) {
  if (type == "Date" || type == "DateTime" || type == "Instant") return "@" + std::string(value.text());
  if (type == "Time") return "@T" + std::string(value.text());
  if (type == "Decimal" || type == "Integer" || type == "PositiveInt" || type == "UnsignedInt") {
    return std::string(value.text());
  }
  if (type != "Quantity") return {};
  const Node* number = value.find("value");
  const auto unit = value.text_of("code");
  if (number == nullptr) return {};
  return std::string(number->text()) + (unit.empty() ? "" : " '" + std::string(unit) + "'");
}

// R4's dom-3 asks as() of many items, which FHIRPath refuses; R5 has mended it by ofType().
std::string corrected(std::string expression) {
  constexpr std::string_view kWrong = "descendants().as(";
  for (auto at = expression.find(kWrong); at != std::string::npos; at = expression.find(kWrong)) {
    expression.replace(at, kWrong.size(), "descendants().ofType(");
  }
  return expression;
}

DiscriminatorType discriminator_type(std::string_view code) {
  if (code == "value" || code == "pattern") return DiscriminatorType::Value;
  if (code == "exists") return DiscriminatorType::Exists;
  if (code == "type") return DiscriminatorType::Type;
  return code == "profile" ? DiscriminatorType::Profile : DiscriminatorType::Other;
}

class Reader {
 public:
  Reader(const Node& resource, const fhir::Types& types, ExpressionPool& pool, Arena& arena)
      : resource_(resource), types_(types), pool_(pool), arena_(arena) {}

  Result<Definition> read() {
    Definition made;
    made.url = resource_.text_of("url");
    made.version = resource_.text_of("version");
    made.base = resource_.text_of("baseDefinition");
    made.type = types_.find(resource_.text_of("type"));
    if (made.url.empty()) return fault("", "expected a url, found none");
    if (made.type == nullptr) return fault("", "expected a known type, found '" + text("type") + "'");
    const Node* view = resource_.find("snapshot");
    made.complete = view != nullptr;
    if (view == nullptr) view = resource_.find("differential");
    if (view == nullptr) return fault("", "expected a snapshot or a differential, found neither");
    made.root.type = made.type;
    made.root.id = made.type->name;
    for (const Node& element : fhir::each(view->find("element"))) BHI_CHECK(add(element, made.root));
    return made;
  }

 private:
  std::string text(std::string_view name) const { return std::string(resource_.text_of(name)); }

  Error fault(std::string_view id, const std::string& said) const {
    return {Kind::Incorrect,
            "StructureDefinition " + text("url") + ": " + (id.empty() ? "" : std::string(id) + ": ") + said};
  }

  // Some definitions have no ids, or such as contradict the path; then the path tells, and the slice that was last
  // named on the way.
  std::string id_of(const Node& element) {
    const auto path = element.text_of("path");
    if (const auto id = element.text_of("id"); !id.empty() && (path.empty() || path_of(id) == path)) {
      return last_.insert_or_assign(std::string(path), std::string(id)).first->second;
    }
    const auto dot = path.rfind('.');
    std::string parent;
    if (dot != std::string_view::npos) {
      const auto known = last_.find(path.substr(0, dot));
      parent = (known == last_.end() ? std::string(path.substr(0, dot)) : known->second) + ".";
    }
    std::string id = parent + std::string(path.substr(dot == std::string_view::npos ? 0 : dot + 1));
    if (const auto slice = element.text_of("sliceName"); !slice.empty()) id += ":" + std::string(slice);
    last_.insert_or_assign(std::string(path), id);
    return id;
  }

  Result<void> add(const Node& element, ElementRule& root) {
    const std::string id = id_of(element);
    const auto parts = segments_of(id);
    if (parts.empty()) return fault("", "expected an element with id or path, found one without");
    ElementRule* rule = &root;
    for (const Segment& part : std::span(parts).subspan(1)) {
      BHI_TRY(rule, below(*rule, part, id));
    }
    rule->id = id;
    return fill(*rule, element);
  }

  // The rule of a part of a path, made when it is new: a differential names only what it constrains.
  Result<ElementRule*> below(ElementRule& parent, Segment part, const std::string& id) {
    std::string_view name = part.name;
    std::string_view slice = part.slice;
    const bool choice = name.ends_with("[x]");
    if (choice) name.remove_suffix(3);
    const fhir::ElementInfo* info = nullptr;
    const fhir::TypeInfo* chosen = nullptr;
    if (parent.type != nullptr) {
      info = parent.type->element(fhir::intern(name), &chosen);
      if (info == nullptr)
        return fault(id, "expected an element of " + std::string(parent.type->name) + ", found '" +
                             std::string(part.name) + "'");
    }
    // "Observation.valueQuantity" is a slice of "Observation.value[x]" by its type.
    const bool by_type = info != nullptr && info->choice && !choice && info->name->text != name;
    if (by_type && slice.empty()) slice = name;
    const fhir::Name& own = info != nullptr ? *info->name : fhir::intern(name);
    ElementRule* rule = find_or_make(parent.children, own, {}, parent.id + "." + std::string(part.name));
    if (info != nullptr && rule->type == nullptr) rule->type = info->types.size() == 1 ? info->types[0] : nullptr;
    if (by_type) {
      rule->discriminators = {{DiscriminatorType::Type, "$this"}};
      rule = find_or_make(rule->slices, own, slice, id);
      rule->type = chosen;
      if (rule->types.empty()) rule->types.push_back({chosen, {}, {}});
      return rule;
    }
    // A slice of a slice ("a/b") stands under it.
    for (std::size_t from = 0; from < slice.size();) {
      const auto end = std::min(slice.find('/', from), slice.size());
      const auto* type = rule->type;
      rule = find_or_make(rule->slices, own, slice.substr(0, end), id);
      if (rule->type == nullptr) rule->type = type;
      from = end + 1;
    }
    return rule;
  }

  static ElementRule* find_or_make(std::vector<std::unique_ptr<ElementRule>>& rules, const fhir::Name& name,
                                   std::string_view slice, std::string id) {
    for (const auto& one : rules) {
      if (one->name == &name && one->slice == slice) return one.get();
    }
    auto& made = rules.emplace_back(std::make_unique<ElementRule>());
    made->id = std::move(id);
    made->name = &name;
    made->slice = slice;
    return made.get();
  }

  Result<void> fill(ElementRule& rule, const Node& element) {
    BHI_CHECK(cardinality(rule, element));
    if (const auto types = fhir::each(element.find("type")); !types.empty()) {
      rule.types.clear();
      for (const Node& type : types) allow(rule, type);
      if (rule.types.size() == 1 && rule.types[0].type->kind != fhir::TypeKind::Backbone) {
        // The inline type of the base says more than "BackboneElement".
        const bool is_inline = rule.type != nullptr && rule.type->is(*rule.types[0].type);
        if (!is_inline) rule.type = rule.types[0].type;
      }
    }
    for (const fhir::Member& member : element.members()) value(rule, member);
    if (const Node* length = element.find("maxLength"); length != nullptr) {
      std::size_t most = 0;
      const auto digits = length->text();
      if (std::from_chars(digits.data(), digits.data() + digits.size(), most).ec == std::errc{}) rule.max_length = most;
    }
    if (const Node* binding = element.find("binding"); binding != nullptr) bind(rule, *binding);
    for (const Node& one : fhir::each(element.find("constraint"))) {
      if (one.text_of("severity") == "error") constrain(rule, one);
    }
    if (const Node* slicing = element.find("slicing"); slicing != nullptr) {
      rule.closed = slicing->text_of("rules") == "closed";
      const Node* ordered = slicing->find("ordered");
      rule.ordered = ordered != nullptr && ordered->kind() == fhir::NodeKind::Boolean && ordered->as_boolean();
      rule.discriminators.clear();
      for (const Node& one : fhir::each(slicing->find("discriminator"))) {
        rule.discriminators.push_back({discriminator_type(one.text_of("type")), std::string(one.text_of("path"))});
      }
    }
    if (const auto content = element.text_of("contentReference"); !content.empty()) {
      rule.content = content.substr(std::min(content.find('#') + 1, content.size()));
    }
    return {};
  }

  // https://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html; additional bindings came with R5.
  static void bind(ElementRule& rule, const Node& binding) {
    rule.value_sets.clear();
    const auto add = [&rule](std::string_view url) {
      if (!url.empty()) rule.value_sets.emplace_back(url);
    };
    if (binding.text_of("strength") == "required") add(binding.text_of("valueSet"));
    for (const Node& extension : fhir::each(binding.find("extension"))) {
      const auto url = extension.text_of("url");
      if (url.ends_with("/elementdefinition-maxValueSet")) add(extension.text_of("valueCanonical"));
      if (!url.ends_with("/extension-ElementDefinition.binding.additional")) continue;
      std::string_view purpose;
      std::string_view value_set;
      for (const Node& part : fhir::each(extension.find("extension"))) {
        if (part.text_of("url") == "purpose") purpose = part.text_of("valueCode");
        if (part.text_of("url") == "valueSet") value_set = part.text_of("valueCanonical");
      }
      if (purpose == "required" || purpose == "maximum") add(value_set);
    }
  }

  Result<void> cardinality(ElementRule& rule, const Node& element) const {
    const auto read = [](std::string_view digits, std::optional<std::uint32_t>& value) {
      std::uint32_t number = 0;
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (problem != std::errc{} || end != digits.data() + digits.size()) return false;
      value = number;
      return true;
    };
    if (const Node* min = element.find("min"); min != nullptr && !read(min->text(), rule.min)) {
      return fault(rule.id, "expected a count as min");
    }
    if (const auto max = element.text_of("max"); !max.empty() && max != "*" && !read(max, rule.max)) {
      return fault(rule.id, "expected a count or * as max");
    }
    return {};
  }

  // A type that we do not know (what stands behind ids and urls) allows everything.
  void allow(ElementRule& rule, const Node& type) const {
    const auto* known = types_.find(type.text_of("code"));
    if (known == nullptr) return;
    AllowedType made{known, {}, {}};
    for (const Node& one : fhir::each(type.find("profile"))) made.profiles.emplace_back(one.text());
    for (const Node& one : fhir::each(type.find("targetProfile"))) made.targets.emplace_back(one.text());
    if (const auto modes = fhir::each(type.find("aggregation")); !modes.empty()) {
      const auto has = [&modes](std::string_view mode) {
        return std::ranges::any_of(modes, [mode](const Node& one) { return one.text() == mode; });
      };
      made.contained = has("contained");
      made.referenced = has("referenced");
      made.bundled = has("bundled");
    }
    rule.types.push_back(std::move(made));
  }

  void value(ElementRule& rule, const fhir::Member& member) {
    const std::string_view name = member.name->text;
    if (name.starts_with("fixed")) rule.fixed = arena_.make<Node>(fhir::copy(member.value, arena_));
    if (name.starts_with("pattern")) rule.pattern = arena_.make<Node>(fhir::copy(member.value, arena_));
    const bool least = name.starts_with("minValue") && name.size() > 8;
    const bool most = name.starts_with("maxValue") && name.size() > 8;
    if (!least && !most) return;
    const std::string literal = literal_of(name.substr(8), member.value);
    const auto expression = compiled(std::string("$this ") + (least ? ">= " : "<= ") + literal);
    if (literal.empty() || !expression.ok()) {
      rule.constraints.push_back({std::string(name), nullptr, "its value cannot be compared"});
    } else {
      (least ? rule.at_least : rule.at_most) = *expression;
    }
  }

  void constrain(ElementRule& rule, const Node& constraint) {
    const std::string key(constraint.text_of("key"));
    const auto already = std::ranges::find(rule.constraints, key, &Constraint::key);
    if (already != rule.constraints.end()) return;
    const auto& expression = compiled(corrected(std::string(constraint.text_of("expression"))));
    rule.constraints.push_back(
        {key, expression.ok() ? *expression : nullptr, expression.ok() ? std::string() : expression.error().message});
  }

  const Result<ExpressionPtr>& compiled(const std::string& expression) {
    const auto known = pool_.find(expression);
    if (known != pool_.end()) return known->second;
    const auto compile = [&]() -> Result<ExpressionPtr> {
      if (expression.empty()) return Error{Kind::Unsupported, "it has no expression"};
      BHI_TRY(auto made, fhirpath::Expression::compile(expression, {}));
      return ExpressionPtr(std::make_shared<const fhirpath::Expression>(std::move(made)));
    };
    return pool_.emplace(expression, compile()).first->second;
  }

  const Node& resource_;
  const fhir::Types& types_;
  ExpressionPool& pool_;
  Arena& arena_;
  std::map<std::string, std::string, std::less<>> last_;  // path -> id of the element last named so
};

}  // namespace

const ElementRule* ElementRule::child(std::string_view element) const {
  for (const auto& one : children) {
    if (one->name->text == element) return one.get();
  }
  return nullptr;
}

const ElementRule* Definition::at(std::string_view path) const {
  const ElementRule* rule = &root;
  const auto parts = segments_of(path);
  for (std::size_t i = 1; i < parts.size() && rule != nullptr; ++i) {
    std::string_view name = parts[i].name;
    if (name.ends_with("[x]")) name.remove_suffix(3);
    rule = rule->child(name);
  }
  return rule;
}

Result<Definition> read_definition(const Node& resource, const fhir::Types& types, ExpressionPool& pool, Arena& arena) {
  return Reader(resource, types, pool, arena).read();
}

}  // namespace bhi::profile
