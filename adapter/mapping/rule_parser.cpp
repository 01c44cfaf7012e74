#include "mapping/rule_parser.h"

#include "fhirpath/functions.h"
#include "fhirpath/suggestion.h"
#include "mapping/literal_text.h"
#include "mapping/normal_form.h"
#include "mapping/words.h"

#include <algorithm>
#include <array>

namespace bhi::mapping {

namespace {

using fhirpath::Token;
using fhirpath::TokenKind;

constexpr std::uint32_t kMaxNesting = 64;  // of rules within rules

template <typename Table>
auto mode_of(const Table& table, const Token& token) -> const typename Table::value_type* {
  return token.kind == TokenKind::Identifier ? find_word(table, token.text) : nullptr;
}

// A literal that stands alone as a parameter or value.
bool literal_kind(const Token& token, Parameter::Kind& kind) {
  switch (token.kind) {
    case TokenKind::String:
    case TokenKind::DoubleQuotedString: kind = Parameter::Kind::String; return true;
    case TokenKind::Integer: kind = Parameter::Kind::Integer; return true;
    case TokenKind::Decimal: kind = Parameter::Kind::Decimal; return true;
    case TokenKind::Date: kind = Parameter::Kind::Date; return true;
    case TokenKind::DateTime: kind = Parameter::Kind::DateTime; return true;
    case TokenKind::Time: kind = Parameter::Kind::Time; return true;
    case TokenKind::Identifier:
      if (token.text != "true" && token.text != "false") return false;
      kind = Parameter::Kind::Boolean;
      return true;
    default: return false;
  }
}

class RuleParser {
 public:
  RuleParser(Cursor& cursor, Reporter& reporter) : cursor_(cursor), reporter_(reporter) {}

  Result<void> block(std::vector<Rule>& rules, std::string& documentation) {
    if (++nesting_ > kMaxNesting) return cursor_.expected("rules nested less deep");
    BHI_CHECK(cursor_.expect("{"));
    add_comment(documentation);
    while (!cursor_.take_if("}")) {
      if (cursor_.at_end()) return cursor_.expected("'}'");
      const std::uint32_t nesting = nesting_;
      if (Result<void> read = rule(rules); !read) {
        nesting_ = nesting;
        reporter_.error(cursor_.here(), read.error());
        skip_rule();
      }
    }
    --nesting_;
    return {};
  }

  Result<Parameter> parameter_alone() {
    BHI_TRY(Parameter read, parameter());
    if (!cursor_.at_end()) return cursor_.expected("the end of the parameter");
    return read;
  }

 private:
  void add_comment(std::string& documentation) {
    const std::string said = cursor_.comment_behind();
    if (!said.empty()) documentation += (documentation.empty() ? "" : "\n") + said;
  }

  // To behind the next ";" of this block, or to its "}".
  void skip_rule() {
    std::size_t depth = 0;
    while (!cursor_.at_end()) {
      if (depth == 0 && cursor_.at("}")) return;
      const Token token = cursor_.take();
      if (token.is("{")) ++depth;
      if (token.is("}")) --depth;
      if (depth == 0 && token.is(";")) return;
    }
  }

  Result<void> rule(std::vector<Rule>& rules) {
    Rule made;
    made.at = cursor_.here();
    made.documentation = cursor_.comments_before();
    do {
      BHI_TRY(RuleSource read, source());
      made.sources.push_back(std::move(read));
    } while (cursor_.take_if(","));
    if (cursor_.take_if("->")) {
      if (is_batch(made)) return batch(made, rules);
      do {
        BHI_TRY(RuleTarget read, target());
        made.targets.push_back(std::move(read));
      } while (cursor_.take_if(","));
    }
    if (cursor_.take_if("then")) BHI_CHECK(dependents(made));
    if (cursor_.at_text()) {
      BHI_TRY(made.name, cursor_.text("the name of the rule"));
    }
    BHI_CHECK(cursor_.expect(";"));
    add_comment(made.documentation);
    normalise(made);
    rules.push_back(std::move(made));
    return {};
  }

  // src -> tgt : a, b, c;
  bool is_batch(const Rule& rule) {
    return rule.sources.size() == 1 && rule.sources.front().path.empty() && cursor_.at_name() &&
           cursor_.peek_second().is(":");
  }

  Result<void> batch(const Rule& pattern, std::vector<Rule>& rules) {
    BHI_TRY(const std::string context, cursor_.name("a target"));
    cursor_.take();
    do {
      Rule made = pattern;
      made.at = cursor_.here();
      BHI_TRY(const std::string element, cursor_.name("the name of an element"));
      made.name = element;
      made.simple_copy = true;
      made.sources.front().path = {element};
      RuleTarget target;
      target.context = context;
      target.path = {element};
      target.at = made.at;
      made.targets.push_back(std::move(target));
      rules.push_back(std::move(made));
    } while (cursor_.take_if(","));
    if (cursor_.at_text()) cursor_.take();
    BHI_CHECK(cursor_.expect(";"));
    add_comment(rules.back().documentation);
    return {};
  }

  Result<RuleSource> source() {
    RuleSource made;
    made.at = cursor_.here();
    BHI_TRY(made.path, cursor_.path("a source (variable.element)"));
    made.context = std::move(made.path.front());
    made.path.erase(made.path.begin());
    if (cursor_.take_if(":")) {
      BHI_TRY(made.type, cursor_.name("the name of a type"));
    }
    if (cursor_.peek().kind == TokenKind::Integer) BHI_CHECK(cardinality(made));
    if (cursor_.take_if("default")) BHI_CHECK(default_value(made));
    if (const auto* mode = mode_of(kSourceListModes, cursor_.peek())) {
      made.list_mode = mode->second;
      cursor_.take();
    }
    if (cursor_.take_if("as")) {
      BHI_TRY(made.variable, cursor_.name("the name of a variable"));
    }
    BHI_CHECK(clause("where", made.where));
    BHI_CHECK(clause("check", made.check));
    BHI_CHECK(clause("log", made.log));
    return made;
  }

  Result<void> clause(std::string_view word, ExpressionText& to) {
    if (!cursor_.take_if(word)) return {};
    BHI_TRY(to, cursor_.clause_expression());
    return {};
  }

  Result<void> cardinality(RuleSource& source) {
    source.has_cardinality = true;
    BHI_TRY(source.min, cursor_.number("the least number"));
    BHI_CHECK(cursor_.expect(".."));
    if (cursor_.take_if("*")) return {};
    BHI_TRY(source.max, cursor_.number("the greatest number, or '*'"));
    return {};
  }

  // default (expression), or of old: default "text"
  Result<void> default_value(RuleSource& source) {
    if (cursor_.peek().kind != TokenKind::DoubleQuotedString) {
      BHI_TRY(source.default_value, cursor_.enclosed_expression());
      return {};
    }
    const Place at = cursor_.here();
    BHI_TRY(const std::string text, cursor_.text("a default value"));
    source.default_value = {quoted(text, '\''), at};
    return {};
  }

  Result<RuleTarget> target() {
    RuleTarget made;
    made.at = cursor_.here();
    if (cursor_.at("(")) {
      BHI_CHECK(evaluation(made));
    } else if (cursor_.at_name() && cursor_.peek_second().is("(")) {
      BHI_CHECK(call(made, /*group_allowed=*/true));
    } else {
      BHI_TRY(made.path, cursor_.path("a target (variable.element)"));
      made.context = std::move(made.path.front());
      made.path.erase(made.path.begin());
      if (cursor_.take_if("=")) BHI_CHECK(value(made));
    }
    if (cursor_.take_if("as")) {
      BHI_TRY(made.variable, cursor_.name("the name of a variable"));
    }
    if (const auto* mode = mode_of(kTargetListModes, cursor_.peek())) {
      made.list_mode = mode->second;
      cursor_.take();
      if (made.list_mode == TargetListMode::Share && cursor_.at_name() && !cursor_.at("then")) {
        BHI_TRY(made.share_id, cursor_.name("the id of the share"));
      }
    }
    return made;
  }

  // (expression)
  Result<void> evaluation(RuleTarget& target) {
    BHI_TRY(ExpressionText read, cursor_.enclosed_expression());
    target.transform = Transform::Evaluate;
    target.parameters.push_back({Parameter::Kind::Expression, std::move(read.text), read.at});
    normalise(target);
    return {};
  }

  // What stands behind "=": a literal, a variable (copied), a transform, or (expression).
  Result<void> value(RuleTarget& target) {
    if (cursor_.at("(")) return evaluation(target);
    if (cursor_.at_name() && cursor_.peek_second().is("(")) return call(target, /*group_allowed=*/false);
    target.transform = Transform::Copy;
    const bool path = cursor_.at_name() && cursor_.peek_second().is(".");
    BHI_TRY(Parameter read, path ? copied_path() : parameter());
    target.parameters.push_back(std::move(read));
    normalise(target);
    return {};
  }

  // a.b.c: an expression, but one that an "as" behind it does not belong to.
  Result<Parameter> copied_path() {
    Parameter made{Parameter::Kind::Expression, {}, cursor_.here()};
    do {
      if (!made.text.empty()) made.text += '.';
      const bool delimited = cursor_.peek().kind == TokenKind::DelimitedIdentifier;
      if (!cursor_.at_name()) return cursor_.expected("the name of an element");
      const std::string text(cursor_.take().text);
      made.text += delimited ? "`" + text + "`" : text;
    } while (cursor_.take_if("."));
    return made;
  }

  // transform(parameters), or Group(parameters)
  Result<void> call(RuleTarget& target, bool group_allowed) {
    const Place at = cursor_.here();
    BHI_TRY(const std::string name, cursor_.name("the name of a transform"));
    BHI_TRY(std::vector<Parameter> given, parameters());
    const TransformEntry* found = find_transform(name);
    if (found == nullptr && group_allowed) {
      target.invocation = Invocation{name, std::move(given), at};
      return {};
    }
    const std::string place = std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
    if (found == nullptr && fhirpath::find_function(name) != nullptr) {
      return Error{Kind::Incorrect, place + "expected a transform, found FHIRPath's " + name +
                                        "(); an expression stands in parentheses: = (" + name + "(...))"};
    }
    if (found == nullptr) {
      std::array<std::string_view, kTransforms.size()> names;
      std::ranges::transform(kTransforms, names.begin(), &TransformEntry::name);
      return Error{Kind::Incorrect,
                   place + "expected a transform, found '" + name + "'" + fhirpath::suggestion(name, names)};
    }
    if (given.size() < found->least || given.size() > found->most) {
      const std::string least = std::to_string(found->least);
      const std::string range = found->most == kAnyNumber     ? least + " or more"
                                : found->least == found->most ? least
                                                              : least + " to " + std::to_string(found->most);
      return Error{Kind::Incorrect, place + "expected " + range + " parameters of " + name + "(), found " +
                                        std::to_string(given.size())};
    }
    target.transform = found->transform;
    target.parameters = std::move(given);
    normalise(target);
    return {};
  }

  Result<std::vector<Parameter>> parameters() {
    std::vector<Parameter> read;
    BHI_CHECK(cursor_.expect("("));
    if (cursor_.take_if(")")) return read;
    do {
      BHI_TRY(Parameter one, parameter());
      read.push_back(std::move(one));
    } while (cursor_.take_if(","));
    BHI_CHECK(cursor_.expect(")"));
    return read;
  }

  // Ends a parameter or value that is one token long.
  static bool ends_value(const Token& token) {
    if (token.kind == TokenKind::Symbol) return token.text == "," || token.text == ")" || token.text == ";";
    if (token.kind == TokenKind::DoubleQuotedString || token.kind == TokenKind::End) return true;
    return token.is("as") || token.is("then") || mode_of(kTargetListModes, token) != nullptr;
  }

  Result<Parameter> parameter() {
    Parameter made;
    made.at = cursor_.here();
    const bool alone = ends_value(cursor_.peek_second());
    if (alone && literal_kind(cursor_.peek(), made.kind)) {
      BHI_TRY(made.text, fhirpath::unescape(cursor_.take()));
      if (made.kind == Parameter::Kind::Time && made.text.starts_with('T')) made.text.erase(0, 1);
      if (made.kind == Parameter::Kind::DateTime && made.text.ends_with('T')) made.text.pop_back();
      return made;
    }
    if (alone && cursor_.at_name()) {
      made.kind = Parameter::Kind::Variable;
      BHI_TRY(made.text, cursor_.name("a variable"));
      return made;
    }
    const bool enclosed = cursor_.at("(");
    BHI_TRY(ExpressionText read, cursor_.clause_expression());
    if (enclosed && read.text.front() != '(') {  // (a as Type), or (a) that is just a
      const auto inside = parse_parameter(read.text);
      if (inside && inside->kind != Parameter::Kind::Expression) return Parameter{inside->kind, inside->text, read.at};
    }
    made.text = plain_expression(read.text);
    if (!negative_number(made)) {
      made.kind = Parameter::Kind::Expression;
      made.text = std::move(read.text);
    }
    return made;
  }

  static bool negative_number(Parameter& made) {
    fhirpath::Lexer lexer(made.text, fhirpath::Dialect::Mapping);
    if (!lexer.take().is("-")) return false;
    const Token number = lexer.take();
    if (lexer.peek().kind != TokenKind::End || number.at.offset != 1) return false;
    if (number.kind != TokenKind::Integer && number.kind != TokenKind::Decimal) return false;
    made.kind = number.kind == TokenKind::Integer ? Parameter::Kind::Integer : Parameter::Kind::Decimal;
    return true;
  }

  // then Group(a, b), Other(c, d) { rules }
  Result<void> dependents(Rule& rule) {
    while (cursor_.at_name()) {
      Invocation made;
      made.at = cursor_.here();
      BHI_TRY(made.group, cursor_.name("the name of a group"));
      BHI_TRY(made.parameters, parameters());
      rule.dependents.push_back(std::move(made));
      if (!cursor_.take_if(",")) break;
    }
    if (cursor_.at("{")) return block(rule.rules, rule.documentation);
    if (rule.dependents.empty()) return cursor_.expected("the name of a group, or '{'");
    return {};
  }

  Cursor& cursor_;
  Reporter& reporter_;
  std::uint32_t nesting_ = 0;
};

}  // namespace

Result<void> parse_rules(Cursor& cursor, Reporter& reporter, std::vector<Rule>& rules, std::string& documentation) {
  return RuleParser(cursor, reporter).block(rules, documentation);
}

Result<Parameter> parse_parameter(std::string_view text) {
  Cursor cursor(text);
  std::vector<Diagnostic> none;
  Reporter reporter({}, none);
  return RuleParser(cursor, reporter).parameter_alone();
}

}  // namespace bhi::mapping
