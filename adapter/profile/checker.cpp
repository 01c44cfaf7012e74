#include "profile/checker.h"

#include "fhirpath/value.h"
#include "profile/values.h"

#include <algorithm>
#include <vector>

namespace bhi::profile {

using fhir::Node;
using fhirpath::Collection;
using fhirpath::Item;

namespace {

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

std::string at(const std::string& path, std::string_view name, std::size_t index, std::size_t of) {
  std::string text = path + "." + std::string(name);
  if (of > 1) text.append("[").append(std::to_string(index)).append("]");
  return text;
}

bool has_value(const Item& item) { return !item.node->is_null(); }

}  // namespace

void collect(const Item& parent, const fhir::Name& name, const fhir::Types& types, fhirpath::Items& out) {
  std::vector<Item> found;
  fhirpath::children(parent, name, types, found);
  out.append(found);
}

void Checker::wrong(const std::string& path, std::string text) { verdict_.problems.push_back({path, std::move(text)}); }

void Checker::unknown(const std::string& path, std::string text) {
  verdict_.undecided.push_back({path, std::move(text)});
}

void Checker::conform(const Item& item, const Definition& definition, const std::string& path) {
  if (effort_.depth >= Effort::kMostDepth) return unknown(path, "profiles within profiles without end");
  definition_ = &definition;
  if (item.type == nullptr || !item.type->is(*definition.type)) {
    return wrong(
        path, "expected " + std::string(definition.type->name) + ", found " + std::string(fhirpath::type_name(item)));
  }
  const bool is_resource = item.type->kind == fhir::TypeKind::Resource;
  resource_ = is_resource || environment_.resource.node == nullptr ? item : environment_.resource;
  asking_ = environment_;
  asking_.resource = asking_.root_resource = resource_;
  asking_.types = &profiles_.types();
  if (!definition.complete) base(item, definition, path);
  if (effort_.depth == 0) structure(item, path);
  element(item, definition.root, path);
}

// A differential says only what it adds.
void Checker::base(const Item& item, const Definition& definition, const std::string& path) {
  const auto* known = profiles_.find(definition.base);
  if (known == nullptr) {
    const auto* type = profiles_.types().find(definition.base);
    if (type == nullptr || type->url != without_version(definition.base)) {
      unknown(path, "expected the base definition " + definition.base + ", which is not loaded");
    }
    return;
  }
  ++effort_.depth;
  Checker(profiles_, environment_, effort_, verdict_).conform(item, *known, path);
  --effort_.depth;
}

// What the types themselves ask: known elements, how many, codes of required bindings.
void Checker::structure(const Item& item, const std::string& path) {
  if (!effort_.spend() || item.type == nullptr) return;
  if (item.type->kind == fhir::TypeKind::Primitive) {
    if (item.node->is_object()) wrong(path, "expected a value, found an object");
    return;
  }
  for (const fhir::Member& member : item.node->members()) {
    const std::string_view name = member.name->text;
    const bool companion = name.starts_with('_') && member.name->companion != nullptr;
    const fhir::Name& own = companion ? *member.name->companion : *member.name;
    if (name != "resourceType" && item.type->element(own) == nullptr) {
      wrong(path, "expected an element of " + std::string(item.type->name) + ", found another");
    }
  }
  for (const fhir::ElementInfo& info : item.type->elements) {
    fhirpath::Items found(arena_);
    collect(item, *info.name, profiles_.types(), found);
    const auto name = info.name->text;
    if (found.size() < info.min || (info.max != fhir::ElementInfo::kUnbounded && found.size() > info.max)) {
      wrong(at(path, name, 0, 1), "expected " + std::to_string(info.min) + ".." +
                                      (info.many() ? "*" : std::to_string(info.max)) + " by its type, found " +
                                      std::to_string(found.size()));
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto inside = at(path, name, i, found.size());
      const bool bound = info.strength == fhir::BindingStrength::Required && !info.value_set.empty();
      if (bound && has_value(found[i]) && in_value_set(found[i], info.value_set, environment_) == false) {
        wrong(inside, "expected a code of " + std::string(info.value_set) + ", found another");
      }
      structure(found[i], inside);
    }
  }
}

void Checker::element(const Item& item, const ElementRule& rule, const std::string& path) {
  if (!effort_.spend()) return;
  types(item, rule, path);
  values(item, rule, path);
  constraints(item, rule, path);
  children(item, rule, path);
  if (rule.content.empty() || !rule.children.empty()) return;
  if (const auto* other = definition_->at(rule.content); other != nullptr) {
    if (effort_.depth >= Effort::kMostDepth) return unknown(path, "content without end");
    ++effort_.depth;
    children(item, *other, path);
    --effort_.depth;
  }
}

void Checker::types(const Item& item, const ElementRule& rule, const std::string& path) {
  if (rule.types.empty() || item.type == nullptr || rule.name == nullptr) return;
  const auto allowed =
      std::ranges::find_if(rule.types, [&item](const AllowedType& one) { return item.type->is(*one.type); });
  if (allowed == rule.types.end()) {
    return wrong(path, "expected " + std::string(rule.types[0].type->name) +
                           (rule.types.size() > 1 ? " or another allowed type" : "") + ", found " +
                           std::string(fhirpath::type_name(item)));
  }
  if (!allowed->profiles.empty()) profiles(item, *allowed, path);
  if (!allowed->targets.empty()) targets(item, *allowed, path);
  aggregation(item, *allowed, path);
}

void Checker::profiles(const Item& item, const AllowedType& allowed, const std::string& path) {
  Match best = Match::No;
  for (const auto& canonical : allowed.profiles) {
    const Match one = conforms(item, canonical);
    if (one == Match::Yes) return;
    if (one == Match::Unknown) best = one;
  }
  const std::string expected = "expected what conforms to " + allowed.profiles.front();
  best == Match::No ? wrong(path, expected) : unknown(path, expected + ", which cannot be told");
}

const fhir::TypeInfo* Checker::target_type(const Item& reference) const {
  const auto text = reference.node->text_of("reference");
  if (!text.empty() && environment_.resolve && !text.starts_with('#')) {
    if (const Node* target = environment_.resolve(text); target != nullptr) {
      return profiles_.types().find(fhir::resource_type(*target));
    }
  }
  if (text.starts_with('#') && resource_.node != nullptr) {
    for (const Node& one : fhir::each(resource_.node->find("contained"))) {
      if (one.text_of("id") == text.substr(1)) return profiles_.types().find(fhir::resource_type(one));
    }
  }
  const auto slash = text.rfind('/');
  if (slash != std::string_view::npos) {
    const auto before = text.substr(0, slash);
    const auto type = before.substr(before.rfind('/') == std::string_view::npos ? 0 : before.rfind('/') + 1);
    if (fhir::is_resource_type(type)) return profiles_.types().find(type);
  }
  const auto stated = reference.node->text_of("type");
  return stated.empty() ? nullptr : profiles_.types().find(stated);
}

// By the type of what is referred to; whether the target conforms to its own profile is the target's matter.
void Checker::targets(const Item& item, const AllowedType& allowed, const std::string& path) {
  const fhir::TypeInfo* target = target_type(item);
  if (target == nullptr) return;
  for (const auto& canonical : allowed.targets) {
    const auto* wanted = profiles_.types().find(canonical);
    if (wanted == nullptr) return unknown(path, "expected a known target, found " + canonical);
    if (target->is(*wanted)) return;
  }
  wrong(path, "expected a reference to " + allowed.targets.front() +
                  (allowed.targets.size() > 1 ? " or another allowed target" : "") + ", found one to " +
                  std::string(target->name));
}

// ElementDefinition.type.aggregation. The Bundle around a record is not seen from here.
void Checker::aggregation(const Item& item, const AllowedType& allowed, const std::string& path) {
  const auto reference = item.node->text_of("reference");
  if ((allowed.contained && allowed.referenced && allowed.bundled) || reference.empty()) return;
  if (reference.starts_with('#')) {
    if (!allowed.contained) wrong(path, "expected a reference to another record, found one to a contained one");
  } else if (!allowed.referenced && !allowed.bundled) {
    wrong(path, "expected a reference to a contained record, found another");
  } else if (!allowed.referenced) {
    unknown(path, "expected a reference to a record of the same Bundle");
  }
}

void Checker::values(const Item& item, const ElementRule& rule, const std::string& path) {
  if (rule.fixed != nullptr && !fhir::same(*item.node, *rule.fixed)) wrong(path, "expected the fixed value");
  if (rule.pattern != nullptr && !fits_pattern(*item.node, *rule.pattern)) wrong(path, "expected the pattern");
  if (!has_value(item)) return;
  if (rule.max_length && length_of(item.node->text()) > *rule.max_length) {
    wrong(path, "expected at most " + std::to_string(*rule.max_length) + " characters, found " +
                    std::to_string(length_of(item.node->text())));
  }
  for (const auto& value_set : rule.value_sets) {
    const auto member = in_value_set(item, value_set, environment_);
    if (member == false) wrong(path, "expected a code of " + value_set + ", found another");
    if (!member) unknown(path, "the codes of " + value_set + " are not at hand");
  }
  if (rule.at_least != nullptr) holds(item, rule.at_least, "minValue", path);
  if (rule.at_most != nullptr) holds(item, rule.at_most, "maxValue", path);
}

void Checker::constraints(const Item& item, const ElementRule& rule, const std::string& path) {
  for (const Constraint& one : rule.constraints) {
    if (one.expression == nullptr) {
      unknown(path, one.key + ": " + one.why_not);
    } else {
      holds(item, one.expression, one.key, path);
    }
  }
}

void Checker::holds(const Item& item, const ExpressionPtr& expression, const std::string& what,
                    const std::string& path) {
  if (!effort_.spend()) return;
  asking_.context = item;
  const auto items = expression->evaluate(item, asking_, arena_);
  const auto answer = items.ok() ? fhirpath::as_boolean(*items) : Result<std::optional<bool>>(items.error());
  if (!answer.ok()) return unknown(path, what + ": " + answer.error().message);
  if (*answer == false) wrong(path, "expected " + what + " to hold");
}

void Checker::count(std::size_t found, const ElementRule& rule, const std::string& path) {
  const std::string what = rule.slice.empty() ? std::string() : " of slice " + rule.slice;
  if (rule.min && found < *rule.min) {
    wrong(path, "expected at least " + std::to_string(*rule.min) + what + ", found " + std::to_string(found));
  }
  if (rule.max && found > *rule.max) {
    wrong(path, "expected at most " + std::to_string(*rule.max) + what + ", found " + std::to_string(found));
  }
}

void Checker::children(const Item& item, const ElementRule& rule, const std::string& path) {
  for (const auto& child : rule.children) {
    fhirpath::Items found(arena_);
    collect(item, *child->name, profiles_.types(), found);
    const auto name = child->name->text;
    count(found.size(), *child, at(path, name, 0, 1));
    for (std::size_t i = 0; i < found.size(); ++i) element(found[i], *child, at(path, name, i, found.size()));
    if (!child->slices.empty()) slices(found.all(), *child, at(path, name, 0, 1));
  }
}

void Checker::slices(Collection items, const ElementRule& rule, const std::string& path) {
  std::vector<std::size_t> found(rule.slices.size(), 0);
  bool doubtful = false;
  std::size_t last = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string inside = items.size() > 1 ? path + "[" + std::to_string(i) + "]" : path;
    bool own = false;
    bool may = false;
    for (std::size_t k = 0; k < rule.slices.size() && !own; ++k) {
      const Match match = belongs(items[i], rule, *rule.slices[k]);
      may = may || match == Match::Unknown;
      if (match != Match::Yes) continue;
      own = true;
      ++found[k];
      if (rule.ordered && k < last) wrong(inside, "expected slice " + rule.slices[k]->slice + " before the one before");
      last = k;
      element(items[i], *rule.slices[k], inside);
      if (!rule.slices[k]->slices.empty()) slices(items.subspan(i, 1), *rule.slices[k], inside);
    }
    if (own) continue;
    if (may) {
      doubtful = true;
      unknown(inside, "cannot tell which slice of " + rule.id + " it belongs to");
    } else if (rule.closed) {
      wrong(inside, "expected one of the slices of " + rule.id + ", found another");
    }
  }
  for (std::size_t k = 0; k < found.size() && !doubtful; ++k) count(found[k], *rule.slices[k], path);
}

}  // namespace bhi::profile
