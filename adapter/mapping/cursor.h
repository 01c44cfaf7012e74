// Reading tokens of a map: what the parser of declarations and the parser of rules have in common.
#pragma once

#include "base/result.h"
#include "fhirpath/lexer.h"
#include "mapping/structure_map.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

// Documentation as it is kept: no blanks at the end of a line, no empty lines around it.
std::string clean_lines(std::string_view text);
// The same of what stands between /* and */, where blanks and stars before a line do not count either.
std::string comment_text(std::string_view text);

class Cursor {
 public:
  explicit Cursor(std::string_view text) : lexer_(text, fhirpath::Dialect::Mapping) {}

  const fhirpath::Token& peek();  // "///" lines inside the map are comments and passed over
  const fhirpath::Token& peek_second() { return peek(), lexer_.peek_second(); }
  fhirpath::Token take();
  Place here() { return peek().at; }

  bool at(std::string_view symbol_or_word) { return peek().is(symbol_or_word); }
  bool at_end() { return peek().kind == fhirpath::TokenKind::End; }
  bool at_name();  // identifier, plain or in backticks
  bool at_text();  // 'text' or "text"

  bool take_if(std::string_view symbol_or_word);
  Result<void> expect(std::string_view symbol_or_word);
  Result<std::string> name(std::string_view what);  // `what` for the message: "the name of a group"
  Result<std::string> text(std::string_view what);
  Result<std::string> name_or_text(std::string_view what);
  Result<std::uint32_t> number(std::string_view what);
  // a, a.b, a.b.c
  Result<std::vector<std::string>> path(std::string_view what);
  // One FHIRPath expression; the cursor then stands behind it.
  Result<ExpressionText> expression();
  // (expression): what is between the parentheses. An "as" behind them is the map's, not FHIRPath's.
  Result<ExpressionText> enclosed_expression();
  // (expression), or of old an expression alone. Parentheses around all of it are left out.
  Result<ExpressionText> clause_expression();

  // Offset behind the last token taken.
  std::size_t taken() const { return taken_; }

  Error expected(std::string_view what) { return peek(), lexer_.expected(what); }
  // A "///" line of the header; empty kind End when the next token is something else.
  fhirpath::Token take_metadata();
  // The text from behind `token` up to `mark`, which is passed over; false when there is none.
  bool take_until(const fhirpath::Token& token, std::string_view mark, std::string& text);

  // Comments are documentation. Each is given away once: those before the next token, and one behind the last token on
  // the same line. Without slashes and stars; lines are kept.
  std::string comments_before();
  std::string comment_behind();

 private:
  fhirpath::Lexer lexer_;
  std::size_t taken_ = 0;  // end of the last token, or of the last comment given away
};

}  // namespace bhi::mapping
