// FHIR's own functions that ask what a terminology or a profile says. https://hl7.org/fhir/R4/fhirpath.html#functions
// The Environment answers. What it does not know is an error, never a guess.
#include "fhirpath/functions.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::fhirpath {

namespace {

using fhir::Node;

struct Code {
  std::string_view system;
  std::string_view code;
};

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

Code code_of(const Node& coding) { return {coding.text_of("system"), coding.text_of("code")}; }

// Of a code, Coding or CodeableConcept; empty for anything else.
std::vector<Code> codes_of(const Item& item) {
  std::vector<Code> codes;
  if (item.node->is_string()) codes.push_back({{}, item.node->text()});
  if (!item.node->is_object()) return codes;
  const Node* codings = item.node->find("coding");
  if (codings == nullptr && item.node->find("code") != nullptr) codes.push_back(code_of(*item.node));
  for (const Node& coding : fhir::each(codings)) codes.push_back(code_of(coding));
  return codes;
}

bool member_of(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<std::string_view> value_set;
  const Item* item = nullptr;
  if (!evaluator.text_argument(call, 0, frame, value_set) || !evaluator.single(call, input, item)) return false;
  if (item == nullptr || item->node->is_null() || !value_set) return true;
  const auto& ask = evaluator.environment().member_of;
  if (!ask) return evaluator.fail(call, Kind::Unsupported, "memberOf() needs a terminology, and none is at hand");
  bool all_known = true;
  for (const Code& code : codes_of(*item)) {
    const auto answer = ask(*value_set, code.system, code.code);
    if (answer == true) {
      out.push_back(boolean_item(true));
      return true;
    }
    all_known &= answer.has_value();
  }
  if (!all_known) {
    return evaluator.fail(call, Kind::Unsupported,
                          "expected a known value set whose members can be told, found " + std::string(*value_set));
  }
  out.push_back(boolean_item(false));
  return true;
}

enum class Subsumption : std::uint8_t { No, Yes, Unrelated, Unknown };

Subsumption subsumption(const Environment& environment, const Code& above, const Code& below) {
  if (above.system != below.system) return Subsumption::Unrelated;
  if (above.code == below.code) return Subsumption::Yes;
  const auto answer =
      environment.subsumes ? environment.subsumes(above.system, above.code, below.code) : std::optional<bool>();
  return !answer ? Subsumption::Unknown : *answer ? Subsumption::Yes : Subsumption::No;
}

// Any code of one side over any code of the other. Codes of unrelated systems give nothing.
template <bool kInputAbove>
bool subsumes(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Items given(evaluator.arena());
  const Item* item = nullptr;
  const Item* other = nullptr;
  if (!evaluator.single(call, input, item) || !evaluator.evaluate(*call.args[0], frame, given) ||
      !evaluator.single(call, given, other)) {
    return false;
  }
  if (item == nullptr || other == nullptr) return true;
  Subsumption best = Subsumption::Unrelated;
  for (const Code& mine : codes_of(*item)) {
    for (const Code& theirs : codes_of(*other)) {
      const Code& above = kInputAbove ? mine : theirs;
      const Subsumption one = subsumption(evaluator.environment(), above, kInputAbove ? theirs : mine);
      if (one == Subsumption::Yes) {
        out.push_back(boolean_item(true));
        return true;
      }
      if (one == Subsumption::Unknown || best == Subsumption::Unrelated) best = one;
    }
  }
  if (best == Subsumption::Unknown) {
    return evaluator.fail(call, Kind::Unsupported,
                          std::string(call.text) + "() needs the hierarchy of the code system, and it is not at hand");
  }
  if (best == Subsumption::No) out.push_back(boolean_item(false));
  return true;
}

// The profiles that come with R4's data types (SimpleQuantity, MoneyQuantity) say more than a type does.
bool is_plain_type(const fhir::TypeInfo& type, std::string_view url) {
  return type.url == without_version(url) && type.name != "SimpleQuantity" && type.name != "MoneyQuantity";
}

// Whoever knows profiles is asked first; of a base definition the type alone decides otherwise.
bool conforms_to(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::optional<std::string_view> url;
  const Item* item = nullptr;
  if (!evaluator.text_argument(call, 0, frame, url) || !evaluator.single(call, input, item)) return false;
  if (item == nullptr || !url) return true;
  if (const auto& ask = evaluator.environment().conforms_to) {
    if (!evaluator.spend(call, 100)) return false;
    auto answer = ask(*item, *url);
    if (!answer.ok()) return evaluator.fail(call, answer.error().kind, answer.error().message);
    if (*answer) {
      out.push_back(boolean_item(**answer));
      return true;
    }
  }
  const fhir::TypeInfo* type = evaluator.types().find(*url);
  if (type == nullptr || !is_plain_type(*type, *url)) {
    return evaluator.fail(
        call, Kind::Unsupported,
        "expected the canonical of a definition that can be checked here, found " + std::string(*url));
  }
  const fhir::TypeInfo* own = known_type(*item);
  if (own == nullptr) return evaluator.fail(call, Kind::Unsupported, "expected an item of known type in conformsTo()");
  out.push_back(boolean_item(own->is(*type)));
  return true;
}

bool needs_profile(Evaluator& evaluator, const Expr& call, Collection, const Frame&, Items&) {
  return evaluator.fail(call, Kind::Unsupported,
                        std::string(call.text) + "() needs the profile of its input, and none is at hand");
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"conformsTo", Takes::Any, 1, 1, "s", Gives::Boolean, conforms_to},
    {"elementDefinition", Takes::Any, 0, 0, "v", Gives::Unknown, needs_profile},
    {"memberOf", Takes::Any, 1, 1, "s", Gives::Boolean, member_of},
    {"slice", Takes::Any, 2, 2, "s", Gives::Input, needs_profile},
    {"subsumedBy", Takes::Any, 1, 1, "v", Gives::Boolean, subsumes<false>},
    {"subsumes", Takes::Any, 1, 1, "v", Gives::Boolean, subsumes<true>},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter knowledge_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
