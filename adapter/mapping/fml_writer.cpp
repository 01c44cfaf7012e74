#include "mapping/fml_writer.h"

#include "mapping/fml_rule_text.h"
#include "mapping/literal_text.h"
#include "mapping/metadata.h"
#include "mapping/words.h"

#include <algorithm>
#include <map>

namespace bhi::mapping {

namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// Does a translate() of the rules use what FML cannot say of the concept map?
bool needs_more(const std::vector<Rule>& rules, const ConceptMapText& map) {
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    const bool used = std::ranges::any_of(rule.targets, [&](const RuleTarget& target) {
      if (target.transform != Transform::Translate || target.parameters.size() < 2) return false;
      const bool display = target.parameters.size() > 2 && target.parameters[2].text == "display";
      const std::string& url = target.parameters[1].text;
      return (!map.url.empty() && url == map.url) || (display && url == "#" + map.id);
    });
    return used || needs_more(rule.rules, map);
  });
}

class Writer {
 public:
  explicit Writer(const StructureMap& map) : map_(map) {}

  Result<std::string> write() {
    std::vector<Metadata> head;
    if (!map_.url.empty()) head.push_back({"url", map_.url});
    if (!map_.name.empty()) head.push_back({"name", map_.name});
    head.insert(head.end(), map_.metadata.begin(), map_.metadata.end());
    out_ = metadata_lines(head);
    for (const ConceptMapText& one : map_.concept_maps) BHI_CHECK(concept_map(one));
    uses();
    section(map_.imports, [&](const Import& one) { return "imports " + quoted(one.url, '"'); });
    section(map_.constants, [&](const Constant& one) {
      return "let " + name_text(one.name) + " = " + plain_expression(one.value.text) + ";";
    });
    for (const Group& one : map_.groups) group(one);
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }

  template <typename List, typename Text>
  void section(const List& list, Text text) {
    if (list.empty()) return;
    out_ += "\n";
    for (const auto& one : list) line(text(one));
  }

  void uses() {
    std::size_t urls = 0;
    std::size_t aliases = 0;
    for (const StructureUse& one : map_.uses) {
      urls = std::max(urls, quoted(one.url, '"').size());
      if (!one.alias.empty()) aliases = std::max(aliases, (" alias " + name_text(one.alias)).size());
    }
    section(map_.uses, [&](const StructureUse& one) {
      const std::string alias = one.alias.empty() ? "" : " alias " + name_text(one.alias);
      return comment_lines(one.documentation, "") + "uses " + padded(quoted(one.url, '"'), urls) +
             padded(alias, aliases) + " as " + std::string(word_of(kModelModes, one.mode));
    });
  }

  Result<void> concept_map(const ConceptMapText& map) {
    const auto cannot = [&](const std::string& what) {
      return Error{Kind::Unsupported, "concept map '" + map.id + "': expected what FML can say, found " + what};
    };
    std::map<std::string, std::string> prefixes;
    const auto prefix = [&](const std::string& system, char first) {
      if (prefixes.contains(system)) return;
      std::string name(1, first);
      const auto taken = [&](const auto& one) { return one.second == name; };
      for (int n = 2; std::ranges::any_of(prefixes, taken); ++n) name = first + std::to_string(n);
      prefixes.emplace(system, name);
      order_.push_back(system);
    };
    order_.clear();
    for (const CodeMapping& one : map.mappings) {
      prefix(one.source_system, 's');
      if (one.relation != Relation::Unmatched) prefix(one.target_system, 't');
    }
    for (const Unmapped& one : map.unmapped) {
      if (one.mode != UnmappedMode::SourceCode) return cannot("a fixed code or another map for unmapped codes");
      prefix(one.source_system, 's');
    }
    if (std::ranges::any_of(map_.groups, [&](const Group& one) { return needs_more(one.rules, map); }))
      return cannot("a rule that uses its url or its displays");

    out_ += "\n";
    if (!map.url.empty()) line("// " + map.url);
    line("conceptmap " + quoted("#" + map.id, '"') + " {");
    std::size_t width = 0;
    for (const std::string& system : order_) width = std::max(width, prefixes[system].size());
    for (const std::string& system : order_)
      line("  prefix " + padded(prefixes[system], width) + " = " + quoted(system, '"'));
    out_ += "\n";
    for (const Unmapped& one : map.unmapped) line("  unmapped for " + prefixes[one.source_system] + " = provided");
    mappings(map, prefixes);
    line("}");
    return {};
  }

  static std::string code_text(const std::string& code) {
    const std::string name = name_text(code);
    return name == code ? code : quoted(code, '"');
  }

  void mappings(const ConceptMapText& map, std::map<std::string, std::string>& prefixes) {
    std::vector<std::string> sources;
    std::vector<std::string> targets;
    std::size_t width = 0;
    std::size_t signs = 0;
    std::size_t whole = 0;
    for (const CodeMapping& one : map.mappings) {
      sources.push_back(prefixes[one.source_system] + ":" + code_text(one.source_code));
      const bool none = one.relation == Relation::Unmatched;
      targets.push_back(none ? "" : prefixes[one.target_system] + ":" + code_text(one.target_code));
      width = std::max(width, sources.back().size());
      signs = std::max(signs, row_of(one.relation).sign.size());
      whole = std::max(whole, targets.back().size());
    }
    for (std::size_t i = 0; i < map.mappings.size(); ++i) {
      const CodeMapping& one = map.mappings[i];
      std::string text = "  " + padded(sources[i], width) + " " + padded(std::string(row_of(one.relation).sign), signs);
      if (!targets[i].empty()) text += " " + targets[i];
      std::string said = one.comment.empty() ? one.target_display : one.comment;
      std::ranges::replace(said, '\n', ' ');
      if (!said.empty()) text = padded(text, width + signs + whole + 4) + "  // " + said;
      text.erase(text.find_last_not_of(' ') + 1);
      line(text);
    }
  }

  void group(const Group& group) {
    out_ += "\n" + comment_lines(group.documentation, "");
    const auto inputs = [&](std::string_view between) {
      std::string text;
      for (const GroupParameter& one : group.parameters) {
        text += text.empty() ? std::string_view{} : between;
        text += std::string(word_of(kParameterModes, one.mode)) + " " + name_text(one.name);
        if (!one.type.empty()) text += " : " + name_text(one.type);
        if (!one.documentation.empty()) text += " " + inline_comment(one.documentation);
      }
      return text;
    };
    const std::string head = "group " + name_text(group.name) + "(";
    std::string tail = ")";
    if (!group.extends.empty()) tail += " extends " + name_text(group.extends);
    if (group.type_mode == TypeMode::Types) tail += " <<types>>";
    if (group.type_mode == TypeMode::TypeAndTypes) tail += " <<type+>>";
    tail += " {";
    const std::string one_line = head + inputs(", ") + tail;
    line(one_line.size() <= kRuleWidth ? one_line : head + "\n    " + inputs(",\n    ") + tail);
    out_ += rule_lines(group.rules, "  ");
    line("}");
  }

  const StructureMap& map_;
  std::string out_;
  std::vector<std::string> order_;  // of the systems of the concept map at work
};

}  // namespace

Result<std::string> write_fml(const StructureMap& map) { return Writer(map).write(); }

}  // namespace bhi::mapping
