#include "fhir/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace bhi::fhir {

namespace {

__extension__ using UInt128 = unsigned __int128;

constexpr std::array<Int128, Decimal::kMaxDigits + 1> kPowers = [] {
  std::array<Int128, Decimal::kMaxDigits + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();
constexpr Int128 kLimit = kPowers[Decimal::kMaxDigits];  // 10^38 < 2^127

constexpr Int128 power(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

UInt128 magnitude(Int128 value) { return static_cast<UInt128>(value < 0 ? -value : value); }

Int128 with_sign(UInt128 value, bool negative) {
  const auto positive = static_cast<Int128>(value);
  return negative ? -positive : positive;
}

// value * 10^places, empty when it has more than 38 digits.
std::optional<Int128> shifted(Int128 value, int places) {
  if (value == 0) return 0;
  if (places > Decimal::kMaxDigits || magnitude(value) >= magnitude(kLimit / power(places))) {
    if (places > Decimal::kMaxDigits || magnitude(value) > magnitude((kLimit - 1) / power(places))) return std::nullopt;
  }
  return value * power(places);
}

// Divides by 10^places, halves away from zero.
Int128 unshifted(Int128 value, int places) {
  if (places > Decimal::kMaxDigits) return 0;
  const Int128 divisor = power(places);
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  const bool up = magnitude(rest) >= magnitude(divisor) - magnitude(rest);
  return up && rest != 0 ? quotient + (value < 0 ? -1 : 1) : quotient;
}

int digit_count(Int128 value) {
  int count = 1;
  while (count <= Decimal::kMaxDigits - 1 && magnitude(value) >= magnitude(power(count))) ++count;
  return count;
}

// A product of two 128-bit numbers, as four words, the lowest first.
struct Product {
  std::array<std::uint64_t, 4> words{};

  Product(UInt128 a, UInt128 b) {
    const std::array<std::uint64_t, 2> x{static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(a >> 64)};
    const std::array<std::uint64_t, 2> y{static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(b >> 64)};
    for (std::size_t i = 0; i < 2; ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; j < 2; ++j) {
        const UInt128 sum = static_cast<UInt128>(x[i]) * y[j] + words[i + j] + carry;
        words[i + j] = static_cast<std::uint64_t>(sum);
        carry = static_cast<std::uint64_t>(sum >> 64);
      }
      words[i + 2] = carry;
    }
  }

  bool fits() const { return words[2] == 0 && words[3] == 0 && low() < magnitude(kLimit); }
  UInt128 low() const { return static_cast<UInt128>(words[1]) << 64 | words[0]; }

  unsigned divide_by_ten() {  // gives the digit that falls off
    UInt128 rest = 0;
    for (std::size_t i = 4; i-- > 0;) {
      const UInt128 part = rest << 64 | words[i];
      words[i] = static_cast<std::uint64_t>(part / 10);
      rest = part % 10;
    }
    return static_cast<unsigned>(rest);
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// The digits as they are when they fit; else without zeros at the end or, at last, rounded.
std::optional<Decimal> Decimal::fitted(Int128 digits, int scale) {
  if (scale < 0) {
    const auto whole = shifted(digits, -scale);
    return whole ? std::optional(Decimal(*whole, 0)) : std::nullopt;
  }
  while (scale > 0 && (magnitude(digits) >= magnitude(kLimit) || scale > kMaxScale)) {
    digits = unshifted(digits, 1);
    --scale;
  }
  if (magnitude(digits) >= magnitude(kLimit)) return std::nullopt;
  return Decimal(digits, scale);
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Int128 digits = 0;
  int scale = 0;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point && at > 0) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    if (digits > (kLimit - 1 - (text[at] - '0')) / 10 || scale >= kMaxScale) return std::nullopt;
    digits = digits * 10 + (text[at] - '0');
    scale += point ? 1 : 0;
  }
  if (at == 0 || !is_digit(text[at - 1])) return std::nullopt;
  text.remove_prefix(at);

  int exponent = 0;
  if (!text.empty()) {
    if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
    text.remove_prefix(1);
    const bool plus = text.starts_with('+');
    if (plus) text.remove_prefix(1);
    if (text.empty() || (plus && text.front() == '-') || (text.front() == '-' && text.size() == 1)) return std::nullopt;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (end != text.data() + text.size() || fault != std::errc{}) return std::nullopt;
    if (exponent < -2 * kMaxScale || exponent > 2 * kMaxScale)
      return digits == 0 ? std::optional(Decimal()) : std::nullopt;
  }
  if (negative) digits = -digits;
  if (scale - exponent > kMaxScale) return std::nullopt;  // would lose digits
  return fitted(digits, scale - exponent);
}

std::optional<Decimal> Decimal::from_double(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  char text[64];
  const auto written = std::to_chars(text, text + sizeof text, value);
  return parse(std::string_view(text, static_cast<std::size_t>(written.ptr - text)));
}

std::string Decimal::to_text() const {
  std::string text;
  for (UInt128 rest = magnitude(digits_); rest != 0; rest /= 10)
    text += static_cast<char>('0' + static_cast<int>(rest % 10));
  const auto places = static_cast<std::size_t>(scale_);
  if (text.size() <= places) text.append(places + 1 - text.size(), '0');
  if (digits_ < 0) text += '-';
  std::ranges::reverse(text);
  if (places > 0) text.insert(text.size() - places, 1, '.');
  return text;
}

double Decimal::to_double() const {
  const std::string text = to_text();
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<std::int64_t> Decimal::to_int64() const {
  const Decimal whole = trimmed();
  if (whole.scale_ != 0 || whole.digits_ > INT64_MAX || whole.digits_ < INT64_MIN) return std::nullopt;
  return static_cast<std::int64_t>(whole.digits_);
}

bool Decimal::is_whole() const { return trimmed().scale_ == 0; }

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const int common = std::max(scale_, other.scale_);
  const auto mine = shifted(digits_, common - scale_);
  const auto theirs = shifted(other.digits_, common - other.scale_);
  // Only one of them is shifted, and what overflows is farther from zero than what does not.
  if (!mine) return digits_ < 0 ? std::strong_ordering::less : std::strong_ordering::greater;
  if (!theirs) return other.digits_ < 0 ? std::strong_ordering::greater : std::strong_ordering::less;
  return *mine <=> *theirs;
}

Decimal Decimal::operator-() const { return Decimal(-digits_, scale_); }

std::optional<Decimal> add(const Decimal& a, const Decimal& b) {
  Decimal x = a;
  Decimal y = b;
  if (x.scale_ > y.scale_) std::swap(x, y);
  auto wide = shifted(x.digits_, y.scale_ - x.scale_);
  if (!wide) {  // more digits than fit: give up zeros first, then the last places of the finer one
    y = y.trimmed();
    const int room = Decimal::kMaxDigits - digit_count(x.digits_);
    if (y.scale_ > x.scale_ + room) y = y.round(x.scale_ + room);
    if (x.scale_ > y.scale_) std::swap(x, y);
    wide = shifted(x.digits_, y.scale_ - x.scale_);
    if (!wide) return std::nullopt;
  }
  Int128 sum = 0;
  if (!__builtin_add_overflow(*wide, y.digits_, &sum)) return Decimal::fitted(sum, y.scale_);
  if (y.scale_ == 0) return std::nullopt;
  return Decimal::fitted(unshifted(*wide, 1) + unshifted(y.digits_, 1), y.scale_ - 1);
}

std::optional<Decimal> multiply(const Decimal& a, const Decimal& b) {
  Product product(magnitude(a.digits_), magnitude(b.digits_));
  int scale = a.scale_ + b.scale_;
  unsigned dropped = 0;
  while (scale > 0 && (!product.fits() || scale > Decimal::kMaxScale)) {
    dropped = product.divide_by_ten();
    --scale;
  }
  if (!product.fits()) return std::nullopt;
  const UInt128 digits = product.low() + (dropped >= 5 ? 1u : 0u);
  return Decimal::fitted(with_sign(digits, (a.digits_ < 0) != (b.digits_ < 0)), scale);
}

// Long division, one digit after the other, until it ends or 28 significant digits are there.
std::optional<Decimal> divide(const Decimal& a, const Decimal& b) {
  if (b.is_zero()) return std::nullopt;
  const bool negative = a.is_negative() != b.is_negative();
  const Decimal x = a.trimmed();
  const Decimal y = b.trimmed();
  UInt128 divisor = magnitude(y.digits_);
  UInt128 rest = magnitude(x.digits_);
  int scale = x.scale_ - y.scale_;
  constexpr UInt128 kRoom = ~UInt128{0} / 10;
  while (divisor > kRoom) {  // a divisor of 38 digits: its last one does not count in 28
    divisor /= 10;
    ++scale;
  }
  UInt128 quotient = rest / divisor;
  rest %= divisor;
  while (rest != 0 && (quotient < magnitude(power(Decimal::kQuotientDigits - 1))) && scale < Decimal::kMaxScale) {
    rest *= 10;
    quotient = quotient * 10 + rest / divisor;
    rest %= divisor;
    ++scale;
  }
  if (rest >= divisor - rest) ++quotient;
  const auto result = Decimal::fitted(with_sign(quotient, negative), scale);
  return result ? std::optional(result->trimmed()) : std::nullopt;
}

std::optional<Decimal> divide_whole(const Decimal& a, const Decimal& b) {
  if (b.is_zero()) return std::nullopt;
  const int common = std::max(a.scale_, b.scale_);
  const auto x = shifted(a.digits_, common - a.scale_);
  const auto y = shifted(b.digits_, common - b.scale_);
  if (x && y) return Decimal(*x / *y, 0);
  if (!y) return Decimal(0);  // the divisor is far greater
  return std::nullopt;        // more digits than can be told exactly
}

std::optional<Decimal> remainder(const Decimal& a, const Decimal& b) {
  if (b.is_zero()) return std::nullopt;
  const int common = std::max(a.scale_, b.scale_);
  const auto x = shifted(a.digits_, common - a.scale_);
  const auto y = shifted(b.digits_, common - b.scale_);
  if (!y) return a;
  if (!x) return std::nullopt;
  return Decimal(*x % *y, common);
}

Decimal Decimal::round(int places) const {
  places = std::max(places, 0);
  return places >= scale_ ? *this : Decimal(unshifted(digits_, scale_ - places), places);
}

Decimal Decimal::truncate() const { return Decimal(scale_ > kMaxDigits ? 0 : digits_ / power(scale_), 0); }

Decimal Decimal::floor() const {
  const Decimal whole = truncate();
  return *this < whole ? Decimal(whole.digits_ - 1, 0) : whole;
}

Decimal Decimal::ceiling() const {
  const Decimal whole = truncate();
  return *this > whole ? Decimal(whole.digits_ + 1, 0) : whole;
}

Decimal Decimal::trimmed() const {
  Decimal trimmed = *this;
  while (trimmed.scale_ > 0 && trimmed.digits_ % 10 == 0) {
    trimmed.digits_ /= 10;
    --trimmed.scale_;
  }
  return trimmed;
}

}  // namespace bhi::fhir
