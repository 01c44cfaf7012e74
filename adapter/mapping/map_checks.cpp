#include "mapping/map_checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace bhi::mapping {

namespace {

using Groups = std::set<const CompiledGroup*>;

void add_called(const std::vector<CompiledRule>& rules, std::vector<const CompiledGroup*>& to) {
  for (const CompiledRule& rule : rules) {
    for (const CompiledCall& call : rule.calls) to.push_back(call.group);
    for (const CompiledTarget& target : rule.targets) {
      if (target.invocation) to.push_back(target.invocation->group);
    }
    add_called(rule.rules, to);
  }
}

// Was the name written, or made from the first source?
bool is_written(const Rule& rule) {
  if (rule.name.empty() || rule.sources.empty()) return false;
  const RuleSource& first = rule.sources.front();
  return rule.name != (first.path.empty() ? first.context : first.path.back());
}

void warn_of_names(const std::vector<Rule>& rules, std::map<std::string_view, Place>& known, Reporter& reporter) {
  for (const Rule& rule : rules) {
    if (is_written(rule)) {
      const auto [first, added] = known.emplace(rule.name, rule.at);
      if (!added) {
        reporter.rule = rule.name;
        reporter.warning(rule.at, "expected a name of its own for each rule of the group, found '" + rule.name +
                                      "' again (first in line " + std::to_string(first->second.line) + ")");
      }
    }
    warn_of_names(rule.rules, known, reporter);
  }
}

}  // namespace

void warn_of_unreachable_groups(const Program& program, std::span<const StructureMap> maps,
                                std::vector<Diagnostic>& problems) {
  std::vector<const CompiledGroup*> open;
  for (const CompiledMap& map : program.maps) {
    for (const CompiledGroup& group : map.groups) {
      if (&group == &map.groups.front() || group.type_mode != TypeMode::None || map.imported) open.push_back(&group);
    }
  }
  Groups reached;
  while (!open.empty()) {
    const CompiledGroup* group = open.back();
    open.pop_back();
    if (group == nullptr || !reached.insert(group).second) continue;
    open.push_back(group->extends);
    add_called(group->rules, open);
  }
  for (const CompiledMap& map : program.maps) {
    Reporter reporter(maps[map.index].file, problems);
    for (const CompiledGroup& group : map.groups) {
      if (reached.contains(&group)) continue;
      reporter.rule = group.name;
      reporter.warning(group.at, "expected a call of group '" + group.name + "', found none: it is never reached");
    }
  }
}

void warn_of_rules_with_one_name(const Group& group, Reporter& reporter) {
  std::map<std::string_view, Place> known;
  warn_of_names(group.rules, known, reporter);
}

}  // namespace bhi::mapping
