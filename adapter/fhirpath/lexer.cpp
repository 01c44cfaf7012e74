#include "fhirpath/lexer.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

constexpr std::array<std::string_view, 4> kPairs = {"<=", ">=", "!=", "!~"};
constexpr std::array<std::string_view, 7> kMappingPairs = {"->", "=>", "<<", ">>", "::", "..", "=="};
constexpr std::string_view kSingles = ".()[]{},+-*/&|<>=~";
constexpr std::string_view kMappingSingles = ";:#@?!";
constexpr std::array<std::string_view, 3> kKeywords = {"$index", "$this", "$total"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

// Reads the shape of dates and times; each step moves `at` only when all of it is there.
struct Shape {
  std::string_view text;
  std::size_t at;

  char ahead(std::size_t more = 0) const { return at + more < text.size() ? text[at + more] : '\0'; }

  bool digits(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(ahead(i))) return false;
    }
    at += count;
    return true;
  }

  bool part(char before, std::size_t count) {
    if (ahead() != before) return false;
    ++at;
    if (digits(count)) return true;
    --at;
    return false;
  }

  bool time() {
    if (!digits(2)) return false;
    if (part(':', 2) && part(':', 2) && ahead() == '.' && is_digit(ahead(1))) {
      ++at;
      while (is_digit(ahead())) ++at;
    }
    return true;
  }

  void zone() {
    if (ahead() == 'Z') {
      ++at;
      return;
    }
    if (ahead() != '+' && ahead() != '-') return;
    const std::size_t before = at;
    ++at;
    if (!digits(2) || !part(':', 2)) at = before;
  }
};

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::End: return "the end";
    case TokenKind::String: return "a string";
    case TokenKind::DoubleQuotedString: return "a text in double quotes";
    case TokenKind::DocComment: return "a /// line";
    case TokenKind::EnvironmentVariable: return "'%" + std::string(token.text) + "'";
    case TokenKind::Invalid:
      if (token.text.starts_with("/*")) return "a comment without end";
      if (token.text.starts_with('\'') || token.text.starts_with('"') || token.text.starts_with('`')) {
        return "a quotation without end";
      }
      return "'" + std::string(token.text) + "', which is no part of the language";
    default: return "'" + std::string(token.text) + "'";
  }
}

std::string place(const Position& at) { return std::to_string(at.line) + ":" + std::to_string(at.column) + ": "; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits at `from`, or -1.
int hex4(std::string_view text, std::size_t from) {
  if (from + 4 > text.size()) return -1;
  int value = 0;
  for (std::size_t i = from; i < from + 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void append_utf8(std::string& to, std::uint32_t point) {
  const auto byte = [&to](std::uint32_t value) { to.push_back(static_cast<char>(value)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | (point >> 6));
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 0x3F));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

// \uXXXX at `at` (of the backslash), with a low surrogate behind a high one. Moves `at` to its last character.
bool append_unicode_escape(std::string& to, std::string_view text, std::size_t& at) {
  const int unit = hex4(text, at + 2);
  if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
  auto point = static_cast<std::uint32_t>(unit);
  at += 5;
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    const int low = at + 2 < text.size() && text[at + 1] == '\\' && text[at + 2] == 'u' ? hex4(text, at + 3) : -1;
    if (low < 0xDC00 || low > 0xDFFF) return false;
    point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
    at += 6;
  }
  append_utf8(to, point);
  return true;
}

}  // namespace

const Token& Lexer::peek() {
  if (ahead_ == 0) {
    next_ = scan();
    ahead_ = 1;
  }
  return next_;
}

const Token& Lexer::peek_second() {
  peek();
  if (ahead_ == 1) {
    second_ = scan();
    ahead_ = 2;
  }
  return second_;
}

Token Lexer::take() {
  Token taken = peek();
  if (ahead_ == 2) next_ = second_;
  --ahead_;
  return taken;
}

void Lexer::reset(const Position& to) {
  at_ = to;
  ahead_ = 0;
}

Error Lexer::expected(std::string_view what) {
  const Token& found = peek();
  return {Kind::Incorrect, place(found.at) + "expected " + std::string(what) + ", found " + describe(found)};
}

// Moves over `count` bytes and keeps line and column true.
void Lexer::advance(std::size_t count) {
  for (const std::size_t stop = at_.offset + count; at_.offset < stop; ++at_.offset) {
    const char c = text_[at_.offset];
    if (c == '\n') {
      ++at_.line;
      at_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++at_.column;
    }
  }
}

// White space and comments. False: a block comment never ends, the lexer stands at its start.
bool Lexer::skip_blank() {
  if (at_.offset == 0 && text_.starts_with("\xEF\xBB\xBF")) at_.offset = 3;
  while (at_.offset < text_.size()) {
    const std::string_view rest = text_.substr(at_.offset);
    if (is_space(rest.front())) {
      advance(1);
    } else if (rest.starts_with("//")) {
      if (dialect_ == Dialect::Mapping && rest.starts_with("///") && !rest.starts_with("////")) return true;
      advance(std::min(rest.find('\n'), rest.size()));
    } else if (rest.starts_with("/*")) {
      const std::size_t close = rest.find("*/", 2);
      if (close == std::string_view::npos) return false;
      advance(close + 2);
    } else {
      return true;
    }
  }
  return true;
}

Token Lexer::make(TokenKind kind, std::size_t length, std::size_t skip_front, std::size_t skip_back) {
  Token token{kind, text_.substr(at_.offset + skip_front, length - skip_front - skip_back), at_, at_.offset + length};
  advance(length);
  return token;
}

// A text between quotes; `prefix` bytes (the '%') stand before the opening quote.
Token Lexer::scan_quoted(TokenKind kind, std::size_t prefix) {
  const char quote = text_[at_.offset + prefix];
  for (std::size_t i = at_.offset + prefix + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      return make(kind, i + 1 - at_.offset, prefix + 1, 1);
    }
  }
  return make(TokenKind::Invalid, text_.size() - at_.offset, prefix, 0);
}

Token Lexer::scan_number() {
  std::size_t end = at_.offset;
  const auto skip_digits = [&] {
    while (end < text_.size() && is_digit(text_[end])) ++end;
  };
  skip_digits();
  TokenKind kind = TokenKind::Integer;
  if (end + 1 < text_.size() && text_[end] == '.' && is_digit(text_[end + 1])) {
    kind = TokenKind::Decimal;
    ++end;
    skip_digits();
  } else if (end < text_.size() && text_[end] == 'L' && (end + 1 == text_.size() || !is_name_part(text_[end + 1]))) {
    return make(TokenKind::LongInteger, end + 1 - at_.offset, 0, 1);
  }
  return make(kind, end - at_.offset);
}

// @2015, @2015-02-04, @2015-02T, @2015-02-04T14:34:28.123+10:00, @T14:34
Token Lexer::scan_date() {
  Shape shape{text_, at_.offset + 1};
  TokenKind kind = TokenKind::Date;
  if (shape.ahead() == 'T') {
    ++shape.at;
    if (!shape.time()) return make(TokenKind::Invalid, 1);
    kind = TokenKind::Time;
  } else {
    if (!shape.digits(4)) return make(dialect_ == Dialect::Mapping ? TokenKind::Symbol : TokenKind::Invalid, 1);
    if (shape.part('-', 2)) shape.part('-', 2);
    if (shape.ahead() == 'T') {
      ++shape.at;
      kind = TokenKind::DateTime;
      if (shape.time()) shape.zone();
    }
  }
  return make(kind, shape.at - at_.offset, 1);
}

Token Lexer::scan_word(TokenKind kind, std::size_t prefix) {
  std::size_t end = at_.offset + prefix;
  while (end < text_.size() && is_name_part(text_[end])) ++end;
  return make(kind, end - at_.offset, prefix);
}

Token Lexer::scan_symbol() {
  const std::string_view rest = text_.substr(at_.offset);
  const bool mapping = dialect_ == Dialect::Mapping;
  const auto fits = [&rest](std::string_view pair) { return rest.starts_with(pair); };
  if (std::ranges::any_of(kPairs, fits) || (mapping && std::ranges::any_of(kMappingPairs, fits))) {
    return make(TokenKind::Symbol, 2);
  }
  const char c = rest.front();
  if (kSingles.find(c) != std::string_view::npos || (mapping && kMappingSingles.find(c) != std::string_view::npos)) {
    return make(TokenKind::Symbol, 1);
  }
  std::size_t length = 1;  // one whole code point, so that messages stay valid UTF-8
  while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80) ++length;
  return make(TokenKind::Invalid, length);
}

Token Lexer::scan() {
  if (!skip_blank()) return make(TokenKind::Invalid, text_.size() - at_.offset);
  if (at_.offset >= text_.size()) return {TokenKind::End, {}, at_, at_.offset};
  const std::string_view rest = text_.substr(at_.offset);
  const char c = rest.front();
  const char second = rest.size() > 1 ? rest[1] : '\0';
  if (c == '/' && dialect_ == Dialect::Mapping && rest.starts_with("///")) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    return make(TokenKind::DocComment, length, 3, length > 3 && rest[length - 1] == '\r' ? 1 : 0);
  }
  if (is_name_start(c)) return scan_word(TokenKind::Identifier, 0);
  if (is_digit(c)) return scan_number();
  switch (c) {
    case '\'': return scan_quoted(TokenKind::String, 0);
    case '"': return scan_quoted(TokenKind::DoubleQuotedString, 0);
    case '`': return scan_quoted(TokenKind::DelimitedIdentifier, 0);
    case '@': return scan_date();
    case '%':
      if (second == '`' || second == '\'') return scan_quoted(TokenKind::EnvironmentVariable, 1);
      if (is_name_start(second)) return scan_word(TokenKind::EnvironmentVariable, 1);
      break;
    case '$': {
      std::size_t length = 1;
      while (length < rest.size() && is_name_part(rest[length])) ++length;
      const bool known = std::ranges::find(kKeywords, rest.substr(0, length)) != kKeywords.end();
      return make(known ? TokenKind::Keyword : TokenKind::Invalid, length);
    }
    default: break;
  }
  return scan_symbol();
}

Result<std::string> unescape(const Token& token) {
  std::string out;
  const std::string_view text = token.text;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    constexpr std::string_view kEscapes = "'\"`\\/fnrt";
    constexpr std::string_view kMeanings = "'\"`\\/\f\n\r\t";
    if (const std::size_t which = kEscapes.find(next); next != '\0' && which != std::string_view::npos) {
      out.push_back(kMeanings[which]);
      ++i;
    } else if (next != 'u' || !append_unicode_escape(out, text, i)) {
      return Error{
          Kind::Incorrect,
          place(token.at) + "expected an escape \\' \\\" \\` \\\\ \\/ \\f \\n \\r \\t or \\uXXXX, found another"};
    }
  }
  return out;
}

}  // namespace bhi::fhirpath
