#include "mapping/normal_form.h"

#include "mapping/literal_text.h"
#include "mapping/metadata.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace bhi::mapping {

namespace {

using Kind = Parameter::Kind;

bool is_plain_call(const RuleTarget& target) {
  return target.invocation && target.variable.empty() && target.list_mode == TargetListMode::None;
}

// One element to one element and nothing else, with these variables: "src.a -> tgt.b".
bool is_copy(const Rule& rule, std::string_view variable, std::optional<Transform> transform) {
  if (rule.sources.size() != 1 || rule.targets.size() != 1 || !rule.dependents.empty() || !rule.rules.empty())
    return false;
  const RuleSource& source = rule.sources.front();
  const RuleTarget& target = rule.targets.front();
  return source.variable == variable && target.variable == variable && !source.path.empty() && !target.path.empty() &&
         !target.invocation && target.transform == transform && target.parameters.empty();
}

}  // namespace

void normalise(RuleTarget& target) {
  if (!target.transform || target.parameters.empty()) return;
  Parameter& last = target.parameters.back();
  if (*target.transform == Transform::Copy && last.kind == Kind::Expression) target.transform = Transform::Evaluate;
  if (*target.transform != Transform::Evaluate || last.kind == Kind::Expression) return;
  last.text = parameter_text(last);
  last.kind = Kind::Expression;
}

void normalise(Rule& rule) {
  auto last = std::find_if_not(rule.targets.rbegin(), rule.targets.rend(), is_plain_call).base();
  std::vector<Invocation> calls;
  for (auto call = last; call != rule.targets.end(); ++call) calls.push_back(std::move(*call->invocation));
  rule.targets.erase(last, rule.targets.end());
  rule.dependents.insert(rule.dependents.begin(), std::make_move_iterator(calls.begin()),
                         std::make_move_iterator(calls.end()));
  if (rule.name.empty()) rule.name = default_name(rule);
  const bool written_out = is_copy(rule, kSimpleVariable, Transform::Create);
  if (!written_out && !is_copy(rule, {}, std::nullopt)) return;
  rule.simple_copy = true;
  rule.sources.front().variable.clear();
  rule.targets.front().variable.clear();
  rule.targets.front().transform.reset();
}

void normalise(StructureMap& map) {
  const bool stated = std::ranges::find(map.metadata, "status", &Metadata::path) != map.metadata.end();
  if (!stated) map.metadata.push_back({"status", "draft"});
  map.metadata = normal_metadata(map.metadata);
}

}  // namespace bhi::mapping
