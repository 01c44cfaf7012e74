// The sources of a rule: which values of the source documents it applies to.
#include "mapping/executor.h"
#include "mapping/group_compiler.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using fhirpath::Collection;
using fhirpath::Item;

void keep_by_mode(SourceListMode mode, std::vector<Binding>& found) {
  if (found.empty()) return;
  switch (mode) {
    case SourceListMode::All:
    case SourceListMode::OnlyOne: return;
    case SourceListMode::First: found.resize(1); return;
    case SourceListMode::NotFirst: found.erase(found.begin()); return;
    case SourceListMode::Last: found = {found.back()}; return;
    case SourceListMode::NotLast: found.pop_back(); return;
  }
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
Result<std::vector<Binding>> Executor::collect(const CompiledSource& source, Application& application) {
  BHI_TRY(std::vector<Binding> from, context_of(source, application));
  const bool absent = from.empty();
  if (application.first.kind == Binding::Kind::Nothing && !absent) application.first = from.front();
  BHI_TRY(std::vector<Binding> found, elements(source, std::move(from)));
  if (source.type != nullptr) {
    std::erase_if(found, [&](const Binding& binding) {
      const fhir::TypeInfo* type = binding.kind == Binding::Kind::Target ? binding.target->type : binding.item.type;
      return type == nullptr || !is_of(*type, *source.type);
    });
  }
  if (source.has_cardinality && !absent && (found.size() < source.min || found.size() > source.max)) {
    return Error{Kind::Incorrect,
                 "expected " + to_text(source.min, source.max) + " values, found " + std::to_string(found.size())};
  }
  if (found.empty() && !absent && source.default_value) {
    BHI_TRY(found, defaults(source, application));
  }
  BHI_CHECK(filter(source, application, found));
  if (source.list_mode == SourceListMode::OnlyOne && found.size() > 1) {
    return Error{Kind::Incorrect, "expected only one value, found " + std::to_string(found.size())};
  }
  keep_by_mode(source.list_mode, found);
  return found;
}

Result<std::vector<Binding>> Executor::context_of(const CompiledSource& source, const Application& application) {
  std::vector<Binding> from;
  if (source.context.constant != VariableUse::kNone) {
    BHI_TRY(const Collection items, evaluation_.constant(*application.group.map, source.context.constant));
    for (const Item& item : items) from.push_back(Binding::source(item, nullptr));
    return from;
  }
  const Binding& binding = application.frame[source.context.slot];
  if (binding.kind == Binding::Kind::Target && !source.path.empty()) {
    BHI_TRY(const Item now, tree_.snapshot(*binding.target));
    from.push_back(Binding::source(now, nullptr));
  } else if (binding.kind != Binding::Kind::Nothing) {
    from.push_back(binding);
  }
  return from;
}

Result<std::vector<Binding>> Executor::elements(const CompiledSource& source, std::vector<Binding> from) {
  std::vector<Item> items;
  for (const fhir::Name* name : source.path) {
    std::vector<Binding> next;
    for (const Binding& parent : from) {
      items.clear();
      fhirpath::children(parent.item, *name, *program_.types, items);
      const fhir::Node* member = parent.item.node->is_object() ? parent.item.node->find(*name) : nullptr;
      const bool listed = items.size() > 1 || (member != nullptr && member->is_array());
      for (std::size_t i = 0; i < items.size(); ++i) {
        const std::uint32_t index = listed ? static_cast<std::uint32_t>(i) : SourcePlace::kNoIndex;
        const fhirpath::Item* root = parent.place == nullptr ? nullptr : parent.place->root;
        next.push_back(
            Binding::source(items[i], arena_.make<SourcePlace>(SourcePlace{parent.place, name, index, root})));
      }
    }
    from = std::move(next);
  }
  return from;
}

Result<std::vector<Binding>> Executor::defaults(const CompiledSource& source, Application& application) {
  std::vector<Binding> found;
  BHI_TRY(const Collection items,
          evaluation_.evaluate(*source.default_value, application.first, application.frame, *application.group.map));
  for (const Item& item : items) found.push_back(Binding::source(item, application.first.place));
  return found;
}

// where keeps, check refuses, log tells; each sees the value at hand as its focus and as the source's variable.
Result<void> Executor::filter(const CompiledSource& source, Application& application, std::vector<Binding>& found) {
  if (!source.where && !source.check && !source.log) return {};
  const CompiledMap& map = *application.group.map;
  std::vector<Binding> kept;
  kept.reserve(found.size());
  const auto stand_at = [&](const Binding& binding) {
    if (source.slot != VariableUse::kNone) application.frame[source.slot] = binding;
  };
  for (const Binding& binding : found) {
    stand_at(binding);
    BHI_CHECK(spend());
    bool holds = true;
    if (source.where) {
      BHI_TRY(holds, evaluation_.holds(*source.where, binding, application.frame, map));
    }
    if (holds) kept.push_back(binding);
  }
  for (const Binding& binding : kept) {
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
  found = std::move(kept);
  return {};
}

}  // namespace bhi::mapping
