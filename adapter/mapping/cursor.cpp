#include "mapping/cursor.h"

#include "fhirpath/ast.h"
#include "fhirpath/parser.h"

#include <algorithm>
#include <charconv>

namespace bhi::mapping {

namespace {

using fhirpath::Token;
using fhirpath::TokenKind;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// Moves `text` behind the comment that it begins with, and gives what the comment says.
std::string take_comment(std::string_view& text) {
  if (text.starts_with("//")) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size());
    std::string_view said = line.substr(std::min(line.find_first_not_of('/'), line.size()));
    if (said.starts_with(' ')) said.remove_prefix(1);
    return std::string(said);
  }
  const std::size_t end = std::min(text.find("*/", 2), text.size());
  std::string_view inside = text.substr(2, end - 2);
  text.remove_prefix(std::min(end + 2, text.size()));
  std::string said;
  while (!inside.empty()) {
    std::string_view line = inside.substr(0, inside.find('\n'));
    inside.remove_prefix(std::min(line.size() + 1, inside.size()));
    line = trimmed(line);
    while (line.starts_with('*')) line.remove_prefix(1);
    said += (said.empty() ? "" : "\n") + std::string(trimmed(line));
  }
  return said;
}

// "(a = b)" with the parentheses around all of it taken away.
ExpressionText without_parentheses(ExpressionText read) {
  fhirpath::Lexer lexer(read.text, fhirpath::Dialect::Mapping);
  lexer.reset({0, read.at.line, read.at.column});
  if (!lexer.peek().is("(")) return read;
  const Token open = lexer.take();
  const fhirpath::Position first = lexer.peek().at;
  std::size_t depth = 1;
  Token token = open;
  while (depth > 0) {
    token = lexer.take();
    if (token.kind == TokenKind::End) return read;
    if (token.kind != TokenKind::Symbol) continue;
    if (token.text == "(") ++depth;
    if (token.text == ")") --depth;
  }
  if (lexer.peek().kind != TokenKind::End) return read;
  const std::string_view inside = std::string_view(read.text).substr(first.offset, token.at.offset - first.offset);
  return {std::string(trimmed(inside)), first};
}

}  // namespace

std::string clean_lines(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (!clean.empty() || !line.empty()) clean += std::string(line) + "\n";
  }
  clean.erase(clean.find_last_not_of('\n') + 1);
  return clean;
}

std::string comment_text(std::string_view text) {
  std::string comment = "/* " + std::string(text);
  for (std::size_t at = comment.find("*/"); at != std::string::npos; at = comment.find("*/", at))
    comment.insert(at + 1, " ");
  comment += " */";
  std::string_view rest = comment;
  return clean_lines(take_comment(rest));
}

const Token& Cursor::peek() {
  while (lexer_.peek().kind == TokenKind::DocComment) lexer_.take();
  return lexer_.peek();
}

Token Cursor::take() {
  peek();
  taken_ = lexer_.peek().end;
  return lexer_.take();
}

bool Cursor::at_name() {
  const TokenKind kind = peek().kind;
  return kind == TokenKind::Identifier || kind == TokenKind::DelimitedIdentifier;
}

bool Cursor::at_text() {
  const TokenKind kind = peek().kind;
  return kind == TokenKind::String || kind == TokenKind::DoubleQuotedString;
}

bool Cursor::take_if(std::string_view symbol_or_word) {
  if (!at(symbol_or_word)) return false;
  take();
  return true;
}

Result<void> Cursor::expect(std::string_view symbol_or_word) {
  if (take_if(symbol_or_word)) return {};
  return expected("'" + std::string(symbol_or_word) + "'");
}

Result<std::string> Cursor::name(std::string_view what) {
  if (!at_name()) return expected(what);
  return fhirpath::unescape(take());
}

Result<std::string> Cursor::text(std::string_view what) {
  if (!at_text()) return expected(what);
  return fhirpath::unescape(take());
}

Result<std::string> Cursor::name_or_text(std::string_view what) { return at_text() ? text(what) : name(what); }

Result<std::uint32_t> Cursor::number(std::string_view what) {
  if (peek().kind != TokenKind::Integer) return expected(what);
  const std::string_view digits = peek().text;
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc{} || end != digits.data() + digits.size()) return expected(what);
  take();
  return value;
}

Result<std::vector<std::string>> Cursor::path(std::string_view what) {
  std::vector<std::string> parts;
  do {
    BHI_TRY(std::string part, name(what));
    parts.push_back(std::move(part));
  } while (take_if("."));
  return parts;
}

Result<ExpressionText> Cursor::expression() {
  const Place start = here();
  fhirpath::Ast scratch;  // only to find the end; names are resolved when the map is compiled
  BHI_TRY([[maybe_unused]] const auto root, fhirpath::parse_expression(lexer_, scratch));
  const std::size_t end = lexer_.peek().at.offset;
  return ExpressionText{std::string(trimmed(lexer_.text().substr(start.offset, end - start.offset))), start};
}

Result<ExpressionText> Cursor::enclosed_expression() {
  BHI_CHECK(expect("("));
  BHI_TRY(ExpressionText read, expression());
  BHI_CHECK(expect(")"));
  return read;
}

Result<ExpressionText> Cursor::clause_expression() {
  BHI_TRY(ExpressionText read, expression());
  return without_parentheses(std::move(read));
}

Token Cursor::take_metadata() {
  if (lexer_.peek().kind != TokenKind::DocComment) return {TokenKind::End, {}, lexer_.peek().at, 0};
  taken_ = lexer_.peek().end;
  return lexer_.take();
}

bool Cursor::take_until(const Token& token, std::string_view mark, std::string& text) {
  const std::string_view all = lexer_.text();
  const std::size_t found = all.find(mark, token.end);
  if (found == std::string_view::npos) return false;
  text = trimmed(all.substr(token.end, found - token.end));
  fhirpath::Position at{token.end, token.at.line, token.at.column};
  for (; at.offset < found + mark.size(); ++at.offset) {
    const char c = all[at.offset];
    at.column = c == '\n' ? 1 : at.column + ((static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0);
    if (c == '\n') ++at.line;
  }
  lexer_.reset(at);
  taken_ = at.offset;
  return true;
}

std::string Cursor::comments_before() {
  const std::size_t end = peek().at.offset;
  std::string said;
  if (taken_ >= end) return said;
  std::string_view gap = lexer_.text().substr(taken_, end - taken_);
  taken_ = end;
  while (!gap.empty()) {
    if (gap.front() == '/') {
      said += take_comment(gap) + "\n";
    } else {
      gap.remove_prefix(1);
    }
  }
  return clean_lines(said);
}

std::string Cursor::comment_behind() {
  std::string_view rest = lexer_.text().substr(taken_);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.starts_with("//") && !rest.starts_with("/*")) return {};
  const std::string said = take_comment(rest);
  taken_ = lexer_.text().size() - rest.size();
  return clean_lines(said);
}

}  // namespace bhi::mapping
