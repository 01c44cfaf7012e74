#include "mapping/structure_map.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

std::string_view first_step(const Metadata& entry) {
  return std::string_view(entry.path).substr(0, entry.path.find('.'));
}

// JSON has the values of one element together, FML lines may stand anywhere.
std::vector<Metadata> by_element(std::vector<Metadata> metadata) {
  std::ranges::stable_sort(metadata, {}, first_step);
  return metadata;
}

}  // namespace

using fhirpath::Lexer;
using fhirpath::Token;
using fhirpath::TokenKind;

std::string plain_expression(std::string_view text) {
  std::string plain;
  std::size_t end = 0;
  Lexer lexer(text, fhirpath::Dialect::Mapping);
  for (Token token = lexer.take(); token.kind != TokenKind::End; token = lexer.take()) {
    if (token.kind == TokenKind::Invalid) return std::string(text);
    if (token.kind == TokenKind::DocComment) continue;
    if (!plain.empty() && token.at.offset > end) plain += ' ';
    plain += text.substr(token.at.offset, token.end - token.at.offset);
    end = token.end;
  }
  return plain;
}

bool ExpressionText::operator==(const ExpressionText& other) const {
  return text == other.text || plain_expression(text) == plain_expression(other.text);
}

bool Parameter::operator==(const Parameter& other) const {
  if (kind != other.kind) return false;
  if (text == other.text) return true;
  return kind == Kind::Expression && plain_expression(text) == plain_expression(other.text);
}

// By hand: clang 16 fails on a defaulted comparison of a type that holds itself.
bool Rule::operator==(const Rule& other) const {
  return name == other.name && documentation == other.documentation && sources == other.sources &&
         targets == other.targets && simple_copy == other.simple_copy && dependents == other.dependents &&
         rules == other.rules;
}

std::string default_name(const Rule& rule) {
  if (rule.sources.empty()) return {};
  const RuleSource& first = rule.sources.front();
  return first.path.empty() ? first.context : first.path.back();
}

bool same_map(const StructureMap& a, const StructureMap& b) {
  return a.url == b.url && a.name == b.name && by_element(a.metadata) == by_element(b.metadata) &&
         a.concept_maps == b.concept_maps && a.uses == b.uses && a.imports == b.imports && a.constants == b.constants &&
         a.groups == b.groups;
}

}  // namespace bhi::mapping
