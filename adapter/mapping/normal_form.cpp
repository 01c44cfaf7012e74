#include "mapping/normal_form.h"

#include "mapping/literal_text.h"
#include "mapping/metadata.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using Kind = Parameter::Kind;

bool is_plain_call(const RuleTarget& target) {
  return target.invocation && target.variable.empty() && target.list_mode == TargetListMode::None;
}

// src.a as vvv -> tgt.b = create() as vvv
bool is_written_out_copy(const Rule& rule) {
  if (rule.sources.size() != 1 || rule.targets.size() != 1 || !rule.dependents.empty() || !rule.rules.empty())
    return false;
  const RuleTarget& target = rule.targets.front();
  return rule.sources.front().variable == kSimpleVariable && target.variable == kSimpleVariable &&
         !rule.sources.front().path.empty() && !target.path.empty() && !target.invocation &&
         target.transform == Transform::Create && target.parameters.empty();
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
  if (!is_written_out_copy(rule)) return;
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
