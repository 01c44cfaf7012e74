// FHIR's own functions over documents. https://hl7.org/fhir/R4/fhirpath.html#functions
#include "fhir/bundle.h"
#include "fhirpath/functions.h"
#include "fhirpath/narrative.h"
#include "fhirpath/navigate.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::fhirpath {

namespace {

using fhir::Node;

struct Names {
  const fhir::Name& extension = fhir::intern("extension");
  const fhir::Name& url = fhir::intern("url");
  const fhir::Name& id = fhir::intern("id");
  const fhir::Name& contained = fhir::intern("contained");
  const fhir::Name& reference = fhir::intern("reference");
  const fhir::Name& modifier_extension = fhir::intern("modifierExtension");
  const fhir::Name& entry = fhir::intern("entry");
  const fhir::Name& resource = fhir::intern("resource");
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

// Gives its input; an error when an item has a modifier extension that is not among the named ones.
bool check_modifiers(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  std::vector<std::string_view> known;
  for (std::size_t at = 0; at < call.args.size(); ++at) {
    std::optional<std::string_view> url;
    if (!evaluator.text_argument(call, at, frame, url)) return false;
    if (url) known.push_back(*url);
  }
  for (const Item& item : input) {
    for (const Node& extension : fhir::each(item.node->find(names().modifier_extension))) {
      if (!evaluator.spend(call, 1)) return false;
      if (std::ranges::find(known, text_of(extension, names().url)) == known.end()) {
        return evaluator.fail(call, Kind::Incorrect,
                              "expected no modifierExtension but those that checkModifiers() names, found another in " +
                                  std::string(type_name(item)));
      }
    }
  }
  out.append(input);
  return true;
}

// Of a single xhtml element; nothing for anything else.
bool html_checks(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  if (input.size() != 1 || input[0].type == nullptr || input[0].type->name != "xhtml") return true;
  if (!input[0].node->is_string()) return true;
  if (!evaluator.spend(call, input[0].node->text().size() / 16)) return false;
  out.push_back(boolean_item(is_narrative(input[0].node->text())));
  return true;
}

const Node* contained_resource(const Node& resource, std::string_view id) {
  if (id.empty()) return &resource;
  for (const Node& candidate : fhir::each(resource.find(names().contained))) {
    if (text_of(candidate, names().id) == id) return &candidate;
  }
  return nullptr;
}

// Is `wanted` the tree or one of the nodes in it? Pays for what it looks at; false also when the budget is used up.
bool holds(Evaluator& evaluator, const Expr& call, const Node& tree, const Node* wanted) {
  if (&tree == wanted) return true;
  if (!evaluator.spend(call, 1)) return false;
  const auto inside = [&](const Node& node) { return holds(evaluator, call, node, wanted); };
  return std::ranges::any_of(tree.elements(), inside) ||
         std::ranges::any_of(tree.members(), inside,
                             [](const fhir::Member& member) -> const Node& { return member.value; });
}

// "#id" in a Bundle means the entry that the reference itself stands in.
const Node* contained_in_entry(Evaluator& evaluator, const Expr& call, const Node& bundle, std::string_view id,
                               const Node* from) {
  for (const Node& entry : fhir::each(bundle.find(names().entry))) {
    const Node* resource = entry.find(names().resource);
    if (resource == nullptr || !evaluator.spend(call, 1)) continue;
    if (holds(evaluator, call, *resource, from)) return contained_resource(*resource, id);
  }
  return nullptr;
}

const Node* entry_resource(Evaluator& evaluator, const Expr& call, const Node& bundle, std::string_view reference,
                           const Node* from) {
  if (reference.starts_with('#')) return contained_in_entry(evaluator, call, bundle, reference.substr(1), from);
  const BundleIndex* index = nullptr;
  return evaluator.index_of(call, bundle, index) ? index->find(reference) : nullptr;
}

// In what is at hand: "#p1" among the contained, everything else among the entries when the whole is a Bundle.
const Node* resolve_here(Evaluator& evaluator, const Expr& call, std::string_view reference, const Node* from) {
  for (const Item* around : {&evaluator.root_resource(), &evaluator.resource()}) {
    if (around->node == nullptr) continue;
    const Node* found = nullptr;
    if (fhir::resource_type(*around->node) == "Bundle") {
      found = entry_resource(evaluator, call, *around->node, reference, from);
    } else if (reference.front() == '#') {
      found = contained_resource(*around->node, reference.substr(1));
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

bool resolve(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  const Environment& environment = evaluator.environment();
  for (const Item& item : input) {
    const std::string_view reference =
        item.node->is_string() ? item.node->text() : text_of(*item.node, names().reference);
    if (reference.empty()) continue;
    if (!evaluator.spend(call, 10)) return false;
    const Node* found = resolve_here(evaluator, call, reference, item.node);
    if (!evaluator.spend(call, 0)) return false;
    if (found == nullptr && reference.front() != '#' && environment.resolve) found = environment.resolve(reference);
    if (found != nullptr && found->is_object()) out.push_back(root_item(*found, evaluator.types()));
  }
  return true;
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"checkModifiers", Takes::Any, 0, 255, "s", Gives::Input, check_modifiers},
    {"extension", Takes::Any, 1, 1, "s", Gives::Extension, extension},
    {"getValue", Takes::Any, 0, 0, "v", Gives::Unknown, get_value},
    {"hasValue", Takes::Any, 0, 0, "v", Gives::Boolean, has_value},
    {"htmlChecks", Takes::Any, 0, 0, "v", Gives::Boolean, html_checks},
    {"resolve", Takes::Any, 0, 0, "v", Gives::Unknown, resolve},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter fhir_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
