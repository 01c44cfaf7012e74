#include "fhirpath/parser.h"

#include "fhirpath/literal.h"

#include <algorithm>
#include <array>
#include <limits>

namespace bhi::fhirpath {

namespace {

// Deeper expressions are refused, so that no text can exhaust the stack of parser, resolver or evaluator.
constexpr std::uint16_t kMaxDepth = 250;

struct Operator {
  std::string_view text;
  Op op;
  int power;    // binds tighter when higher
  bool chains;  // a op b op c is one Expr with three args
};

constexpr std::array kOperators = std::to_array<Operator>({
    {"implies", Op::Implies, 1, false},
    {"or", Op::Or, 2, true},
    {"xor", Op::Xor, 2, true},
    {"and", Op::And, 3, true},
    {"in", Op::In, 4, false},
    {"contains", Op::Contains, 4, false},
    {"=", Op::Equal, 5, false},
    {"~", Op::Equivalent, 5, false},
    {"!=", Op::NotEqual, 5, false},
    {"!~", Op::NotEquivalent, 5, false},
    {"<", Op::Less, 6, false},
    {"<=", Op::LessOrEqual, 6, false},
    {">", Op::Greater, 6, false},
    {">=", Op::GreaterOrEqual, 6, false},
    {"|", Op::Union, 7, true},
    {"is", Op::Is, 8, false},
    {"as", Op::As, 8, false},
    {"+", Op::Add, 9, true},
    {"-", Op::Subtract, 9, true},
    {"&", Op::Concatenate, 9, true},
    {"*", Op::Multiply, 10, true},
    {"/", Op::Divide, 10, true},
    {"div", Op::IntegerDivide, 10, true},
    {"mod", Op::Modulo, 10, true},
});
constexpr int kPolarityPower = 11;

constexpr std::array<std::string_view, 16> kCalendarUnits = {
    "day",   "days",   "hour",   "hours",   "millisecond", "milliseconds", "minute", "minutes",
    "month", "months", "second", "seconds", "week",        "weeks",        "year",   "years"};

// Words that are operators or literals and so cannot begin a name without backticks.
constexpr std::array<std::string_view, 8> kReserved = {"and", "div", "false", "implies", "mod", "or", "true", "xor"};

const Operator* find_operator(const Token& token) {
  if (token.kind != TokenKind::Symbol && token.kind != TokenKind::Identifier) return nullptr;
  const auto found = std::ranges::find(kOperators, token.text, &Operator::text);
  return found == kOperators.end() ? nullptr : &*found;
}

bool is_symbol(const Token& token, std::string_view text) {
  return token.kind == TokenKind::Symbol && token.text == text;
}

class Parser {
 public:
  Parser(Lexer& lexer, Ast& ast) : lexer_(lexer), ast_(ast) {}

  Result<Expr*> expression(int least_power) {
    if (++depth_ > kMaxDepth) return too_deep();
    BHI_TRY(Expr * left, prefix());
    BHI_TRY(left, infix(left, least_power));
    --depth_;
    return left;
  }

 private:
  Expr* make(Op op, const Token& token) {
    Expr* made = ast_.arena.make<Expr>();
    made->op = op;
    made->line = token.at.line;
    made->column = token.at.column;
    made->text = ast_.arena.copy(token.text);
    return made;
  }

  Error too_deep() {
    const Position at = lexer_.peek().at;
    return {Kind::Incorrect, std::to_string(at.line) + ":" + std::to_string(at.column) + ": expected at most " +
                                 std::to_string(kMaxDepth) + " levels of nesting, found more"};
  }

  // Depth of `whole` from its parts. False: too deep.
  static bool settle_depth(Expr& whole) {
    std::uint16_t deepest = whole.input != nullptr ? whole.input->depth : std::uint16_t{0};
    for (const Expr* part : whole.args) deepest = std::max(deepest, part->depth);
    whole.depth = static_cast<std::uint16_t>(deepest + 1);
    return whole.depth <= kMaxDepth;
  }

  Result<Expr*> settled(Expr* whole) {
    if (!settle_depth(*whole)) return too_deep();
    return whole;
  }

  Result<void> take(std::string_view symbol) {
    if (!is_symbol(lexer_.peek(), symbol)) return lexer_.expected("'" + std::string(symbol) + "'");
    lexer_.take();
    return {};
  }

  Result<Expr*> infix(Expr* left, int least_power) {
    for (;;) {
      const Token& next = lexer_.peek();
      const Operator* found = find_operator(next);
      if (found == nullptr || found->power < least_power) return left;
      const Token token = lexer_.take();
      BHI_TRY(left, found->op == Op::Is || found->op == Op::As ? type_test(left, *found, token)
                                                               : operation(left, *found, token));
    }
  }

  // left op right, and op right as long as the same operator follows.
  Result<Expr*> operation(Expr* left, const Operator& found, const Token& token) {
    Expr* whole = make(found.op, token);
    std::vector<Expr*> operands{left};
    for (;;) {
      BHI_TRY(Expr * right, expression(found.power + 1));
      operands.push_back(right);
      const Operator* next = find_operator(lexer_.peek());
      if (!found.chains || next != &found) break;
      lexer_.take();
    }
    whole->args = ast_.arena.copy(std::span<Expr* const>(operands));
    return settled(whole);
  }

  Result<Expr*> type_test(Expr* left, const Operator& found, const Token& token) {
    Expr* whole = make(found.op, token);
    std::string name;
    do {
      if (!name.empty()) {
        lexer_.take();
        name += '.';
      }
      const Token part = lexer_.peek();
      if (part.kind != TokenKind::Identifier && part.kind != TokenKind::DelimitedIdentifier) {
        return lexer_.expected("the name of a type");
      }
      lexer_.take();
      BHI_TRY(const std::string plain, unescape(part));
      name += plain;
    } while (is_symbol(lexer_.peek(), "."));
    whole->text = ast_.arena.copy(std::string_view(name));
    whole->args = operands_of(left);
    return settled(whole);
  }

  std::span<Expr*> operands_of(Expr* only) {
    Expr** room = ast_.arena.array<Expr*>(1);
    *room = only;
    return {room, 1};
  }

  Result<Expr*> prefix() {
    const Token& next = lexer_.peek();
    if (is_symbol(next, "+") || is_symbol(next, "-")) {
      const Token token = lexer_.take();
      Expr* whole = make(token.text == "-" ? Op::Negate : Op::Plus, token);
      BHI_TRY(Expr * operand, expression(kPolarityPower));
      whole->args = operands_of(operand);
      return settled(whole);
    }
    BHI_TRY(Expr * left, term());
    return postfix(left);
  }

  // .name  .name(...)  [index]
  Result<Expr*> postfix(Expr* left) {
    for (;;) {
      const Token& next = lexer_.peek();
      if (is_symbol(next, ".")) {
        lexer_.take();
        BHI_TRY(left, invocation(left));
      } else if (is_symbol(next, "[")) {
        Expr* whole = make(Op::Indexer, lexer_.take());
        BHI_TRY(Expr * index, expression(0));
        BHI_CHECK(take("]"));
        whole->input = left;
        whole->args = operands_of(index);
        BHI_TRY(left, settled(whole));
      } else {
        return left;
      }
    }
  }

  // What stands behind a dot, or a name at the start of a path (input null).
  Result<Expr*> invocation(Expr* input) {
    const Token token = lexer_.peek();
    if (token.kind == TokenKind::Keyword) {
      if (input != nullptr && token.text != "$this") return lexer_.expected("the name of an element or function");
      lexer_.take();
      Expr* whole = make(token.text == "$this" ? Op::Focus : token.text == "$index" ? Op::Index : Op::Total, token);
      whole->input = input;
      return settled(whole);
    }
    const bool delimited = token.kind == TokenKind::DelimitedIdentifier;
    if (!delimited &&
        (token.kind != TokenKind::Identifier || std::ranges::find(kReserved, token.text) != kReserved.end())) {
      return lexer_.expected(input == nullptr ? "an expression" : "the name of an element or function");
    }
    lexer_.take();
    const bool call = is_symbol(lexer_.peek(), "(");
    Expr* whole = make(call ? Op::Call : Op::Member, token);
    whole->delimited = delimited;
    whole->starts_path = input == nullptr;
    whole->input = input;
    BHI_TRY(const std::string plain, unescape(token));
    whole->text = ast_.arena.copy(std::string_view(plain));
    if (call) {
      BHI_CHECK(arguments(*whole));
    }
    return settled(whole);
  }

  Result<void> arguments(Expr& call) {
    lexer_.take();
    std::vector<Expr*> given;
    if (!is_symbol(lexer_.peek(), ")")) {
      for (;;) {
        BHI_TRY(Expr * argument, expression(0));
        given.push_back(argument);
        if (!is_symbol(lexer_.peek(), ",")) break;
        lexer_.take();
      }
    }
    BHI_CHECK(take(")"));
    call.args = ast_.arena.copy(std::span<Expr* const>(given));
    return {};
  }

  Result<Expr*> term() {
    const Token token = lexer_.peek();
    switch (token.kind) {
      case TokenKind::Integer:
      case TokenKind::Decimal: return number();
      case TokenKind::LongInteger:
      case TokenKind::String:
      case TokenKind::DoubleQuotedString:  // only the mapping language has them
      case TokenKind::Date:
      case TokenKind::DateTime:
      case TokenKind::Time: return literal(lexer_.take());
      case TokenKind::EnvironmentVariable: {
        lexer_.take();
        Expr* whole = make(Op::Variable, token);
        BHI_TRY(const std::string plain, unescape(token));
        whole->text = ast_.arena.copy(std::string_view(plain));
        return whole;
      }
      case TokenKind::Identifier:
        if (token.text == "true" || token.text == "false") return literal(lexer_.take());
        return invocation(nullptr);
      case TokenKind::DelimitedIdentifier:
      case TokenKind::Keyword: return invocation(nullptr);
      case TokenKind::Symbol: return bracketed(token);
      default: return lexer_.expected("an expression");
    }
  }

  Result<Expr*> bracketed(const Token& token) {
    if (token.text == "(") {
      lexer_.take();
      BHI_TRY(Expr * inner, expression(0));
      BHI_CHECK(take(")"));
      return inner;
    }
    if (token.text == "{") {
      lexer_.take();
      BHI_CHECK(take("}"));
      return make(Op::Empty, token);
    }
    return lexer_.expected("an expression");
  }

  Result<Expr*> literal(const Token& token) {
    Expr* whole = make(Op::Literal, token);
    BHI_TRY(whole->literal, make_literal(token, ast_.arena));
    return whole;
  }

  // A number, or a quantity when a unit follows: 4 days, 10 'mg'.
  Result<Expr*> number() {
    const Token token = lexer_.take();
    const Token unit = lexer_.peek();
    const bool calendar =
        unit.kind == TokenKind::Identifier && std::ranges::find(kCalendarUnits, unit.text) != kCalendarUnits.end();
    if (!calendar && unit.kind != TokenKind::String) return literal(token);
    lexer_.take();
    Expr* whole = make(Op::Literal, token);
    BHI_TRY(const std::string plain, unescape(unit));
    whole->literal =
        calendar ? make_calendar_quantity(token.text, plain, ast_.arena) : make_quantity(token.text, plain, ast_.arena);
    return whole;
  }

  Lexer& lexer_;
  Ast& ast_;
  std::uint16_t depth_ = 0;
};

}  // namespace

Result<Expr*> parse_expression(Lexer& lexer, Ast& ast) { return Parser(lexer, ast).expression(0); }

}  // namespace bhi::fhirpath
