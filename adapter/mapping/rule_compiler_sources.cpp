// The sources of a rule, compiled: which elements they are, and of which types.
#include "fhirpath/suggestion.h"
#include "mapping/rule_compiler.h"

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;
using fhir::TypeKind;
using Kind = Parameter::Kind;

}  // namespace

CompiledSource RuleCompiler::compile(const RuleSource& source) {
  CompiledSource made;
  made.at = source.at;
  made.context = scope_.use(source.context);
  if (!made.context.exists()) {
    error(source.at, "expected a variable in scope, found '" + source.context + "'" +
                         fhirpath::suggestion(source.context, scope_.names()));
  }
  const TypeInfo* type = scope_.type_of(source.context);
  element_ = {};
  for (const std::string& step : source.path) {
    made.path.push_back(&fhir::intern(step));
    type = element_type(type, *made.path.back(), source.at);
  }
  if (!source.type.empty()) {
    std::string why;
    made.type = context_.type_names.find(source.type, why);
    if (made.type == nullptr) error(source.at, why);
    check_type(source, made.type, type);
    type = static_type(made.type);
  }
  check_cardinality(source);
  source_type_ = type;
  made.has_cardinality = source.has_cardinality;
  made.min = source.min;
  made.max = source.max;
  made.default_value = expression(source.default_value, nullptr);
  made.list_mode = source.list_mode;
  if (!source.variable.empty()) made.slot = scope_.add(source.variable, ParameterMode::Source, type, source.at);
  made.where = expression(source.where, type);
  made.check = expression(source.check, type);
  made.log = expression(source.log, type);
  return made;
}

// `src.value : Quantity` of an element that can never be one.
void RuleCompiler::check_type(const RuleSource& source, const TypeInfo* wanted, const TypeInfo* known) {
  if (wanted == nullptr) return;
  std::vector<const TypeInfo*> types = element_.types();
  if (types.empty() && known != nullptr) types.push_back(known);
  if (may_be(types, *wanted)) return;
  error(source.at, "expected " + list_of(types) + ", which " + path_of(source) + " may be, found type " +
                       std::string(wanted->name));
}

void RuleCompiler::check_cardinality(const RuleSource& source) {
  if (!source.has_cardinality) return;
  if (source.min > source.max) {
    error(source.at, "expected a cardinality from the least to the most, found " + std::to_string(source.min) + ".." +
                         std::to_string(source.max));
  } else if (element_.element != nullptr && source.path.size() == 1 && source.min > element_.element->max) {
    error(source.at, "expected at least " + std::to_string(source.min) + " values of " + path_of(source) +
                         ", found an element that never has more than " + std::to_string(element_.element->max));
  }
}

// "QuestionnaireResponse.item.text", as far as types are known.
std::string RuleCompiler::path_of(const RuleSource& source) const {
  if (element_.element != nullptr) {
    return std::string(element_.owner->name) + "." + std::string(element_.element->name->text);
  }
  std::string text = source.context;
  for (const std::string& step : source.path) text += "." + step;
  return text;
}

// The static type of an element; null when not known before the run. Reports an element that cannot be.
const TypeInfo* RuleCompiler::element_type(const TypeInfo* parent, const fhir::Name& name, const Place& at) {
  element_ = {};
  if (parent == nullptr) return nullptr;
  if (parent->kind == TypeKind::Primitive && name.text == "value") return parent;
  const TypeInfo* chosen = nullptr;
  const fhir::ElementInfo* element = parent->element(name, &chosen);
  if (element == nullptr) {
    std::vector<std::string_view> known;
    for (const fhir::ElementInfo& one : parent->elements) known.push_back(one.name->text);
    error(at, "expected an element of " + std::string(parent->name) + ", found '" + std::string(name.text) + "'" +
                  fhirpath::suggestion(name.text, known));
    return nullptr;
  }
  element_ = {parent, element, element->choice && element->name != &name ? chosen : nullptr};
  if (element->choice) return element->name == &name ? nullptr : static_type(chosen);
  return element->types.size() == 1 ? static_type(element->types.front()) : nullptr;
}

}  // namespace bhi::mapping
