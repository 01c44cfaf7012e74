// FHIRPath expressions, compiled once and evaluated often. https://hl7.org/fhirpath/ (normative N1 and STU additions)
// and https://hl7.org/fhir/R4/fhirpath.html
//
// A compiled Expression is immutable and may be shared between threads. Evaluation allocates from the caller's arena,
// looks at nodes without copying them, and is bounded in steps, depth and size, so that no expression can stall a lane.
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"
#include "fhirpath/lexer.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhir {
class Terminology;  // fhir/terminology.h
}

namespace bhi::fhirpath {

struct Ast;  // fhirpath/ast.h

// One item of a collection: an element of a document with what is known of its type, or a value made by the expression.
// Sixteen-byte nodes serve for both: a computed string or number is a Node in the arena with a System type.
struct Item {
  const fhir::Node* node = nullptr;       // never null in a collection; Null node when only a companion (`_x`) exists
  const fhir::Node* companion = nullptr;  // the "_x" object of a primitive: its id and extensions; usually null
  const fhir::TypeInfo* type = nullptr;   // FHIR or System type; null when unknown
};

// The System types (https://hl7.org/fhirpath/#literals) as TypeInfos, so that one pointer says all of a type.
namespace system_type {
extern const fhir::TypeInfo Boolean, String, Integer, Long, Decimal, Date, DateTime, Time, Quantity;
}

using Collection = std::span<const Item>;

struct CompileOptions {
  const fhir::Types* types = nullptr;           // null: no static check
  const fhir::TypeInfo* context = nullptr;      // type of the focus; null: unknown, checked at run time only
  std::span<const std::string_view> variables;  // names allowed as %name besides the standard ones; also bare names
                                                // that FML puts in scope (they win over elements of the focus)
  bool strict = true;                           // unknown element of a known type is an error
};

struct Variable {
  std::string_view name;
  Collection value;
};

struct Budget {
  std::uint32_t max_steps = 2'000'000;
  std::uint32_t max_depth = 128;
  std::uint32_t max_items = 1'000'000;
  std::uint32_t max_text_bytes = 4 << 20;  // of one text that the expression makes
};

// What an evaluation may ask of the world. Everything is optional; what is absent gives empty or a clear error.
struct Environment {
  Item resource;       // %resource
  Item root_resource;  // %rootResource; resource when null
  Item context;        // %context; the focus when null
  std::span<const Variable> variables;
  const fhir::Types* types = nullptr;
  Instant now{};  // now(), today(), timeOfDay()
  int utc_offset_minutes = 0;
  // Resolves a reference or canonical to a resource that stays alive as long as the arena; null node when unknown.
  // What is contained, and entries of a Bundle that is %rootResource or %resource, are found without it.
  std::function<const fhir::Node*(std::string_view reference)> resolve;
  // Is code|system in value set (canonical)? empty optional: value set unknown.
  std::function<std::optional<bool>(std::string_view value_set, std::string_view system, std::string_view code)>
      member_of;
  // Is the code `above` the code `below`, or an ancestor of it in their system? empty optional: cannot be said.
  std::function<std::optional<bool>(std::string_view system, std::string_view above, std::string_view below)> subsumes;
  // Does the item conform to a StructureDefinition (canonical)? empty optional: not known here, so the type decides for
  // base definitions. Error: Unsupported names what of a profile cannot be decided.
  std::function<Result<std::optional<bool>>(const Item& item, std::string_view definition)> conforms_to;
  std::function<void(std::string_view name, Collection items)> trace;
  Budget budget;
};

// memberOf() and subsumes() by this terminology, which must outlive the environment.
void answer_from(const fhir::Terminology& terminology, Environment& environment);

class Expression {
 public:
  // Errors (Incorrect) say line:column, expected, found, and a suggestion for a misspelt name.
  static Result<Expression> compile(std::string_view text, const CompileOptions& options);
  // From inside an FML text: reads one expression from the lexer's present position and leaves the lexer behind it.
  static Result<Expression> compile_from(Lexer& lexer, const CompileOptions& options);

  std::string_view text() const;  // as written

  // Errors: Incorrect (semantic: wrong type, not a singleton), Unsupported, Busy (budget exhausted).
  Result<Collection> evaluate(const Item& focus, const Environment& environment, Arena& arena) const;

 private:
  explicit Expression(std::shared_ptr<const Ast> ast) : ast_(std::move(ast)) {}
  std::shared_ptr<const Ast> ast_;
};

// https://hl7.org/fhirpath/#singleton-evaluation-of-collections: empty stays empty, one boolean is itself, one other
// item is true, more is an error.
Result<std::optional<bool>> as_boolean(Collection items);
// Text of a single primitive item; empty optional when the collection is empty; error when more than one.
Result<std::optional<std::string_view>> as_text(Collection items);

// An item for the root of a document, typed by its resourceType (or by `type` for a logical model instance).
Item root_item(const fhir::Node& node, const fhir::Types& types, const fhir::TypeInfo* type = nullptr);

// The children of an item by name, as navigation does it: choice elements by their base name ("value"), companions
// attached, arrays flattened. Used by FML, which walks source elements the same way.
void children(const Item& parent, const fhir::Name& name, const fhir::Types& types, std::vector<Item>& out);

}  // namespace bhi::fhirpath
