// FHIR's own functions. https://hl7.org/fhir/R4/fhirpath.html#functions
#include "fhirpath/functions.h"
#include "fhirpath/navigate.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

using fhir::Node;

struct Names {
  const fhir::Name& extension = fhir::intern("extension");
  const fhir::Name& url = fhir::intern("url");
  const fhir::Name& id = fhir::intern("id");
  const fhir::Name& contained = fhir::intern("contained");
  const fhir::Name& reference = fhir::intern("reference");
  const fhir::Name& system = fhir::intern("system");
  const fhir::Name& code = fhir::intern("code");
  const fhir::Name& coding = fhir::intern("coding");
};

const Names& names() {
  static const Names made;
  return made;
}

std::string_view text_of(const Node& object, const fhir::Name& name) {
  const Node* found = object.find(name);
  return found != nullptr && found->is_string() ? found->text() : std::string_view();
}

bool extension(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<std::string_view> url;
  if (!evaluator.text_argument(call, 0, frame, url)) return false;
  if (!url) return true;
  for (const Item& item : input) {
    Items all(evaluator.arena());
    append_children(item, names().extension, nullptr, evaluator.types(), all);
    for (const Item& candidate : all) {
      if (text_of(*candidate.node, names().url) == *url) out.push_back(candidate);
    }
    if (!evaluator.spend(call, all.size())) return false;
  }
  return true;
}

bool has_value(Evaluator&, const Expr&, Collection input, const Frame&, Items& out) {
  const bool has = input.size() == 1 && !input[0].node->is_null() && !input[0].node->is_object();
  out.push_back(boolean_item(has));
  return true;
}

bool get_value(Evaluator&, const Expr&, Collection input, const Frame&, Items& out) {
  if (input.size() != 1) return true;
  const ValueKind kind = value_kind(input[0]);
  const fhir::TypeInfo* type = kind == ValueKind::Quantity ? nullptr : system_type_of(kind);
  if (type != nullptr) out.push_back({input[0].node, nullptr, type});
  return true;
}

// In the language, but not here yet: an error that says so.
bool unsupported(Evaluator& evaluator, const Expr& call, Collection, const Frame&, Items&) {
  return evaluator.fail(call, Kind::Unsupported, std::string(call.text) + "() is not supported");
}

// "#p1" lies in `contained` of the resource at hand (or of the one around it); everything else is asked for.
const Node* contained_resource(const Item& resource, std::string_view id) {
  if (resource.node == nullptr) return nullptr;
  if (id.empty()) return resource.node;
  for (const Node& candidate : fhir::each(resource.node->find(names().contained))) {
    if (text_of(candidate, names().id) == id) return &candidate;
  }
  return nullptr;
}

bool resolve(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Environment& environment = evaluator.environment();
  for (const Item& item : input) {
    const std::string_view reference =
        item.node->is_string() ? item.node->text() : text_of(*item.node, names().reference);
    if (reference.empty()) continue;
    const Node* found = nullptr;
    if (reference.front() == '#') {
      found = contained_resource(evaluator.root_resource(), reference.substr(1));
      if (found == nullptr) found = contained_resource(evaluator.resource(), reference.substr(1));
    } else if (environment.resolve) {
      if (!evaluator.spend(call, 10)) return false;
      found = environment.resolve(reference);
    }
    if (found != nullptr && found->is_object()) out.push_back(root_item(*found, evaluator.types()));
  }
  return true;
}

enum class Membership { No, Yes, Unknown };

Membership member_of(const Environment& environment, std::string_view value_set, const Item& item) {
  const auto ask = [&](std::string_view system, std::string_view code) {
    const auto answer = environment.member_of(value_set, system, code);
    return !answer ? Membership::Unknown : *answer ? Membership::Yes : Membership::No;
  };
  if (item.node->is_string()) return ask({}, item.node->text());
  const Node* codings = item.node->find(names().coding);
  if (codings == nullptr) return ask(text_of(*item.node, names().system), text_of(*item.node, names().code));
  Membership best = Membership::No;
  for (const Node& coding : fhir::each(codings)) {
    const Membership found = ask(text_of(coding, names().system), text_of(coding, names().code));
    if (found == Membership::Yes) return found;
    if (found == Membership::Unknown) best = found;
  }
  return best;
}

bool member_of(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<std::string_view> value_set;
  const Item* item = nullptr;
  if (!evaluator.text_argument(call, 0, frame, value_set) || !evaluator.single(call, input, item)) return false;
  if (item == nullptr || !value_set) return true;
  if (!evaluator.environment().member_of) {
    return evaluator.fail(call, Kind::Unsupported, "memberOf() needs a terminology, and none is at hand");
  }
  const Membership found = member_of(evaluator.environment(), *value_set, *item);
  if (found == Membership::Unknown) {
    return evaluator.fail(call, Kind::Unsupported, "expected a known value set, found " + std::string(*value_set));
  }
  out.push_back(boolean_item(found == Membership::Yes));
  return true;
}

// Against a base definition: the type decides. Profiles need a validator.
bool conforms_to(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<std::string_view> url;
  const Item* item = nullptr;
  if (!evaluator.text_argument(call, 0, frame, url) || !evaluator.single(call, input, item)) return false;
  if (item == nullptr || !url) return true;
  const fhir::TypeInfo* type = evaluator.types().find(*url);
  if (type == nullptr) {
    return evaluator.fail(call, Kind::Unsupported, "expected the canonical of a known definition in conformsTo()");
  }
  out.push_back(boolean_item(item->type != nullptr && item->type->is(*type)));
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"checkModifiers", Takes::Any, 0, 255, "v", Gives::Input, unsupported},
    {"conformsTo", Takes::Any, 1, 1, "s", Gives::Boolean, conforms_to},
    {"elementDefinition", Takes::Any, 0, 0, "v", Gives::Unknown, unsupported},
    {"extension", Takes::Any, 1, 1, "s", Gives::Extension, extension},
    {"getValue", Takes::Any, 0, 0, "v", Gives::Unknown, get_value},
    {"hasValue", Takes::Any, 0, 0, "v", Gives::Boolean, has_value},
    {"htmlChecks", Takes::Any, 0, 0, "v", Gives::Boolean, unsupported},
    {"memberOf", Takes::Any, 1, 1, "s", Gives::Boolean, member_of},
    {"resolve", Takes::Any, 0, 0, "v", Gives::Unknown, resolve},
    {"slice", Takes::Any, 2, 2, "s", Gives::Unknown, unsupported},
    {"subsumedBy", Takes::Any, 1, 1, "v", Gives::Boolean, unsupported},
    {"subsumes", Takes::Any, 1, 1, "v", Gives::Boolean, unsupported},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter fhir_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
