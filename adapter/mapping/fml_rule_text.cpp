#include "mapping/fml_rule_text.h"

#include "mapping/literal_text.h"
#include "mapping/words.h"

#include <algorithm>
#include <optional>

namespace bhi::mapping {

namespace {

constexpr std::size_t kMostAlignment = 24;  // blanks before an arrow

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? std::string_view{} : between), text += part;
  return text;
}

std::string call_text(const std::string& name, const std::vector<Parameter>& parameters) {
  std::vector<std::string> texts;
  for (const Parameter& one : parameters) texts.push_back(parameter_text(one));
  return name + "(" + joined(texts, ", ") + ")";
}

std::string place_text(const std::string& context, const std::vector<std::string>& path) {
  return name_text(context) + (path.empty() ? "" : "." + path_text(path));
}

std::string source_text(const RuleSource& source) {
  std::string text = place_text(source.context, source.path);
  if (!source.type.empty()) text += " : " + name_text(source.type);
  if (source.has_cardinality) {
    text += " " + std::to_string(source.min) + "..";
    text += source.max == RuleSource::kUnbounded ? "*" : std::to_string(source.max);
  }
  const auto clause = [&](std::string_view word, const ExpressionText& expression) {
    if (!expression) return;
    text += " ";
    text += word;
    text += " (" + plain_expression(expression.text) + ")";
  };
  clause("default", source.default_value);
  if (source.list_mode != SourceListMode::All) text += " " + std::string(word_of(kSourceListModes, source.list_mode));
  if (!source.variable.empty()) text += " as " + name_text(source.variable);
  clause("where", source.where);
  clause("check", source.check);
  clause("log", source.log);
  return text;
}

// A literal, a variable, (expression), or transform(parameters).
std::string value_text(const RuleTarget& target) {
  const Transform transform = *target.transform;
  if (transform == Transform::Evaluate && target.parameters.size() == 1)
    return "(" + plain_expression(target.parameters.front().text) + ")";
  const bool plain = transform == Transform::Copy && target.parameters.size() == 1 && !target.context.empty();
  if (plain) return parameter_text(target.parameters.front());
  return call_text(std::string(entry_of(transform).name), target.parameters);
}

std::string target_text(const RuleTarget& target) {
  std::string text;
  if (target.invocation) {
    text = call_text(name_text(target.invocation->group), target.invocation->parameters);
  } else if (target.context.empty()) {
    text = target.transform ? value_text(target) : std::string{};
  } else {
    text = place_text(target.context, target.path);
    if (target.transform) text += " = " + value_text(target);
  }
  if (!target.variable.empty()) text += " as " + name_text(target.variable);
  if (target.list_mode != TargetListMode::None) text += " " + std::string(word_of(kTargetListModes, target.list_mode));
  if (!target.share_id.empty()) text += " " + name_text(target.share_id);
  return text;
}

// A rule in pieces that the layout puts together.
struct Pieces {
  std::vector<std::string> sources, targets;
  std::string calls;  // " then A(x), B(y)"
  std::string name;   // " \"name\""
  bool block = false;

  std::string one_line() const {
    const std::string to = targets.empty() ? "" : " -> " + joined(targets, ", ");
    return joined(sources, ", ") + to + calls + name + ";";
  }
};

Pieces pieces_of(const Rule& rule) {
  Pieces made;
  for (const RuleSource& one : rule.sources) made.sources.push_back(source_text(one));
  for (const RuleTarget& one : rule.targets) made.targets.push_back(target_text(one));
  std::vector<std::string> calls;
  for (const Invocation& one : rule.dependents) calls.push_back(call_text(name_text(one.group), one.parameters));
  made.block = !rule.rules.empty();
  if (!calls.empty()) made.calls = " then " + joined(calls, ", ");
  if (made.block && calls.empty()) made.calls = " then";
  if (rule.name != default_name(rule)) made.name = " " + quoted(rule.name, '"');
  return made;
}

std::string rule_text(const Rule& rule, const Pieces& pieces, const std::string& indent) {
  const std::string deeper = indent + "    ";
  std::string text = indent;
  const std::string sources = joined(pieces.sources, ", ");
  const std::string targets = joined(pieces.targets, ", ");
  const std::size_t rest = pieces.calls.size() + (pieces.block ? 2 : pieces.name.size() + 1);
  const bool broken = indent.size() + sources.size() + targets.size() + 4 + rest > kRuleWidth;
  const bool sources_broken = pieces.sources.size() > 1 && indent.size() + sources.size() > kRuleWidth;
  text += sources_broken ? joined(pieces.sources, ",\n" + deeper) : sources;
  if (!pieces.targets.empty()) {
    text += broken ? " ->\n" + deeper + joined(pieces.targets, ",\n" + deeper) : " -> " + targets;
  }
  text += pieces.calls;
  if (pieces.block) text += " {\n" + rule_lines(rule.rules, indent + "  ") + indent + "}";
  return text + pieces.name + ";\n";
}

bool fits(const Rule& rule, const Pieces& pieces, const std::string& indent) {
  return rule.documentation.empty() && !pieces.block && !pieces.targets.empty() &&
         indent.size() + pieces.one_line().size() <= kRuleWidth;
}

}  // namespace

std::string comment_lines(std::string_view text, const std::string& indent) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    lines += indent + (line.empty() ? "//" : "// ");
    lines += line;
    lines += '\n';
  }
  return lines;
}

std::string inline_comment(std::string_view text) {
  std::string made(text);
  for (std::size_t at = made.find("*/"); at != std::string::npos; at = made.find("*/", at)) made.insert(at + 1, " ");
  return "/* " + made + " */";
}

std::string rule_lines(const std::vector<Rule>& rules, const std::string& indent) {
  std::vector<Pieces> pieces;
  for (const Rule& rule : rules) pieces.push_back(pieces_of(rule));
  std::string text;
  for (std::size_t i = 0; i < rules.size();) {
    // Neighbours of one line each, whose heads are of similar width.
    std::size_t least = std::string::npos;
    std::size_t most = 0;
    std::size_t end = i;
    for (; end < rules.size() && fits(rules[end], pieces[end], indent); ++end) {
      const std::size_t width = joined(pieces[end].sources, ", ").size();
      const std::size_t line = indent.size() + pieces[end].one_line().size() - width;
      if (std::max(most, width) - std::min(least, width) > kMostAlignment) break;
      if (line + std::max(most, width) > kRuleWidth) break;
      least = std::min(least, width);
      most = std::max(most, width);
    }
    for (; i < end; ++i) {
      std::string head = joined(pieces[i].sources, ", ");
      head.append(most > head.size() && end > i ? most - head.size() : 0, ' ');
      text += indent + head + " -> " + joined(pieces[i].targets, ", ") + pieces[i].calls + pieces[i].name + ";\n";
    }
    if (i == rules.size()) break;
    if (fits(rules[i], pieces[i], indent)) continue;  // begins the next run
    const bool apart = !rules[i].documentation.empty() && i > 0;
    text +=
        (apart ? "\n" : "") + comment_lines(rules[i].documentation, indent) + rule_text(rules[i], pieces[i], indent);
    ++i;
  }
  return text;
}

}  // namespace bhi::mapping
