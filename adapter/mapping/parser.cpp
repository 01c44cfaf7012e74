#include "mapping/parser.h"

#include "fhir/text_scan.h"
#include "mapping/cursor.h"
#include "mapping/metadata.h"
#include "mapping/normal_form.h"
#include "mapping/rule_parser.h"
#include "mapping/words.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace bhi::mapping {

namespace {

using fhirpath::Token;
using fhirpath::TokenKind;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

// 'text' or "text" without quotes and escapes; anything else as it stands (true, 1.0, draft).
std::string metadata_value(std::string_view text) {
  fhirpath::Lexer lexer(text, fhirpath::Dialect::Mapping);
  const Token token = lexer.take();
  const bool quoted = token.kind == TokenKind::String || token.kind == TokenKind::DoubleQuotedString;
  if (!quoted) return std::string(text);
  const Result<std::string> value = fhirpath::unescape(token);
  return value ? *value : std::string(token.text);
}

// A relation may be two signs side by side.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTwoSigns = {
    {{"<", "-"}, {">", "-"}, {"-", "-"}}};

// The place of the first byte that is no UTF-8, or NUL.
std::optional<Place> unreadable_at(std::string_view text) {
  const std::size_t end = std::min({fhir::find_not_utf8(text), text.find('\0'), text.size()});
  if (end == text.size()) return std::nullopt;
  fhirpath::Position at{end, 1, 1};
  for (const char c : text.substr(0, end)) {
    at.column = c == '\n' ? 1 : at.column + ((static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0);
    if (c == '\n') ++at.line;
  }
  return at;
}

class Parser {
 public:
  Parser(std::string_view text, Reporter& reporter) : cursor_(text), reporter_(reporter) {}

  Result<StructureMap> map() {
    BHI_CHECK(metadata());
    while (!cursor_.at("group")) {
      if (cursor_.at_end()) return cursor_.expected("'group'");
      BHI_CHECK(declaration());
    }
    while (!cursor_.at_end()) BHI_CHECK(group());
    normalise(map_);
    return std::move(map_);
  }

 private:
  using Prefixes = std::map<std::string, std::string, std::less<>>;  // of code systems

  // /// name = 'value'
  Result<void> metadata() {
    for (Token line = cursor_.take_metadata(); line.kind == TokenKind::DocComment; line = cursor_.take_metadata()) {
      const std::size_t equals = line.text.find('=');
      if (equals == std::string_view::npos) continue;  // a comment that happens to have three slashes
      Metadata entry{std::string(trimmed(line.text.substr(0, equals))), {}};
      const std::string_view value = trimmed(line.text.substr(equals + 1));
      if (value.starts_with("\"\"\"")) {
        if (!cursor_.take_until(line, "\"\"\"", entry.value)) return cursor_.expected("\"\"\" at the end of the text");
      } else {
        entry.value = metadata_value(value);
      }
      const bool own_member = entry.path == "url" || entry.path == "name";
      if (!own_member && !is_metadata_path(entry.path)) continue;  // words, not metadata
      std::string* const own = entry.path == "url" ? &map_.url : entry.path == "name" ? &map_.name : nullptr;
      if (own == nullptr) {
        map_.metadata.push_back(std::move(entry));
      } else if (own->empty()) {
        *own = std::move(entry.value);
      }
    }
    return {};
  }

  Result<void> declaration() {
    const Place at = cursor_.here();
    if (cursor_.take_if("map")) {
      // What `map` says goes before what `///` said.
      BHI_TRY(map_.url, cursor_.text("the url of the map in quotes"));
      BHI_CHECK(cursor_.expect("="));
      BHI_TRY(map_.name, cursor_.name_or_text("the name of the map"));
      return metadata();
    }
    if (cursor_.at("uses")) return uses(at);
    if (cursor_.take_if("imports")) {
      BHI_TRY(std::string url, cursor_.text("the url of a map in quotes"));
      map_.imports.push_back({std::move(url), at});
      return {};
    }
    if (cursor_.take_if("let")) return constant(at);
    if (cursor_.at("conceptmap") || cursor_.at("conceptMap")) return concept_map(at);
    return cursor_.expected("'map', 'uses', 'imports', 'let', 'conceptmap' or 'group'");
  }

  // A comment on the same line, behind what was just read.
  void add_comment(std::string& documentation) {
    const std::string said = cursor_.comment_behind();
    if (!said.empty()) documentation += (documentation.empty() ? "" : "\n") + said;
  }

  Result<void> uses(const Place& at) {
    StructureUse use;
    use.at = at;
    use.documentation = cursor_.comments_before();
    cursor_.take();
    BHI_TRY(use.url, cursor_.text("the url of a structure in quotes"));
    if (cursor_.take_if("alias")) {
      BHI_TRY(use.alias, cursor_.name("an alias"));
    }
    BHI_CHECK(cursor_.expect("as"));
    const auto* mode = find_word(kModelModes, cursor_.peek().text);
    if (mode == nullptr) return cursor_.expected("'source', 'queried', 'target' or 'produced'");
    cursor_.take();
    use.mode = mode->second;
    add_comment(use.documentation);
    map_.uses.push_back(std::move(use));
    return {};
  }

  Result<void> constant(const Place& at) {
    Constant made;
    made.at = at;
    BHI_TRY(made.name, cursor_.name("the name of a constant"));
    BHI_CHECK(cursor_.expect("="));
    BHI_TRY(made.value, cursor_.expression());
    BHI_CHECK(cursor_.expect(";"));
    map_.constants.push_back(std::move(made));
    return {};
  }

  // conceptmap "id" { prefix s = "system"  prefix t = "system"  s:code - t:code }
  Result<void> concept_map(const Place& at) {
    cursor_.take();
    ConceptMapText made;
    made.at = at;
    BHI_TRY(made.id, cursor_.text("the id of the concept map in quotes"));
    if (made.id.starts_with('#')) made.id.erase(0, 1);
    BHI_CHECK(cursor_.expect("{"));
    Prefixes prefixes;
    while (cursor_.take_if("prefix")) {
      BHI_TRY(std::string prefix, cursor_.name("a prefix"));
      BHI_CHECK(cursor_.expect("="));
      BHI_TRY(prefixes[prefix], cursor_.text("the url of a code system in quotes"));
    }
    while (!cursor_.take_if("}")) {
      if (cursor_.take_if("unmapped")) {
        BHI_CHECK(unmapped(prefixes, made));
        continue;
      }
      CodeMapping mapping;
      BHI_CHECK(code(prefixes, mapping.source_system, mapping.source_code));
      BHI_TRY(mapping.relation, relation());
      if (mapping.relation != Relation::Unmatched) {
        BHI_CHECK(code(prefixes, mapping.target_system, mapping.target_code));
      }
      add_comment(mapping.comment);
      made.mappings.push_back(std::move(mapping));
    }
    map_.concept_maps.push_back(std::move(made));
    return {};
  }

  // unmapped for s = provided: codes of that system without a mapping stay as they are.
  Result<void> unmapped(const Prefixes& prefixes, ConceptMapText& map) {
    Unmapped made;
    BHI_CHECK(cursor_.expect("for"));
    BHI_CHECK(prefix(prefixes, made.source_system));
    BHI_CHECK(cursor_.expect("="));
    BHI_CHECK(cursor_.expect("provided"));
    cursor_.take_if(";");
    map.unmapped.push_back(std::move(made));
    return {};
  }

  Result<Relation> relation() {
    std::string text(cursor_.peek().text);
    if (cursor_.peek().kind != TokenKind::Symbol) return cursor_.expected("'-' or '=='");
    const Place start = cursor_.here();
    cursor_.take();
    const Token& next = cursor_.peek();
    for (const auto& [first, second] : kTwoSigns) {
      if (text != first || !next.is(second) || next.at.offset != start.offset + 1) continue;
      text += second;
      cursor_.take();
      break;
    }
    if (const Relation* known = find_relation_by_sign(text)) return *known;
    return Error{Kind::Incorrect, std::to_string(start.line) + ":" + std::to_string(start.column) +
                                      ": expected '-' or another relation of codes, found '" + text + "'"};
  }

  Result<void> prefix(const Prefixes& prefixes, std::string& system) {
    const Place at = cursor_.here();
    BHI_TRY(const std::string name, cursor_.name("a prefix"));
    const auto found = prefixes.find(name);
    if (found == prefixes.end()) {
      return Error{Kind::Incorrect, std::to_string(at.line) + ":" + std::to_string(at.column) +
                                        ": expected a prefix of this concept map, found '" + name + "'"};
    }
    system = found->second;
    return {};
  }

  // s:code, s:"code"
  Result<void> code(const Prefixes& prefixes, std::string& system, std::string& value) {
    BHI_CHECK(prefix(prefixes, system));
    BHI_CHECK(cursor_.expect(":"));
    if (cursor_.peek().kind == TokenKind::Integer || cursor_.peek().kind == TokenKind::Decimal) {
      value = cursor_.take().text;
      return {};
    }
    BHI_TRY(value, cursor_.name_or_text("a code"));
    return {};
  }

  Result<void> group() {
    Group made;
    made.at = cursor_.here();
    made.documentation = cursor_.comments_before();
    BHI_CHECK(cursor_.expect("group"));
    BHI_TRY(made.name, cursor_.name("the name of the group"));
    reporter_.rule = made.name;
    BHI_CHECK(cursor_.expect("("));
    do {
      BHI_CHECK(parameter(made));
    } while (cursor_.take_if(","));
    BHI_CHECK(cursor_.expect(")"));
    if (cursor_.take_if("extends")) {
      BHI_TRY(made.extends, cursor_.name("the name of the extended group"));
    }
    if (cursor_.take_if("<<")) BHI_CHECK(type_mode(made));
    BHI_CHECK(parse_rules(cursor_, reporter_, made.rules, made.documentation));
    map_.groups.push_back(std::move(made));
    reporter_.rule.clear();
    return {};
  }

  Result<void> parameter(Group& group) {
    GroupParameter made;
    made.at = cursor_.here();
    if (cursor_.at("target")) {
      made.mode = ParameterMode::Target;
    } else if (!cursor_.at("source")) {
      return cursor_.expected("'source' or 'target'");
    }
    cursor_.take();
    BHI_TRY(made.name, cursor_.name("the name of a parameter"));
    if (cursor_.take_if(":")) {
      BHI_TRY(made.type, cursor_.name_or_text("the name of a type"));
    }
    add_comment(made.documentation);
    group.parameters.push_back(std::move(made));
    return {};
  }

  Result<void> type_mode(Group& group) {
    if (cursor_.take_if("types")) {
      group.type_mode = TypeMode::Types;
    } else if (cursor_.take_if("type")) {
      BHI_CHECK(cursor_.expect("+"));
      group.type_mode = TypeMode::TypeAndTypes;
    } else {
      return cursor_.expected("'types' or 'type+'");
    }
    return cursor_.expect(">>");
  }

  Cursor cursor_;
  Reporter& reporter_;
  StructureMap map_;
};

}  // namespace

std::optional<StructureMap> parse_fml(const MapText& text, std::vector<Diagnostic>& problems) {
  const std::size_t before = problems.size();
  Reporter reporter(text.file, problems);
  if (const auto bad = unreadable_at(text.text)) {
    reporter.error(*bad, "expected text in UTF-8 without NUL, found another byte");
    return std::nullopt;
  }
  Result<StructureMap> map = Parser(text.text, reporter).map();
  if (!map) reporter.error(Place{}, map.error());
  if (problems.size() != before) return std::nullopt;
  map->file = text.file;
  return std::move(map).value();
}

}  // namespace bhi::mapping
