// A map as it was written: one structure for FML text and for StructureMap JSON (R4 and R5 form).
// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html, https://hl7.org/fhir/R4/structuremap.html
//
// Nothing is resolved here: names, types and embedded FHIRPath stand as text with their place in the file. The compile
// step (mapping/compiler.h) gives them meaning.
#pragma once

#include "fhirpath/lexer.h"
#include "mapping/transform.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bhi::mapping {

using Place = fhirpath::Position;

// Embedded FHIRPath, as written, and where it begins. Empty text: there is none.
struct ExpressionText {
  std::string text;
  Place at;

  explicit operator bool() const { return !text.empty(); }
};

// A parameter of a transform or of a group invocation.
struct Parameter {
  enum class Kind : std::uint8_t { String, Integer, Decimal, Boolean, Date, DateTime, Time, Variable, Expression };
  Kind kind = Kind::Variable;
  std::string text;  // literal without quotes and escapes, name of the variable, or the expression
  Place at;
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
};

// `then Group(a, b)`; as a target it is written without `then`.
struct Invocation {
  std::string group;
  std::vector<Parameter> parameters;
  Place at;
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
};

struct Rule {
  std::string name;  // as written, or made from the first source
  std::vector<RuleSource> sources;
  std::vector<RuleTarget> targets;
  bool simple_copy = false;  // `src.a -> tgt.b`: the default group of the types, or a copy
  std::vector<Invocation> dependents;
  std::vector<Rule> rules;
  Place at;
};

struct GroupParameter {
  ParameterMode mode = ParameterMode::Source;
  std::string name;
  std::string type;  // may be empty
  Place at;
};

struct Group {
  std::string name;
  std::vector<GroupParameter> parameters;
  std::string extends;
  TypeMode type_mode = TypeMode::None;
  std::vector<Rule> rules;
  Place at;
};

struct StructureUse {
  std::string url;
  std::string alias;  // may be empty
  ModelMode mode = ModelMode::Source;
  Place at;
};

struct Import {
  std::string url;  // may hold a "*"
  Place at;
};

struct Constant {
  std::string name;
  ExpressionText value;
  Place at;
};

struct CodeMapping {
  std::string source_system, source_code;
  std::string relation;  // as written: "-", "==", "<=", ...
  std::string target_system, target_code;
};

struct ConceptMapText {
  std::string id;  // without the leading "#"
  std::vector<CodeMapping> mappings;
  Place at;
};

struct Metadata {
  std::string path;   // "jurisdiction.coding.code"
  std::string value;  // may be empty
};

struct StructureMap {
  std::string file;
  std::string hash;  // SHA-256 of the text it was read from, hex; may be empty
  std::string url;   // canonical without version; empty: only reachable by its own groups
  std::string name;
  std::vector<Metadata> metadata;
  std::vector<ConceptMapText> concept_maps;
  std::vector<StructureUse> uses;
  std::vector<Import> imports;
  std::vector<Constant> constants;
  std::vector<Group> groups;
};

}  // namespace bhi::mapping
