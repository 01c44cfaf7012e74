#include "mapping/compiler.h"

#include "fhirpath/suggestion.h"
#include "mapping/diagnostic.h"
#include "mapping/expression_compiler.h"
#include "mapping/group_compiler.h"
#include "mapping/map_checks.h"
#include "mapping/scope.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace bhi::mapping {

namespace {

using fhir::TypeInfo;

std::string_view without_version(std::string_view url) { return url.substr(0, url.find('|')); }

// One "*" stands for any text.
bool matches(std::string_view pattern, std::string_view url) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == url;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view behind = pattern.substr(star + 1);
  return url.size() >= before.size() + behind.size() && url.starts_with(before) && url.ends_with(behind);
}

class MapCompiler {
 public:
  MapCompiler(std::span<const StructureMap> maps, Program& program, std::vector<Diagnostic>& problems)
      : maps_(maps), program_(program), problems_(problems) {}

  void run() {
    for (const StructureMap& map : maps_) declare(map);
    for (std::size_t i = 0; i < maps_.size(); ++i) link(i);
    visible_.emplace_back();  // of ConceptMap resources: nothing but each other
    link_codes();
    for (std::size_t i = 0; i < maps_.size(); ++i) extend(i);
    for (std::size_t i = 0; i < maps_.size(); ++i) default_groups(i);
    for (std::size_t i = 0; i < maps_.size(); ++i) constants(i);
    rules();
    if (!has_errors(problems_)) warn_of_unreachable_groups(program_, maps_, problems_);
  }

 private:
  Reporter reporter(std::size_t map) { return Reporter(maps_[map].file, problems_); }

  // Groups with their parameters, code tables, and the url of a map.
  void declare(const StructureMap& map) {
    CompiledMap& made = program_.maps.emplace_back();
    made.index = static_cast<std::uint32_t>(program_.maps.size() - 1);
    made.file = map.file;
    made.url = without_version(map.url);
    made.name = map.name;
    made.hash = map.hash;
    Reporter reporter(map.file, problems_);
    if (!made.url.empty() && !program_.by_url.emplace(made.url, &made).second) {
      reporter.error(Place{}, "expected a url of its own for each map, found '" + made.url + "' in " +
                                  program_.by_url.at(made.url)->file + ", too");
    }
    for (const ConceptMapText& text : map.concept_maps) made.code_tables.emplace_back(text);
    const TypeNames names(map, *program_.types);
    for (const Group& group : map.groups) declare(group, names, made, reporter);
  }

  void declare(const Group& group, const TypeNames& names, CompiledMap& map, Reporter& reporter) {
    reporter.rule = group.name;
    const bool known = std::ranges::find(map.groups, group.name, &CompiledGroup::name) != map.groups.end();
    if (known) reporter.error(group.at, "expected one group of each name, found '" + group.name + "' again");
    CompiledGroup& made = map.groups.emplace_back();
    made.name = group.name;
    made.map = &map;
    made.type_mode = group.type_mode;
    made.at = group.at;
    for (const GroupParameter& parameter : group.parameters) {
      const TypeInfo* type = nullptr;
      if (!parameter.type.empty() && parameter.type != "Any") {
        std::string why;
        type = names.find(parameter.type, why);
        if (type == nullptr && names.declares(parameter.type)) {
          reporter.warning(parameter.at, why + "; '" + parameter.name + "' is not checked");
        } else if (type == nullptr) {
          reporter.error(parameter.at, why);
        }
      }
      made.parameters.push_back({parameter.mode, parameter.name, type});
    }
  }

  // The maps whose groups a map may use: itself first, then its imports and theirs.
  void link(std::size_t at) {
    std::vector<std::size_t> seen{at};
    for (std::size_t next = 0; next < seen.size(); ++next) {
      for (const Import& import : maps_[seen[next]].imports) {
        const std::string_view pattern = without_version(import.url);
        bool found = false;
        for (std::size_t other = 0; other < maps_.size(); ++other) {
          if (!matches(pattern, program_.maps[other].url)) continue;
          found = true;
          program_.maps[other].imported = program_.maps[other].imported || other != seen[next];
          if (std::ranges::find(seen, other) == seen.end()) seen.push_back(other);
        }
        if (found || next != 0) continue;
        std::vector<std::string_view> known;
        for (const CompiledMap& one : program_.maps) known.push_back(one.url);
        const std::string text = "expected a map with the url '" + import.url + "' among those loaded, found none" +
                                 fhirpath::suggestion(pattern, known);
        if (pattern.find('*') != std::string_view::npos) {
          reporter(at).warning(import.at, text);
        } else {
          reporter(at).error(import.at, text);
        }
      }
    }
    visible_.push_back(std::move(seen));
  }

  const CompiledGroup* find_group(std::size_t map, std::string_view name, std::string& why) const {
    const CompiledGroup* found = nullptr;
    std::vector<std::string_view> known;
    for (const std::size_t other : visible_[map]) {
      for (const CompiledGroup& group : program_.maps[other].groups) {
        known.push_back(group.name);
        if (group.name != name) continue;
        if (other == map) return &group;
        if (found != nullptr) {
          why = "expected one group '" + std::string(name) + "' among the imported maps, found it in " +
                found->map->file + " and " + group.map->file;
          return nullptr;
        }
        found = &group;
      }
    }
    if (found == nullptr)
      why = "expected a group, found '" + std::string(name) + "'" + fhirpath::suggestion(name, known);
    return found;
  }

  // "#id" in the map itself, the url of a map and "#id", or the url of a ConceptMap (in a map or alone).
  const CodeTable* find_codes(std::size_t map, std::string_view url, std::string& why) const {
    const std::size_t hash = url.find('#');
    const std::string_view base = without_version(url.substr(0, hash));
    const std::string_view id = hash == std::string_view::npos ? std::string_view{} : url.substr(hash + 1);
    std::vector<std::string_view> known;
    for (const std::size_t other : visible_[map]) {
      const CompiledMap& candidate = program_.maps[other];
      for (const CodeTable& table : candidate.code_tables) {
        const bool here = base.empty() ? other == map : candidate.url == base;
        if (here && table.id == id) return &table;
        if (id.empty() && !base.empty() && table.url == base) return &table;
        known.push_back(id.empty() ? table.url : table.id);
      }
    }
    for (const CodeTable& table : program_.code_tables) {
      if (id.empty() && table.url == base) return &table;
      known.push_back(table.url);
    }
    const bool inside = hash != std::string_view::npos;
    why = (inside ? "expected a concept map of this map or of one it imports, found '"
                  : "expected the url of a ConceptMap that is loaded, found '") +
          std::string(url) + "'" + fhirpath::suggestion(inside ? id : base, known);
    return nullptr;
  }

  // Other maps that concept maps name for unmapped codes.
  void link_codes() {
    for (std::size_t i = 0; i < maps_.size(); ++i) {
      for (CodeTable& table : program_.maps[i].code_tables) link_codes(i, table);
    }
    for (CodeTable& table : program_.code_tables) link_codes(maps_.size(), table);
  }

  // `map` beyond the last: a resource, which sees resources only.
  void link_codes(std::size_t map, CodeTable& table) {
    for (std::size_t i = 0; i < table.unmapped.size(); ++i) {
      if (table.unmapped[i].mode != UnmappedMode::OtherMap) continue;
      std::string why;
      table.other_maps[i] = find_codes(map, table.unmapped[i].other_map, why);
      if (table.other_maps[i] == nullptr) {
        Reporter reporter(map < maps_.size() ? maps_[map].file : table.url, problems_);
        reporter.error(Place{}, "concept map '" + (table.id.empty() ? table.url : table.id) + "': " + why);
      }
    }
  }

  void extend(std::size_t at) {
    Reporter reporter = this->reporter(at);
    for (std::size_t i = 0; i < maps_[at].groups.size(); ++i) {
      const Group& group = maps_[at].groups[i];
      if (group.extends.empty()) continue;
      CompiledGroup& made = program_.maps[at].groups[i];
      reporter.rule = group.name;
      std::string why;
      const CompiledGroup* base = find_group(at, group.extends, why);
      if (base == nullptr) {
        reporter.error(group.at, why);
      } else if (extends(*base, made)) {
        reporter.error(group.at, "expected groups that extend each other in one direction, found '" + group.name +
                                     "' among those that '" + group.extends + "' extends");
      } else if (!match_parameters(*base, made)) {
        reporter.error(group.at,
                       "expected the parameters of group '" + group.extends + "', which is extended, found others");
      } else {
        made.extends = base;
      }
    }
  }

  static bool extends(const CompiledGroup& group, const CompiledGroup& base) {
    for (const CompiledGroup* at = &group; at != nullptr; at = at->extends) {
      if (at == &base) return true;
    }
    return false;
  }

  // By name and mode, else by position.
  static bool match_parameters(const CompiledGroup& base, CompiledGroup& group) {
    for (std::size_t i = 0; i < base.parameters.size(); ++i) {
      const CompiledGroupParameter& wanted = base.parameters[i];
      auto own = std::ranges::find_if(group.parameters, [&](const CompiledGroupParameter& one) {
        return one.name == wanted.name && one.mode == wanted.mode;
      });
      if (own == group.parameters.end()) {
        if (i >= group.parameters.size() || group.parameters[i].mode != wanted.mode) return false;
        own = group.parameters.begin() + static_cast<std::ptrdiff_t>(i);
      }
      group.extends_slots.push_back(static_cast<std::uint32_t>(own - group.parameters.begin()));
    }
    return true;
  }

  void default_groups(std::size_t at) {
    CompiledMap& map = program_.maps[at];
    Reporter reporter = this->reporter(at);
    for (const std::size_t other : visible_[at]) {
      for (const CompiledGroup& group : program_.maps[other].groups) {
        if (group.type_mode == TypeMode::None) continue;
        reporter.rule = group.name;
        const bool fits = group.parameters.size() == 2 && group.parameters[0].mode == ParameterMode::Source &&
                          group.parameters[1].mode == ParameterMode::Target && group.parameters[0].type != nullptr &&
                          group.parameters[1].type != nullptr;
        if (!fits) {
          if (other == at)
            reporter.error(group.at,
                           "expected a source and a target, both with a type, of a default group, found others");
          continue;
        }
        const TypePair types{group.parameters[0].type, group.parameters[1].type};
        const bool added = map.by_types.emplace(types, &group).second;
        const bool own_again = !added && map.by_types.at(types)->map == group.map && other == at;
        if (own_again) {
          reporter.error(group.at, "expected one default group from " + std::string(types.first->name) + " to " +
                                       std::string(types.second->name) + ", found another, '" +
                                       map.by_types.at(types)->name + "'");
        }
        if (group.type_mode == TypeMode::TypeAndTypes) map.by_source_type.emplace(types.first, &group);
      }
    }
  }

  void constants(std::size_t at) {
    const StructureMap& map = maps_[at];
    Reporter reporter = this->reporter(at);
    const Scope scope(map.constants);
    std::set<std::string_view> names;
    for (const Constant& constant : map.constants) {
      if (!names.insert(constant.name).second) {
        reporter.error(constant.at, "expected one constant of each name, found '" + constant.name + "' again");
      }
      program_.maps[at].constants.push_back(
          {constant.name, compile_expression(constant.value, nullptr, scope, *program_.types, reporter)});
    }
    for (std::size_t i = 0; i < map.constants.size(); ++i) {
      std::set<std::uint32_t> below;
      if (reaches(program_.maps[at].constants, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i), below)) {
        reporter.error(map.constants[i].at,
                       "expected a constant that does not need itself, found '" + map.constants[i].name + "'");
      }
    }
  }

  static bool reaches(const std::vector<CompiledConstant>& constants, std::uint32_t from, std::uint32_t to,
                      std::set<std::uint32_t>& seen) {
    if (!constants[from].value || !seen.insert(from).second) return false;
    return std::ranges::any_of(constants[from].value->variables, [&](const VariableUse& use) {
      return use.constant == to || (use.constant < constants.size() && reaches(constants, use.constant, to, seen));
    });
  }

  // Types of parameters that say none: what all calls hand over, when they agree. Such a group is then checked like one
  // that says its types. What a call hands over may depend on such a type again, hence the rounds; each compiles the
  // groups of which it knows something else than the round before.
  void rules() {
    constexpr int kMostRounds = 6;
    for (const CompiledMap& map : program_.maps) groups_.emplace_back(map.groups.size());
    for (int round = 1;; ++round) {
      for (std::size_t i = 0; i < maps_.size(); ++i) rules(i);
      ParameterTypes called = called_types();
      if (called == inferred_ || round > kMostRounds) break;
      inferred_ = std::move(called);
      if (round == kMostRounds) inferred_.clear();  // no end in sight: nothing is known
    }
    for (std::vector<GroupAtWork>& of_map : groups_) {
      for (GroupAtWork& group : of_map) std::ranges::move(group.problems, std::back_inserter(problems_));
    }
  }

  void rules(std::size_t at) {
    ParameterTypes called;
    std::vector<Diagnostic> problems;
    Reporter reporter(maps_[at].file, problems);
    MapContext context{maps_[at],
                       *program_.types,
                       TypeNames(maps_[at], *program_.types),
                       [this, at](std::string_view name, std::string& why) { return find_group(at, name, why); },
                       [this, at](std::string_view url, std::string& why) { return find_codes(at, url, why); },
                       program_.maps[at],
                       called,
                       program_.literals,
                       reporter};
    for (std::size_t i = 0; i < maps_[at].groups.size(); ++i) {
      CompiledGroup& made = program_.maps[at].groups[i];
      GroupAtWork& work = groups_[at][i];
      auto known = may_be_inferred(made) ? known_of(made) : std::nullopt;
      if (work.compiled && work.known == known) continue;
      reporter.rule = made.name;
      context.known = known ? &*known : nullptr;
      compile_group(maps_[at].groups[i], made, context);
      warn_of_rules_with_one_name(maps_[at].groups[i], reporter);
      work = {true, std::move(known), std::exchange(called, {}), std::exchange(problems, {})};
    }
  }

  std::optional<std::vector<const TypeInfo*>> known_of(const CompiledGroup& group) const {
    const auto found = inferred_.find(&group);
    return found == inferred_.end() ? std::nullopt : std::optional(found->second);
  }

  ParameterTypes called_types() const {
    ParameterTypes all;
    for (const std::vector<GroupAtWork>& of_map : groups_) {
      for (const GroupAtWork& group : of_map) {
        for (const auto& [called, types] : group.called) note_call(all, *called, types);
      }
    }
    return all;
  }

  // A group, and what came of compiling it.
  struct GroupAtWork {
    bool compiled = false;
    std::optional<std::vector<const TypeInfo*>> known;  // of its parameters, when it was compiled
    ParameterTypes called;                              // what its calls hand over
    std::vector<Diagnostic> problems;
  };

  std::span<const StructureMap> maps_;
  Program& program_;
  std::vector<Diagnostic>& problems_;
  ParameterTypes inferred_;                        // as known so far
  std::vector<std::vector<GroupAtWork>> groups_;   // of each map
  std::vector<std::vector<std::size_t>> visible_;  // of each map: the maps whose groups it may use
};

}  // namespace

std::unique_ptr<Program> compile_maps(std::span<const StructureMap> maps, std::shared_ptr<const fhir::Types> types,
                                      std::vector<Diagnostic>& problems, std::span<const ConceptMapText> concept_maps) {
  auto program = std::make_unique<Program>();
  program->types = std::move(types);
  for (const ConceptMapText& map : concept_maps) {
    const bool again = std::ranges::any_of(program->code_tables,
                                           [&](const CodeTable& one) { return one.url == without_version(map.url); });
    if (again || map.url.empty()) {
      Reporter(map.id, problems)
          .error(Place{}, "expected a url of its own for each ConceptMap, found '" + map.url + "'");
    }
    program->code_tables.emplace_back(map);
  }
  MapCompiler(maps, *program, problems).run();
  return program;
}

}  // namespace bhi::mapping
