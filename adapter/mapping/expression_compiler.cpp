#include "mapping/expression_compiler.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using fhirpath::Dialect;
using fhirpath::Lexer;
using fhirpath::Token;
using fhirpath::TokenKind;

// The names of the scope that stand in the text where a variable may: not behind a ".". More than needed does no harm.
std::vector<VariableUse> mentioned(std::string_view text, const Scope& scope) {
  std::vector<VariableUse> uses;
  Lexer lexer(text, Dialect::Mapping);
  bool member = false;
  for (Token token = lexer.take(); token.kind != TokenKind::End; token = lexer.take()) {
    const bool behind_dot = member;
    member = token.is(".");
    if (behind_dot && token.kind != TokenKind::EnvironmentVariable) continue;
    if (token.kind != TokenKind::Identifier && token.kind != TokenKind::EnvironmentVariable &&
        token.kind != TokenKind::DelimitedIdentifier) {
      continue;
    }
    if (std::ranges::find(uses, token.text, &VariableUse::name) != uses.end()) continue;
    VariableUse use = scope.use(token.text);
    if (use.exists()) uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace

MaybeExpression compile_expression(const ExpressionText& text, const fhir::TypeInfo* focus, const Scope& scope,
                                   const fhir::Types& types, Reporter& reporter) {
  if (!text) return std::nullopt;
  std::vector<VariableUse> uses = mentioned(text.text, scope);
  // Those in use come first and in order, so that evaluation finds each at its place; the others serve suggestions.
  std::vector<std::string_view> names;
  for (const VariableUse& use : uses) names.push_back(use.name);
  for (const std::string_view name : scope.names()) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  fhirpath::CompileOptions options;
  options.types = &types;
  options.context = focus;
  options.variables = names;

  Lexer lexer(text.text, Dialect::Mapping);
  lexer.reset({0, text.at.line, text.at.column});
  auto made = fhirpath::Expression::compile_from(lexer, options);
  if (made && lexer.peek().kind != TokenKind::End) made = lexer.expected("an operator or the end of the expression");
  if (!made) {
    reporter.error(text.at, made.error());
    return std::nullopt;
  }
  return CompiledExpression{std::move(made).value(), std::move(uses)};
}

}  // namespace bhi::mapping
