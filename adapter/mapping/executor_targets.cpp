// The targets of a rule: what is made, where it is put, what its variable then names.
#include "mapping/assign.h"
#include "mapping/executor.h"
#include "mapping/transforms.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;
using fhir::TypeKind;
using fhirpath::Collection;
using fhirpath::Item;

bool allows(const TargetPlace& place, const TypeInfo& type) {
  if (place.chosen != nullptr) return type.is(*place.chosen);
  return std::ranges::any_of(place.element->types, [&](const TypeInfo* one) { return type.is(*one); });
}

std::string list_of_types(const TargetPlace& place) {
  std::string text;
  for (const TypeInfo* type : place.element->types) {
    if (text.size() > 60) return text + ", ...";
    text += (text.empty() ? "" : ", ") + std::string(type->name);
  }
  return text;
}

Result<void> name(TargetNode& node, Binding& out) {
  out = Binding::made(node);
  return {};
}

Result<void> nothing(Binding& out) {
  out = Binding{};
  return {};
}

bool is_primitive(const TargetNode& node) { return node.type->kind == TypeKind::Primitive; }

}  // namespace

Result<void> Executor::run_target(const CompiledTarget& target, Application& application) {
  BHI_CHECK(spend());
  if (tracer_ != nullptr) tracer_->begin(application.rule, application.group, target, application.first);
  Binding nameless;
  return make(target, application, target.slot != VariableUse::kNone ? application.frame[target.slot] : nameless);
}

// The node that the last element of the target's path belongs to; null when the target has no context.
Result<TargetNode*> Executor::parent_of(const CompiledTarget& target, Frame frame) {
  if (!target.context.exists()) return nullptr;
  const Binding& context = frame[target.context.slot];
  if (context.kind != Binding::Kind::Target) {
    return Error{Kind::Incorrect, "expected target '" + target.context.name + "' to be there, found nothing"};
  }
  TargetNode* node = context.target;
  for (std::size_t i = 0; i + 1 < target.path.size(); ++i) {
    BHI_TRY(node, tree_.grow(*node, *target.path[i]));
  }
  return node;
}

// `out` may be a variable that the target reads: it is written last.
Result<void> Executor::make(const CompiledTarget& target, Application& application, Binding& out) {
  BHI_TRY(TargetNode * parent, parent_of(target, application.frame));
  if (parent != nullptr && target.path.empty() && !target.transform) return name(*parent, out);
  const bool element = parent != nullptr && !target.path.empty();
  if (element && target.list_mode == TargetListMode::Share) {
    const auto found = shared_.find({parent, target.path.back(), target.share_id});
    if (found != shared_.end()) return name(*found->second, out);
  }
  if (element && target.list_mode == TargetListMode::Single) {
    if (TargetNode* first = tree_.first(*parent, *target.path.back())) return name(*first, out);
  }

  if (target.transform && *target.transform != Transform::Create) {
    BHI_CHECK(transformed_value(target, parent, application, out));
  } else {
    BHI_TRY(TargetNode * node, make_plain(target, parent, application));
    out = Binding::made(*node);
  }
  if (element && target.list_mode == TargetListMode::Share && out.kind == Binding::Kind::Target) {
    shared_.emplace(SharedKey(parent, target.path.back(), target.share_id), out.target);
  }
  return {};
}

// A copy of the source, a new element, or what create() makes.
Result<TargetNode*> Executor::make_plain(const CompiledTarget& target, TargetNode* parent, Application& application) {
  if (application.rule.simple_copy) {
    BHI_TRY(TargetNode * node,
            put_value(*parent, *target.path.back(), application.first, *application.group.map, true));
    if (tracer_ != nullptr) tracer_->put(*node, application.first);
    return node;
  }
  BHI_TRY(TargetNode * node, target.transform ? create(target, parent) : tree_.grow(*parent, *target.path.back()));
  if (tracer_ != nullptr) tracer_->made(*node);
  return node;
}

Result<TargetNode*> Executor::create(const CompiledTarget& target, TargetNode* parent) {
  if (parent == nullptr || target.path.empty()) {
    if (target.type == nullptr) return Error{Kind::Incorrect, "expected a type in create(), found none"};
    return tree_.make(*target.type);
  }
  BHI_TRY(const TargetPlace place, tree_.find(*parent, *target.path.back()));
  const TypeInfo* type = target.type;
  if (type == nullptr) type = place.chosen;
  if (type == nullptr && place.element->types.size() == 1) type = place.element->types.front();
  if (type == nullptr || !allows(place, *type)) {
    return Error{Kind::Incorrect, "expected " + list_of_types(place) + " for " + std::string(parent->type->name) + "." +
                                      std::string(target.path.back()->text) + ", found create(" +
                                      (type == nullptr ? std::string{} : "'" + std::string(type->name) + "'") + ")"};
  }
  return tree_.place(*parent, place, *tree_.make(*type));
}

Result<void> Executor::transformed_value(const CompiledTarget& target, TargetNode* parent, Application& application,
                                         Binding& out) {
  const Transform transform = *target.transform;
  if (transform == Transform::Reference || transform == Transform::Pointer || transform == Transform::Copy) {
    const VariableUse& variable = target.parameters.front().variable;
    if (variable.slot != VariableUse::kNone) {
      const Binding& given = application.frame[variable.slot];
      if (tracer_ != nullptr) tracer_->read(given);
      if (transform == Transform::Copy) return put(target, parent, given, application, out);
      if (given.kind == Binding::Kind::Nothing) return nothing(out);
      BHI_TRY(const std::string text, reference_to(given, transform == Transform::Pointer));
      const Item item{arena_.make<fhir::Node>(fhir::Node::string(arena_.copy(std::string_view(text)))), nullptr,
                      &fhirpath::system_type::String};
      return put(target, parent, Binding::source(item, application.first.place), application, out);
    }
    if (transform != Transform::Copy) {
      return Error{Kind::Incorrect, "expected a variable with a resource as parameter, found an expression"};
    }
  }
  Collection values;
  if (transform == Transform::Copy) {
    BHI_TRY(values, parameter(target.parameters.front(), application));
  } else if (transform == Transform::Evaluate) {
    BHI_TRY(values, evaluated(target, application));
  } else {
    SmallList<Collection, 4> given(arena_);
    for (const CompiledParameter& one : target.parameters) {
      BHI_TRY(const Collection items, parameter(one, application));
      given.push_back(items);
    }
    const TransformCall call{transform, {given.begin(), given.size()}, target, *program_.types, world_, arena_,
                             issues_,   application.first.place};
    BHI_TRY(values, transformed(call));
  }
  if (values.size() > 1) BHI_CHECK(expect_many(target, parent, values.size()));
  if (values.empty()) out = Binding{};
  for (const Item& value : values) {
    BHI_CHECK(spend());
    BHI_CHECK(put(target, parent, Binding::source(value, application.first.place), application, out));
  }
  return {};
}

Result<void> Executor::expect_many(const CompiledTarget& target, const TargetNode* parent, std::size_t found) const {
  const std::string count = ", found " + std::to_string(found) + " values";
  if (parent == nullptr || target.path.empty()) return Error{Kind::Incorrect, "expected one value" + count};
  BHI_TRY(const TargetPlace place, tree_.find(*parent, *target.path.back()));
  if (place.element->many()) return {};
  return Error{Kind::Incorrect, "expected one value for " + std::string(parent->type->name) + "." +
                                    std::string(target.path.back()->text) + count};
}

Result<void> Executor::put(const CompiledTarget& target, TargetNode* parent, const Binding& value,
                           const Application& application, Binding& out) {
  if (value.kind == Binding::Kind::Nothing) return nothing(out);
  if (parent == nullptr) {
    if (target.names_source) {
      if (tracer_ != nullptr) tracer_->name(value.item);
      out = value;
      return {};
    }
    BHI_TRY(const Item item, evaluation_.item_of(value));
    BHI_TRY(TargetNode * node, make_node(tree_, item, nullptr, arena_));
    if (tracer_ != nullptr) tracer_->put(*node, value);
    return name(*node, out);
  }
  if (target.path.empty()) {
    BHI_TRY(const Item item, evaluation_.item_of(value));
    if (tracer_ != nullptr) tracer_->put(*parent, value);
    if (is_primitive(*parent)) {
      BHI_TRY(parent->value, convert_primitive(item, *parent->type, arena_));
      return name(*parent, out);
    }
    if (parent->fields != nullptr || !parent->value.is_null()) {
      return Error{Kind::Unsupported,
                   "expected an element of '" + target.context.name + "', found the whole, which has a value"};
    }
    BHI_TRY(const TargetNode* node, make_node(tree_, item, parent->type, arena_));
    parent->value = node->value;
    return name(*parent, out);
  }
  BHI_TRY(TargetNode * node, put_value(*parent, *target.path.back(), value, *application.group.map, false));
  if (tracer_ != nullptr) tracer_->put(*node, value);
  return name(*node, out);
}

// `by_default`: the rule is a simple copy, so a default group for the types goes before copying.
Result<TargetNode*> Executor::put_value(TargetNode& parent, const fhir::Name& name, const Binding& value,
                                        const CompiledMap& map, bool by_default) {
  if (is_primitive(parent) && name.text == "value") {
    BHI_TRY(const Item item, evaluation_.item_of(value));
    return assign(tree_, parent, name, item, arena_);
  }
  BHI_TRY(const TargetPlace place, tree_.find(parent, name));
  const TypeInfo* type = value.kind == Binding::Kind::Target ? value.target->type : value.item.type;
  const bool fits = type == nullptr || allows(place, *type);
  const TypeInfo* made = nullptr;
  const bool complex = type != nullptr && type->kind != TypeKind::Primitive;
  if (by_default || (complex && !fits)) {
    if (const CompiledGroup* group = default_group(map, type, place, made)) {
      BHI_TRY(TargetNode * node, tree_.place(parent, place, *tree_.make(*made)));
      const FrameStack::Held held(frames_, group->slots);
      const Frame frame = held.frame();
      const Tracer::Pause pause(tracer_);
      frame[0] = value;
      frame[1] = Binding::made(*node);
      BHI_CHECK(call(*group, frame));
      return node;
    }
  }
  // A made node that stands nowhere yet is put itself, so that what is added to it later is seen here.
  if (value.kind == Binding::Kind::Target && complex && fits) return tree_.place(parent, place, *value.target);
  BHI_TRY(const Item item, evaluation_.item_of(value));
  if (item.node->is_null() && item.companion == nullptr) return tree_.grow(parent, name);
  return assign(tree_, parent, name, place, item, arena_);
}

// <<types>> for exactly these types, else <<type+>> for the source whose target is one the element may have.
const CompiledGroup* Executor::default_group(const CompiledMap& map, const TypeInfo* source, const TargetPlace& place,
                                             const TypeInfo*& made) const {
  if (source == nullptr || (map.by_types.empty() && map.by_source_type.empty())) return nullptr;
  const auto usable = [&](const TypeInfo& type) { return place.chosen == nullptr || &type == place.chosen; };
  for (const TypeInfo* type : place.element->types) {
    const auto found = map.by_types.find({source, type});
    if (found == map.by_types.end() || !usable(*type)) continue;
    if (place.element->types.size() > 1 && found->second->type_mode != TypeMode::TypeAndTypes) continue;
    made = type;
    return found->second;
  }
  const auto found = map.by_source_type.find(source);
  if (found == map.by_source_type.end() || !allows(place, *found->second->parameters[1].type)) return nullptr;
  made = found->second->parameters[1].type;
  return found->second;
}

// "Patient/1"; as a pointer "urn:uuid:1". A target without an id is given one.
Result<std::string> Executor::reference_to(const Binding& binding, bool as_pointer) {
  static const fhir::Name& id_name = fhir::intern("id");
  std::string type;
  std::string id;
  if (binding.kind == Binding::Kind::Target) {
    if (binding.target->type->kind == TypeKind::Resource) type = binding.target->type->name;
    const TargetNode* known = type.empty() ? nullptr : tree_.first(*binding.target, id_name);
    if (known != nullptr) {
      id = known->value.text();
    } else if (!type.empty() && world_.new_uuid) {
      id = world_.new_uuid();
      const Item item{arena_.make<fhir::Node>(fhir::Node::string(arena_.copy(std::string_view(id)))), nullptr,
                      &fhirpath::system_type::String};
      BHI_TRY([[maybe_unused]] const TargetNode* made, assign(tree_, *binding.target, id_name, item, arena_));
    }
  } else {
    type = fhir::resource_type(*binding.item.node);
    id = binding.item.node->text_of("id");
  }
  if (type.empty() || id.empty()) {
    return Error{Kind::Incorrect, "expected a resource with an id to refer to, found " +
                                      (type.empty() ? std::string("something else") : type + " without id")};
  }
  return as_pointer ? "urn:uuid:" + id : type + "/" + id;
}

// evaluate(expression), or evaluate(focus, expression)
Result<Collection> Executor::evaluated(const CompiledTarget& target, const Application& application) {
  const CompiledParameter& expression = target.parameters.back();
  if (target.parameters.size() < 2) return parameter(expression, application);
  BHI_TRY(const Collection focus, parameter(target.parameters.front(), application));
  if (focus.size() > 1) {
    return Error{Kind::Incorrect, "expected one value as focus, found " + std::to_string(focus.size())};
  }
  if (!expression.expression) return parameter(expression, application);
  if (focus.empty()) return Collection{};
  // Same document, so the place of the first source serves %resource.
  const VariableUse& variable = target.parameters.front().variable;
  const SourcePlace* place =
      variable.slot != VariableUse::kNone ? application.frame[variable.slot].place : application.first.place;
  return evaluation_.evaluate(*expression.expression, Binding::source(focus.front(), place), application.frame,
                              *application.group.map);
}

// What a parameter is made from: its variable, the variables in its expression, else the focus of that.
void Executor::trace_inputs(const CompiledParameter& parameter, const Application& application) {
  if (parameter.variable.slot != VariableUse::kNone) tracer_->read(application.frame[parameter.variable.slot]);
  if (!parameter.expression) return;
  bool any = false;
  for (const VariableUse& use : parameter.expression->variables) {
    if (use.slot == VariableUse::kNone) continue;
    tracer_->read(application.frame[use.slot]);
    any = true;
  }
  if (!any) tracer_->read(application.first);
}

Result<Collection> Executor::parameter(const CompiledParameter& parameter, const Application& application) {
  if (tracer_ != nullptr) trace_inputs(parameter, application);
  if (parameter.literal.node != nullptr) return Collection(&parameter.literal, 1);
  if (parameter.expression) {
    return evaluation_.evaluate(*parameter.expression, application.first, application.frame, *application.group.map);
  }
  if (parameter.variable.constant != VariableUse::kNone) {
    return evaluation_.constant(*application.group.map, parameter.variable.constant);
  }
  const Binding& binding = application.frame[parameter.variable.slot];
  if (binding.kind == Binding::Kind::Nothing) return Collection{};
  BHI_TRY(const Item item, evaluation_.item_of(binding));
  if (item.node->is_null() && item.companion == nullptr) return Collection{};
  return Collection(arena_.make<Item>(item), 1);
}

}  // namespace bhi::mapping
