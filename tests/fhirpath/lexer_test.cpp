#include "fhirpath/lexer.h"

#include <gtest/gtest.h>

#include <vector>

namespace bhi::fhirpath {
namespace {

std::vector<std::string> texts(std::string_view text, Dialect dialect = Dialect::FhirPath) {
  Lexer lexer(text, dialect);
  std::vector<std::string> out;
  while (lexer.peek().kind != TokenKind::End && lexer.peek().kind != TokenKind::Invalid) {
    out.emplace_back(lexer.take().text);
  }
  if (lexer.peek().kind == TokenKind::Invalid) out.emplace_back("INVALID");
  return out;
}

TokenKind kind_of(std::string_view text, Dialect dialect = Dialect::FhirPath) {
  Lexer lexer(text, dialect);
  return lexer.peek().kind;
}

using Words = std::vector<std::string>;

TEST(Lexer, TakesPathsApart) {
  EXPECT_EQ(texts("a.b('x', 1.5)[0]"), (Words{"a", ".", "b", "(", "x", ",", "1.5", ")", "[", "0", "]"}));
  EXPECT_EQ(texts("a<=b!~c>=d"), (Words{"a", "<=", "b", "!~", "c", ">=", "d"}));
  EXPECT_EQ(texts("1.toString()"), (Words{"1", ".", "toString", "(", ")"}));
  EXPECT_EQ(texts("`given name`.%`vs-x`.%us"), (Words{"given name", ".", "vs-x", ".", "us"}));
}

TEST(Lexer, KnowsDatesAndTimesByTheirShape) {
  EXPECT_EQ(kind_of("@2015-02-04"), TokenKind::Date);
  EXPECT_EQ(kind_of("@2015T"), TokenKind::DateTime);
  EXPECT_EQ(kind_of("@2015-02-04T14:34:28.123+10:00"), TokenKind::DateTime);
  EXPECT_EQ(kind_of("@T14:34"), TokenKind::Time);
  EXPECT_EQ(texts("@2015.is(Date)"), (Words{"2015", ".", "is", "(", "Date", ")"}));
  EXPECT_EQ(texts("@T14:34:28Z"), (Words{"T14:34:28", "Z"}));
  EXPECT_EQ(kind_of("@nothing"), TokenKind::Invalid);
}

TEST(Lexer, SkipsCommentsAndNoticesOneWithoutEnd) {
  EXPECT_EQ(texts("1 // one\n+ /* two */ 2"), (Words{"1", "+", "2"}));
  EXPECT_EQ(texts("1 /* never"), (Words{"1", "INVALID"}));
}

TEST(Lexer, CountsLinesAndCodePoints) {
  Lexer lexer("'é' +\n  where", Dialect::FhirPath);
  lexer.take();
  EXPECT_EQ(lexer.peek().at.column, 5U);
  lexer.take();
  EXPECT_EQ(lexer.expected("')'").message, "2:3: expected ')', found 'where'");
}

TEST(Lexer, ReadsTheSymbolsOfMapsInTheirDialect) {
  EXPECT_EQ(texts("src.a : T 0..1 -> tgt <<types>> x::y;", Dialect::Mapping),
            (Words{"src", ".", "a", ":", "T", "0", "..", "1", "->", "tgt", "<<", "types", ">>", "x", "::", "y", ";"}));
  EXPECT_EQ(kind_of("/// url = 'x'", Dialect::Mapping), TokenKind::DocComment);
  EXPECT_EQ(kind_of("//// banner\n1", Dialect::Mapping), TokenKind::Integer);
  EXPECT_EQ(kind_of("/// url", Dialect::FhirPath), TokenKind::End);
}

TEST(Lexer, CanStandAnywhereAgain) {
  Lexer lexer("a b c d", Dialect::FhirPath);
  lexer.take();
  const Position at = lexer.peek().at;
  EXPECT_EQ(lexer.peek_second().text, "c");
  EXPECT_EQ(lexer.take().text, "b");
  EXPECT_EQ(lexer.take().text, "c");
  lexer.reset(at);
  EXPECT_EQ(lexer.take().text, "b");
}

TEST(Lexer, UndoesEscapes) {
  Lexer lexer(R"('it\'s \u0041\u00e9 \ud83d\ude00 \n')", Dialect::FhirPath);
  EXPECT_EQ(*unescape(lexer.take()), "it's Aé 😀 \n");
  for (const std::string_view wrong : {R"('\q')", R"('\u12')", R"('\ud83d')", R"('\ude00')"}) {
    Lexer other(wrong, Dialect::FhirPath);
    EXPECT_FALSE(unescape(other.take()).ok()) << wrong;
  }
}

}  // namespace
}  // namespace bhi::fhirpath
