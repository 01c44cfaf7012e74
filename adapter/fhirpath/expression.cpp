#include "fhirpath/expression.h"

#include "fhir/terminology.h"
#include "fhirpath/ast.h"
#include "fhirpath/evaluator.h"
#include "fhirpath/parser.h"
#include "fhirpath/resolver.h"

namespace bhi::fhirpath {

bool TypeSpecifier::matches(const fhir::TypeInfo* type) const {
  if (type == nullptr) return false;
  return (system != nullptr && type == system) || (fhir != nullptr && type->is(*fhir));
}

bool TypeSpecifier::exactly(const fhir::TypeInfo* type) const {
  if (type == nullptr) return false;
  if (type == fhir || (system != nullptr && type == system)) return true;
  return type->kind != fhir::TypeKind::Primitive && matches(type);
}

Error error_at(const Expr& where, Kind kind, std::string_view text) {
  return {kind, std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + std::string(text)};
}

void answer_from(const fhir::Terminology& terminology, Environment& environment) {
  environment.member_of = [&terminology](std::string_view value_set, std::string_view system, std::string_view code) {
    return terminology.member_of(value_set, system, code);
  };
  environment.subsumes = [&terminology](std::string_view system, std::string_view above, std::string_view below) {
    return terminology.subsumes(system, above, below);
  };
}

Result<Expression> Expression::compile(std::string_view text, const CompileOptions& options) {
  Lexer lexer(text, Dialect::FhirPath);
  BHI_TRY(Expression made, compile_from(lexer, options));
  if (lexer.peek().kind != TokenKind::End) return lexer.expected("an operator or the end");
  return made;
}

Result<Expression> Expression::compile_from(Lexer& lexer, const CompileOptions& options) {
  auto ast = std::make_shared<Ast>();
  ast->types = options.types;
  const std::size_t begin = lexer.peek().at.offset;
  BHI_TRY(ast->root, parse_expression(lexer, *ast));
  std::string_view text = lexer.text().substr(begin, lexer.peek().at.offset - begin);
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  ast->text = ast->arena.copy(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
  BHI_CHECK(resolve(*ast, options));
  return Expression(std::move(ast));
}

std::string_view Expression::text() const { return ast_->text; }

Result<Collection> Expression::evaluate(const Item& focus, const Environment& environment, Arena& arena) const {
  const Expr& root = *ast_->root;
  if (root.depth > environment.budget.max_depth) {
    return error_at(root, Kind::Busy,
                    "expected at most " + std::to_string(environment.budget.max_depth) + " levels, found " +
                        std::to_string(root.depth));
  }
  Evaluator evaluator(*ast_, environment, focus, arena);
  const Frame frame{focus.node == nullptr ? Collection() : Collection(&focus, 1)};
  Items out(arena);
  if (!evaluator.evaluate(root, frame, out)) return evaluator.error();
  return out.keep();
}

Result<std::optional<bool>> as_boolean(Collection items) {
  if (items.empty()) return std::optional<bool>();
  if (items.size() > 1) {
    return Error{Kind::Incorrect, "expected one Boolean, found " + std::to_string(items.size()) + " items"};
  }
  const fhir::Node& node = *items[0].node;
  if (node.is_null()) return std::optional<bool>();
  return std::optional<bool>(node.kind() != fhir::NodeKind::Boolean || node.as_boolean());
}

Result<std::optional<std::string_view>> as_text(Collection items) {
  if (items.empty()) return std::optional<std::string_view>();
  if (items.size() > 1) {
    return Error{Kind::Incorrect, "expected one primitive value, found " + std::to_string(items.size()) + " items"};
  }
  const fhir::Node& node = *items[0].node;
  if (node.is_null()) return std::optional<std::string_view>();
  if (node.is_object() || node.is_array()) {
    return Error{Kind::Incorrect, "expected one primitive value, found " + std::string(type_name(items[0]))};
  }
  return std::optional<std::string_view>(node.text());
}

}  // namespace bhi::fhirpath
