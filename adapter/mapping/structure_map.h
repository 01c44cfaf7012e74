// A map as it was written: one structure for FML text and for StructureMap JSON (R4 and R5 form).
// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html, https://hl7.org/fhir/R4/structuremap.html
//
// Nothing is resolved here: names, types and embedded FHIRPath stand as text with their place in the file. The compile
// step (mapping/compiler.h) gives them meaning. What can be written in several ways is held in one: maps that say the
// same are equal, whether they were read from text or from JSON.
#pragma once

#include "fhirpath/lexer.h"
#include "mapping/concept_map.h"
#include "mapping/place.h"
#include "mapping/transform.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bhi::mapping {

// Embedded FHIRPath, as written, and where it begins. Empty text: there is none.
struct ExpressionText {
  std::string text;
  Place at;

  explicit operator bool() const { return !text.empty(); }
  bool operator==(const ExpressionText& other) const;  // blank space and comments do not count
};

// The expression on one line, without comments, blank space only where there was some.
std::string plain_expression(std::string_view text);

// A parameter of a transform or of a group invocation. The last of evaluate() is always an expression; an expression
// that is only a literal or a name is that.
struct Parameter {
  enum class Kind : std::uint8_t { String, Integer, Decimal, Boolean, Date, DateTime, Time, Variable, Expression };
  Kind kind = Kind::Variable;
  std::string text;  // literal without quotes and escapes, name of the variable, or the expression
  Place at;

  bool operator==(const Parameter& other) const;
};

enum class SourceListMode : std::uint8_t { All, First, NotFirst, Last, NotLast, OnlyOne };
enum class TargetListMode : std::uint8_t { None, First, Last, Share, Single };
enum class TypeMode : std::uint8_t { None, Types, TypeAndTypes };  // <<types>>, <<type+>>
enum class ModelMode : std::uint8_t { Source, Queried, Target, Produced };
enum class ParameterMode : std::uint8_t { Source, Target };

struct RuleSource {
  static constexpr std::uint32_t kUnbounded = 0xffffffff;

  std::string context;
  std::vector<std::string> path;  // usually one element; empty: the context itself
  std::string type;               // of `src.value : Quantity`; may be empty
  bool has_cardinality = false;
  std::uint32_t min = 0;
  std::uint32_t max = kUnbounded;
  ExpressionText default_value;
  SourceListMode list_mode = SourceListMode::All;
  std::string variable;
  ExpressionText where, check, log;
  Place at;

  bool operator==(const RuleSource&) const = default;
};

// `then Group(a, b)`; as a target it is written without `then`. Calls behind the last target are the first dependents.
struct Invocation {
  std::string group;
  std::vector<Parameter> parameters;
  Place at;

  bool operator==(const Invocation&) const = default;
};

struct RuleTarget {
  std::string context;            // empty: the value only becomes a variable
  std::vector<std::string> path;  // empty: the context itself
  std::optional<Transform> transform;
  std::vector<Parameter> parameters;
  std::optional<Invocation> invocation;  // instead of all of the above
  std::string variable;
  TargetListMode list_mode = TargetListMode::None;
  std::string share_id;
  Place at;

  bool operator==(const RuleTarget&) const = default;
};

struct Rule {
  std::string name;           // as written, or made from the first source (default_name)
  std::string documentation;  // the comment before the rule or behind it
  std::vector<RuleSource> sources;
  std::vector<RuleTarget> targets;
  bool simple_copy = false;  // `src.a -> tgt.b`: the default group of the types, or a copy
  std::vector<Invocation> dependents;
  std::vector<Rule> rules;
  Place at;

  bool operator==(const Rule& other) const;
};

// What a rule is called when its author did not say: the last element of its first source.
std::string default_name(const Rule& rule);

struct GroupParameter {
  ParameterMode mode = ParameterMode::Source;
  std::string name;
  std::string type;  // may be empty
  std::string documentation;
  Place at;

  bool operator==(const GroupParameter&) const = default;
};

struct Group {
  std::string name;
  std::string documentation;
  std::vector<GroupParameter> parameters;
  std::string extends;
  TypeMode type_mode = TypeMode::None;
  std::vector<Rule> rules;
  Place at;

  bool operator==(const Group&) const = default;
};

struct StructureUse {
  std::string url;
  std::string alias;  // may be empty
  ModelMode mode = ModelMode::Source;
  std::string documentation;
  Place at;

  bool operator==(const StructureUse&) const = default;
};

struct Import {
  std::string url;  // may hold a "*"
  Place at;

  bool operator==(const Import&) const = default;
};

struct Constant {
  std::string name;
  ExpressionText value;
  Place at;

  bool operator==(const Constant&) const = default;
};

// A fact of the resource besides its rules: path "jurisdiction.coding.code", value "US". An empty value begins another
// instance of a complex element. `url` and `name` have members of their own.
struct Metadata {
  std::string path;
  std::string value;

  bool operator==(const Metadata&) const = default;
};

struct StructureMap {
  std::string file;
  std::string url;   // canonical; empty: only reachable by its own groups
  std::string hash;  // SHA-256 of the text it was read from, hex; may be empty
  std::string name;
  std::vector<Metadata> metadata;
  std::vector<ConceptMapText> concept_maps;
  std::vector<StructureUse> uses;
  std::vector<Import> imports;
  std::vector<Constant> constants;
  std::vector<Group> groups;
};

// Do the maps say the same? Files, places and the layout of expressions do not count.
bool same_map(const StructureMap& a, const StructureMap& b);

}  // namespace bhi::mapping
