#include "mapping/cursor.h"

#include "fhirpath/ast.h"
#include "fhirpath/parser.h"

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

}  // namespace

const Token& Cursor::peek() {
  while (lexer_.peek().kind == TokenKind::DocComment) lexer_.take();
  return lexer_.peek();
}

Token Cursor::take() {
  peek();
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

Token Cursor::take_metadata() {
  if (lexer_.peek().kind != TokenKind::DocComment) return {TokenKind::End, {}, lexer_.peek().at, 0};
  return lexer_.take();
}

bool Cursor::take_until(const Token& token, std::string_view mark, std::string& text) {
  const std::string_view all = lexer_.text();
  const std::size_t found = all.find(mark, token.end);
  if (found == std::string_view::npos) return false;
  text = trimmed(all.substr(token.end, found - token.end));
  Place at{token.end, token.at.line, token.at.column};
  for (; at.offset < found + mark.size(); ++at.offset) {
    const char c = all[at.offset];
    at.column = c == '\n' ? 1 : at.column + ((static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0);
    if (c == '\n') ++at.line;
  }
  lexer_.reset(at);
  return true;
}

}  // namespace bhi::mapping
