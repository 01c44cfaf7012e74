// The sources of a rule: which values of the source documents it applies to.
#include "fhirpath/items.h"
#include "fhirpath/navigate.h"
#include "mapping/executor.h"
#include "mapping/group_compiler.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using fhirpath::Collection;
using fhirpath::Item;

void keep_by_mode(SourceListMode mode, Bindings& found) {
  if (found.empty()) return;
  switch (mode) {
    case SourceListMode::All:
    case SourceListMode::OnlyOne: return;
    case SourceListMode::First: found.resize(1); return;
    case SourceListMode::NotFirst:
      std::copy(found.begin() + 1, found.end(), found.begin());
      found.resize(found.size() - 1);
      return;
    case SourceListMode::Last:
      found.front() = found.back();
      found.resize(1);
      return;
    case SourceListMode::NotLast: found.resize(found.size() - 1); return;
  }
}

// Keeps the bindings of which `wanted` is true.
void keep_if(Bindings& found, auto&& wanted) {
  std::size_t kept = 0;
  for (const Binding& binding : found) {
    if (wanted(binding)) found[kept++] = binding;
  }
  found.resize(kept);
}

// Exactly the type, so that of two rules for string and for code only one applies; any kind of an abstract type.
bool is_of(const fhir::TypeInfo& type, const fhir::TypeInfo& wanted) {
  return &type == &wanted || (static_type(&wanted) == nullptr && type.is(wanted));
}

std::string to_text(std::uint32_t min, std::uint32_t max) {
  return std::to_string(min) + ".." + (max == RuleSource::kUnbounded ? "*" : std::to_string(max));
}

}  // namespace

// Order: elements, type, cardinality, default, where, check, log, list mode.
Result<void> Executor::collect(const CompiledSource& source, Application& application, Bindings& found) {
  BHI_CHECK(context_of(source, application, found));
  const bool absent = found.empty();
  if (application.first.kind == Binding::Kind::Nothing && !absent) application.first = found.front();
  if (!source.path.empty()) elements(source, found);
  if (source.type != nullptr) {
    keep_if(found, [&](const Binding& binding) {
      const fhir::TypeInfo* type = binding.kind == Binding::Kind::Target ? binding.target->type : binding.item.type;
      return type != nullptr && is_of(*type, *source.type);
    });
  }
  if (source.has_cardinality && !absent && (found.size() < source.min || found.size() > source.max)) {
    return Error{Kind::Incorrect,
                 "expected " + to_text(source.min, source.max) + " values, found " + std::to_string(found.size())};
  }
  if (found.empty() && !absent && source.default_value) BHI_CHECK(defaults(source, application, found));
  if (source.where || source.check || source.log) BHI_CHECK(filter(source, application, found));
  if (source.list_mode == SourceListMode::All) return {};
  if (source.list_mode == SourceListMode::OnlyOne && found.size() > 1) {
    return Error{Kind::Incorrect, "expected only one value, found " + std::to_string(found.size())};
  }
  keep_by_mode(source.list_mode, found);
  return {};
}

Result<void> Executor::context_of(const CompiledSource& source, const Application& application, Bindings& found) {
  if (source.context.constant != VariableUse::kNone) {
    BHI_TRY(const Collection items, evaluation_.constant(*application.group.map, source.context.constant));
    for (const Item& item : items) found.push_back(Binding::source(item, nullptr));
    return {};
  }
  const Binding& binding = application.frame[source.context.slot];
  if (binding.kind == Binding::Kind::Target && !source.path.empty()) {
    BHI_TRY(const Item now, tree_.snapshot(*binding.target));
    found.push_back(Binding::source(now, nullptr));
  } else if (binding.kind != Binding::Kind::Nothing) {
    found.push_back(binding);
  }
  return {};
}

// From the context to the elements that the path names, step by step.
void Executor::elements(const CompiledSource& source, Bindings& found) {
  for (const fhir::Name* name : source.path) {
    Bindings parents(arena_);
    parents.assign({found.begin(), found.size()});
    found.clear();
    for (const Binding& parent : parents) {
      fhirpath::Items items(arena_);
      fhirpath::append_children(parent.item, *name, nullptr, *program_.types, items);
      if (items.empty()) continue;
      const fhir::Node* member = parent.item.node->is_object() ? parent.item.node->find(*name) : nullptr;
      const bool listed = items.size() > 1 || (member != nullptr && member->is_array());
      SourcePlace* places = arena_.array<SourcePlace>(items.size());
      found.reserve(found.size() + items.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        const std::uint32_t index = listed ? static_cast<std::uint32_t>(i) : SourcePlace::kNoIndex;
        places[i] = {parent.place, name, index};
        found.push_back(Binding::source(items[i], &places[i]));
      }
    }
  }
}

Result<void> Executor::defaults(const CompiledSource& source, Application& application, Bindings& found) {
  BHI_TRY(const Collection items,
          evaluation_.evaluate(*source.default_value, application.first, application.frame, *application.group.map));
  for (const Item& item : items) found.push_back(Binding::source(item, application.first.place));
  return {};
}

// where keeps, check refuses, log tells; each sees the value at hand as its focus and as the source's variable.
Result<void> Executor::filter(const CompiledSource& source, Application& application, Bindings& found) {
  const CompiledMap& map = *application.group.map;
  const auto stand_at = [&](const Binding& binding) {
    if (source.slot != VariableUse::kNone) application.frame[source.slot] = binding;
  };
  std::size_t kept = 0;
  for (const Binding& binding : found) {
    stand_at(binding);
    BHI_CHECK(spend());
    bool holds = true;
    if (source.where) {
      BHI_TRY(holds, evaluation_.holds(*source.where, binding, application.frame, map));
    }
    if (holds) found[kept++] = binding;
  }
  found.resize(kept);
  for (const Binding& binding : found) {
    stand_at(binding);
    if (source.check) {
      BHI_TRY(const bool holds, evaluation_.holds(*source.check, binding, application.frame, map));
      if (!holds) {
        application.first = binding;
        return Error{Kind::Incorrect, "check failed: expected " + std::string(source.check->expression.text())};
      }
    }
    if (!source.log) continue;
    BHI_TRY(const Collection said, evaluation_.evaluate(*source.log, binding, application.frame, map));
    BHI_TRY(const auto text, fhirpath::as_text(said));
    if (!text || text->empty()) continue;
    if (world_.log) world_.log(*text);
    issues_.push_back({Severity::Information, "informational", mapping::to_text(binding.place), std::string(*text)});
  }
  return {};
}

}  // namespace bhi::mapping
