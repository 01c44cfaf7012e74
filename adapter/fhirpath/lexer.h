// Tokens of FHIRPath, and of the FHIR Mapping Language, which embeds it.
// https://hl7.org/fhirpath/#lexical-elements
//
// The lexer works on a text that outlives it, gives one token at a time and can be told to stand anywhere again, so
// the two parsers can hand over to each other in the middle of a file.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::fhirpath {

enum class TokenKind : std::uint8_t {
  End,
  Identifier,
  DelimitedIdentifier,
  String,
  DoubleQuotedString,
  Integer,
  Decimal,
  LongInteger,
  Date,
  DateTime,
  Time,
  EnvironmentVariable,  // %name, %`name`, %'name'; text is the name
  Keyword,              // $this $index $total
  Symbol,               // any operator or punctuation; text is it: "." "(" "<=" "->" "::" "<<" "..", ...
  DocComment,           // /// line of FML metadata; text is what follows the slashes
  Invalid,
};

struct Position {
  std::size_t offset = 0;
  std::uint32_t line = 1;    // from 1
  std::uint32_t column = 1;  // from 1, in code points
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;  // source text without quotes/backticks/%/@/L; escapes NOT yet undone (see unescape)
  Position at;
  std::size_t end = 0;  // offset behind the token

  bool is(std::string_view symbol_or_word) const {
    return (kind == TokenKind::Symbol || kind == TokenKind::Identifier) && text == symbol_or_word;
  }
};

enum class Dialect : std::uint8_t {
  FhirPath,
  Mapping,  // adds "->" "=>" "<<" ">>" "::" ".." "==" ";" ":" "#" "@" "?" "!" and "///" metadata lines
};

class Lexer {
 public:
  Lexer(std::string_view text, Dialect dialect) : text_(text), dialect_(dialect) {}

  const Token& peek();         // the next token, not taken
  const Token& peek_second();  // the one after it
  Token take();
  void reset(const Position& to);  // stand there again
  std::string_view text() const { return text_; }

  // Error of kind Incorrect: "3:14: expected ')', found 'where'".
  Error expected(std::string_view what);

 private:
  Token scan();
  Token scan_quoted(TokenKind kind, std::size_t prefix);
  Token scan_number();
  Token scan_date();
  Token scan_word(TokenKind kind, std::size_t prefix);
  Token scan_symbol();
  Token make(TokenKind kind, std::size_t length, std::size_t skip_front = 0, std::size_t skip_back = 0);
  void advance(std::size_t count);
  bool skip_blank();

  std::string_view text_;
  Dialect dialect_;
  Position at_;
  Token next_;
  Token second_;
  int ahead_ = 0;
};

// Escapes of string and delimited identifier undone (\' \" \` \\ \/ \f \n \r \t \uXXXX). Error: Incorrect.
Result<std::string> unescape(const Token& token);

}  // namespace bhi::fhirpath
