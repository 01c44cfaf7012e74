// The tree of an expression: made by the parser, completed by the resolver (names, types, functions, patterns), then
// never changed again. https://hl7.org/fhirpath/grammar.html
//
// Expr lies in the arena of its Ast. Paths lean to the left: in `name.where(use = 'usual').given` the outermost Expr is
// Member "given", its `input` is Call "where", whose `input` is Member "name", whose `input` is null: the focus.
// Chains of one operator (and, or, |, &, +, ...) are one Expr with many `args`, so long lists do not nest.
#pragma once

#include "base/arena.h"
#include "fhirpath/expression.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace bhi::fhirpath {

struct Function;  // functions.h

struct PatternDeleter {
  void operator()(const re2::RE2* pattern) const;
};
using PatternPtr = std::unique_ptr<const re2::RE2, PatternDeleter>;

enum class Op : std::uint8_t {
  Literal,   // literal
  Empty,     // {}
  Focus,     // $this
  Index,     // $index
  Total,     // $total
  Standard,  // %resource, %context, %ucum, ...: standard
  Variable,  // a %name or bare name of CompileOptions.variables: text
  Slot,      // a %name made by defineVariable(): slot
  TypeRoot,  // `Patient` at the start of a path: the focus when it is one
  Member,    // name of an element
  Call,      // function
  Indexer,   // input[args[0]]
  Negate,
  Plus,  // unary
  Multiply,
  Divide,
  IntegerDivide,
  Modulo,
  Add,
  Subtract,
  Concatenate,
  Is,
  As,  // args[0], specifier
  Union,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  Equal,
  Equivalent,
  NotEqual,
  NotEquivalent,
  In,
  Contains,
  And,
  Or,
  Xor,
  Implies,
};

enum class StandardVariable : std::uint8_t { Context, Resource, RootResource, Text };

// A type as an expression names it: unqualified names may mean a FHIR type, a System type, or (Quantity) both.
struct TypeSpecifier {
  const fhir::TypeInfo* fhir = nullptr;
  const fhir::TypeInfo* system = nullptr;

  bool matches(const fhir::TypeInfo* type) const;  // the type or one derived from it
  bool exactly(const fhir::TypeInfo* type) const;  // as ofType() and as() of FHIR R4 want it
};

struct Expr {
  Op op = Op::Empty;
  bool starts_path = false;  // Member or Call with no input: a type name, variable or element may be meant
  bool delimited = false;    // `name` in backticks
  StandardVariable standard = StandardVariable::Text;
  std::uint16_t slot = 0;
  std::uint16_t depth = 1;  // of the tree below, this one included
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string_view text;  // name, operator or literal as meant (escapes undone)
  Expr* input = nullptr;  // of Member, Call, Indexer; null: the focus
  std::span<Expr*> args;

  // Filled by the resolver.
  const fhir::Name* name = nullptr;       // Member
  const fhir::TypeInfo* owner = nullptr;  // Member: type that `element` was looked up in; null when not known
  const fhir::ElementInfo* element = nullptr;
  const Function* function = nullptr;  // Call
  TypeSpecifier specifier;             // Is, As, TypeRoot, is(), as(), ofType()
  const re2::RE2* pattern = nullptr;   // of matches(), replaceMatches() with a literal pattern
  Item literal;                        // Literal
};

struct Ast {
  Ast() = default;
  Ast(const Ast&) = delete;
  Ast& operator=(const Ast&) = delete;

  Arena arena{1024};
  std::string_view text;
  Expr* root = nullptr;
  std::uint16_t slots = 0;
  const fhir::Types* types = nullptr;
  std::vector<PatternPtr> patterns;
};

// "3:14: text"
Error error_at(const Expr& where, Kind kind, std::string_view text);

}  // namespace bhi::fhirpath
