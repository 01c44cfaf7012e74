#include "mapping/overlay.h"

#include "fhirpath/suggestion.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

namespace bhi::mapping {

namespace {

// No url that somebody writes has a space in it.
constexpr std::string_view kPart = " overlaid by ";

std::string_view without_version(std::string_view url) { return url.substr(0, url.find('|')); }

std::string_view last_segment(std::string_view url) { return url.substr(url.rfind('/') + 1); }

bool imports_itself(const StructureMap& map) {
  return std::ranges::any_of(
      map.imports, [&map](const Import& one) { return without_version(one.url) == without_version(map.url); });
}

Group* find_group(StructureMap& map, std::string_view name) {
  const auto found = std::ranges::find(map.groups, name, &Group::name);
  return found == map.groups.end() ? nullptr : &*found;
}

// The names of all groups that the rules call.
void called(std::span<const Rule> rules, std::set<std::string_view>& names) {
  for (const Rule& rule : rules) {
    for (const Invocation& call : rule.dependents) names.insert(call.group);
    for (const RuleTarget& target : rule.targets) {
      if (target.invocation) names.insert(target.invocation->group);
    }
    called(rule.rules, names);
  }
}

std::set<std::string_view> called(const StructureMap& map) {
  std::set<std::string_view> names;
  for (const Group& group : map.groups) {
    if (!group.extends.empty()) names.insert(group.extends);
    called(group.rules, names);
  }
  return names;
}

std::string modes(const Group& group) {
  std::string text;
  for (const GroupParameter& one : group.parameters) {
    text += text.empty() ? "" : ", ";
    text += one.mode == ParameterMode::Source ? "source" : "target";
  }
  return "(" + text + ")";
}

// A table of the overlay stands for that of the same name below; each map sees the tables of both.
void merge_tables(StructureMap& below, StructureMap& over) {
  const auto own = [](const StructureMap& map, std::string_view id) {
    return std::ranges::find(map.concept_maps, id, &ConceptMapText::id) != map.concept_maps.end();
  };
  std::erase_if(below.concept_maps, [&](const ConceptMapText& table) { return own(over, table.id); });
  const std::vector<ConceptMapText> brought = over.concept_maps;
  std::ranges::copy(below.concept_maps, std::back_inserter(over.concept_maps));
  std::ranges::copy(brought, std::back_inserter(below.concept_maps));
}

// `over` brings groups of `below` in the layer of that name.
void merge_groups(StructureMap& below, StructureMap& over, const std::string& layer,
                  std::vector<Diagnostic>& problems) {
  Reporter reporter(over.file, problems);
  const std::set<std::string_view> used = called(over);
  std::vector<std::string_view> known;
  for (const Group& group : below.groups) known.push_back(group.name);
  const std::string suffix = " (" + layer + ")";

  std::vector<Group> kept;  // the groups below that the overlay extends, under another name
  std::set<std::string> replaced;
  for (const Group& group : over.groups) {
    reporter.rule = group.name;
    Group* base = find_group(below, group.name);
    if (base == nullptr) {
      if (group.extends == group.name || (!used.contains(group.name) && group.type_mode == TypeMode::None)) {
        reporter.error(group.at, "expected a group of " + below.file + ", or one that is called here, found '" +
                                     group.name + "'" + fhirpath::suggestion(group.name, known));
      }
      continue;
    }
    if (modes(*base) != modes(group)) {
      reporter.error(group.at, "expected the parameters of the group in " + below.file + ", " + modes(*base) +
                                   ", found " + modes(group));
      continue;
    }
    replaced.insert(group.name);
  }
  for (Group& group : over.groups) {
    if (!replaced.contains(group.name)) continue;
    Group& base = *find_group(below, group.name);
    if (group.extends == group.name) {
      kept.push_back(base);
      kept.back().name = group.name + " (below " + layer + ")";
      kept.back().type_mode = TypeMode::None;
      group.extends = kept.back().name;
    }
    group.name += suffix;
    group.type_mode = TypeMode::None;
    base.rules.clear();
    base.extends = group.name;
  }
  std::ranges::move(kept, std::back_inserter(below.groups));
  merge_tables(below, over);
  over.url = std::string(without_version(below.url)) + std::string(kPart) + layer;
  below.imports.push_back({over.url, {}});
}

// "patient-to-car" beside a map "patient-to-care" below: whoever wrote it expects that it does something.
void warn_of_slip(const std::string& file, std::string_view url, std::span<const std::string> below,
                  std::vector<Diagnostic>& problems) {
  const std::string_view folder = url.substr(0, url.size() - last_segment(url).size());
  std::vector<std::string_view> known;
  for (const std::string& theirs : below) {
    if (theirs.starts_with(folder) && !is_overlay_part(theirs)) known.push_back(last_segment(theirs));
  }
  if (const std::string near = fhirpath::suggestion(last_segment(url), known); !near.empty()) {
    Reporter(file, problems)
        .warning(Place{},
                 "the url '" + std::string(url) + "' is not one of the maps below, so this changes none" + near);
  }
}

bool add(LayeredMap over, std::vector<LayeredMap>& maps, std::vector<Diagnostic>& problems) {
  const std::string_view url = without_version(over.map.url);
  const auto below = std::ranges::find_if(
      maps, [&](const LayeredMap& one) { return without_version(one.map.url) == url && one.layer != over.layer; });
  if (url.empty() || below == maps.end()) return maps.push_back(std::move(over)), false;
  if (imports_itself(over.map)) {
    merge_groups(below->map, over.map, over.layer, problems);
    maps.push_back(std::move(over));
  } else {
    *below = std::move(over);
  }
  return true;
}

}  // namespace

bool is_overlay_part(std::string_view url) { return url.find(kPart) != std::string_view::npos; }

std::vector<StructureMap> lay_over(std::vector<LayeredMap> maps, std::vector<Diagnostic>& problems) {
  std::vector<std::string> layers;
  for (const LayeredMap& one : maps) {
    if (std::ranges::find(layers, one.layer) == layers.end()) layers.push_back(one.layer);
  }
  std::vector<LayeredMap> merged;
  for (const std::string& layer : layers) {
    std::vector<std::string> below;
    for (const LayeredMap& one : merged) below.emplace_back(without_version(one.map.url));
    for (LayeredMap& one : maps) {
      if (one.layer != layer) continue;
      const std::string file = one.map.file;
      const std::string url(without_version(one.map.url));
      if (!add(std::move(one), merged, problems)) warn_of_slip(file, url, below, problems);
    }
  }
  std::vector<StructureMap> result;
  for (LayeredMap& one : merged) result.push_back(std::move(one.map));
  return result;
}

}  // namespace bhi::mapping
