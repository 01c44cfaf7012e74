// Decimals that keep their digits: 1.50 stays 1.50, and 0.1 + 0.2 is 0.3.
// https://hl7.org/fhir/R4/datatypes.html#decimal
//
// A whole number of up to 38 digits and the count of digits behind the point. Sums, differences and products are exact
// as long as 38 digits suffice, then rounded to what fits; quotients have 28 significant digits unless they end before.
// What no longer fits before the point is no value: every operation that may overflow gives an optional.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::fhir {

__extension__ using Int128 = __int128;

class Decimal {
 public:
  static constexpr int kMaxDigits = 38;
  static constexpr int kMaxScale = 60;  // digits behind the point: 0.000...1
  static constexpr int kQuotientDigits = 28;

  constexpr Decimal() = default;
  constexpr Decimal(std::int64_t whole) : digits_(whole) {}  // NOLINT: an integer is a decimal

  // -?[0-9]+(.[0-9]+)?([eE][+-]?[0-9]+)? and a leading '+'; leading zeros are read. "1e2" is 100, "1.0e1" is 10. Empty
  // when the text is something else or has more than 38 digits.
  static std::optional<Decimal> parse(std::string_view text);
  // The shortest digits that give this double back; empty for NaN, infinities and what does not fit.
  static std::optional<Decimal> from_double(double value);

  // Every digit behind the point is printed: "1.50", "-0.007", "100".
  std::string to_text() const;
  double to_double() const;
  // The value when it is whole and fits, whatever its scale: of 3 and 3.0, not of 3.1.
  std::optional<std::int64_t> to_int64() const;

  int scale() const { return scale_; }  // digits behind the point, as written
  bool is_zero() const { return digits_ == 0; }
  bool is_negative() const { return digits_ < 0; }
  bool is_whole() const;  // no digit but zero behind the point

  // By value: 1.0 == 1.00.
  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

  Decimal operator-() const;
  Decimal abs() const { return is_negative() ? -*this : *this; }

  friend std::optional<Decimal> add(const Decimal& a, const Decimal& b);
  friend std::optional<Decimal> subtract(const Decimal& a, const Decimal& b) { return add(a, -b); }
  friend std::optional<Decimal> multiply(const Decimal& a, const Decimal& b);
  // Empty also for a divisor of zero, in all three; the whole quotient and the remainder are exact or empty.
  friend std::optional<Decimal> divide(const Decimal& a, const Decimal& b);
  friend std::optional<Decimal> divide_whole(const Decimal& a, const Decimal& b);  // towards zero: FHIRPath div
  friend std::optional<Decimal> remainder(const Decimal& a, const Decimal& b);     // sign of the dividend: FHIRPath mod

  // To so many digits behind the point; halves go away from zero (1.5 -> 2, -1.5 -> -2). Never adds digits.
  Decimal round(int places) const;
  Decimal truncate() const;
  Decimal floor() const;
  Decimal ceiling() const;
  // The same value without zeros at the end of its fraction: 1.50 -> 1.5.
  Decimal trimmed() const;

 private:
  constexpr Decimal(Int128 digits, int scale) : digits_(digits), scale_(scale) {}
  static std::optional<Decimal> fitted(Int128 digits, int scale);

  Int128 digits_ = 0;  // |digits_| < 10^38
  int scale_ = 0;      // 0 .. kMaxScale
};

}  // namespace bhi::fhir
