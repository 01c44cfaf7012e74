// https://hl7.org/fhirpath/#types: is(), as(), type()
#include "fhirpath/functions.h"
#include "fhirpath/value.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

bool is(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item != nullptr) out.push_back(boolean_item(call.specifier.matches(known_type(*item))));
  return true;
}

bool as(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Item* item = nullptr;
  if (!evaluator.single(call, input, item)) return false;
  if (item != nullptr && call.specifier.exactly(known_type(*item))) out.push_back(*item);
  return true;
}

// {namespace, name}, as https://hl7.org/fhirpath/#reflection says of simple types.
bool type(Evaluator& evaluator, const Expr&, Collection input, const Frame&, Items& out) {
  static const fhir::Name& kNamespace = fhir::intern("namespace");
  static const fhir::Name& kName = fhir::intern("name");
  Arena& arena = evaluator.arena();
  for (const Item& item : input) {
    const fhir::TypeInfo* known = known_type(item);
    if (known == nullptr) continue;
    const std::array members = {
        fhir::Member{&kNamespace, fhir::Node::string(is_system(known) ? "System" : "FHIR")},
        fhir::Member{&kName, fhir::Node::string(known->name)},
    };
    out.push_back({arena.make<fhir::Node>(fhir::Node::object(arena.copy(std::span<const fhir::Member>(members)))),
                   nullptr, nullptr});
  }
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"as", Takes::Any, 1, 1, "t", Gives::Type, as},
    {"is", Takes::Any, 1, 1, "t", Gives::Boolean, is},
    {"type", Takes::Any, 0, 0, "v", Gives::Unknown, type},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter type_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
