#include "fhirpath/ucum.h"

#include <algorithm>

namespace bhi::fhirpath {

namespace {

using fhir::Decimal;

enum Base : std::uint8_t { M, S, G, K, Cd, C, Rad, InternationalUnit, ArbitraryUnit, ColonyUnit, Months, None };
static_assert(None == Unit::kBases);

struct Part {
  Base base;
  std::int8_t power;
};

struct Atom {
  std::string_view code;
  bool metric;              // takes prefixes
  std::string_view factor;  // in base units
  std::array<Part, 4> parts;
};

constexpr Part kNo{None, 0};

// https://ucum.org/ucum#section-Tables-of-Terminal-Symbols
constexpr std::array kAtoms = std::to_array<Atom>({
    {"%", false, "0.01", {kNo, kNo, kNo, kNo}},
    {"A", true, "1", {Part{C, 1}, Part{S, -1}, kNo, kNo}},
    {"Bq", true, "1", {Part{S, -1}, kNo, kNo, kNo}},
    {"C", true, "1", {Part{C, 1}, kNo, kNo, kNo}},
    {"Gy", true, "1", {Part{M, 2}, Part{S, -2}, kNo, kNo}},
    {"Hz", true, "1", {Part{S, -1}, kNo, kNo, kNo}},
    {"J", true, "1000", {Part{G, 1}, Part{M, 2}, Part{S, -2}, kNo}},
    {"K", true, "1", {Part{K, 1}, kNo, kNo, kNo}},
    {"L", true, "0.001", {Part{M, 3}, kNo, kNo, kNo}},
    {"N", true, "1000", {Part{G, 1}, Part{M, 1}, Part{S, -2}, kNo}},
    {"Pa", true, "1000", {Part{G, 1}, Part{M, -1}, Part{S, -2}, kNo}},
    {"Sv", true, "1", {Part{M, 2}, Part{S, -2}, kNo, kNo}},
    {"U", true, "10036894500000000", {Part{S, -1}, kNo, kNo, kNo}},
    {"V", true, "1000", {Part{G, 1}, Part{M, 2}, Part{S, -2}, Part{C, -1}}},
    {"W", true, "1000", {Part{G, 1}, Part{M, 2}, Part{S, -3}, kNo}},
    {"[CFU]", false, "1", {Part{ColonyUnit, 1}, kNo, kNo, kNo}},
    {"[Cal]", false, "4184000", {Part{G, 1}, Part{M, 2}, Part{S, -2}, kNo}},
    {"[IU]", true, "1", {Part{InternationalUnit, 1}, kNo, kNo, kNo}},
    {"[arb'U]", false, "1", {Part{ArbitraryUnit, 1}, kNo, kNo, kNo}},
    {"[cup_us]", false, "0.0002365882365", {Part{M, 3}, kNo, kNo, kNo}},
    {"[drp]", false, "0.00000005", {Part{M, 3}, kNo, kNo, kNo}},
    {"[foz_us]", false, "0.0000295735295625", {Part{M, 3}, kNo, kNo, kNo}},
    {"[ft_i]", false, "0.3048", {Part{M, 1}, kNo, kNo, kNo}},
    {"[gal_us]", false, "0.003785411784", {Part{M, 3}, kNo, kNo, kNo}},
    {"[gr]", false, "0.06479891", {Part{G, 1}, kNo, kNo, kNo}},
    {"[iU]", true, "1", {Part{InternationalUnit, 1}, kNo, kNo, kNo}},
    {"[in_i'Hg]", false, "3386378.8", {Part{G, 1}, Part{M, -1}, Part{S, -2}, kNo}},
    {"[in_i]", false, "0.0254", {Part{M, 1}, kNo, kNo, kNo}},
    {"[lb_av]", false, "453.59237", {Part{G, 1}, kNo, kNo, kNo}},
    {"[mi_i]", false, "1609.344", {Part{M, 1}, kNo, kNo, kNo}},
    {"[oz_av]", false, "28.349523125", {Part{G, 1}, kNo, kNo, kNo}},
    {"[ppb]", false, "0.000000001", {kNo, kNo, kNo, kNo}},
    {"[ppm]", false, "0.000001", {kNo, kNo, kNo, kNo}},
    {"[pt_us]", false, "0.000473176473", {Part{M, 3}, kNo, kNo, kNo}},
    {"[qt_us]", false, "0.000946352946", {Part{M, 3}, kNo, kNo, kNo}},
    {"[tbs_us]", false, "0.00001478676478125", {Part{M, 3}, kNo, kNo, kNo}},
    {"[tsp_us]", false, "0.00000492892159375", {Part{M, 3}, kNo, kNo, kNo}},
    {"[yd_i]", false, "0.9144", {Part{M, 1}, kNo, kNo, kNo}},
    {"a", false, "31557600", {Part{S, 1}, kNo, kNo, kNo}},
    {"atm", false, "101325000", {Part{G, 1}, Part{M, -1}, Part{S, -2}, kNo}},
    {"bar", true, "100000000", {Part{G, 1}, Part{M, -1}, Part{S, -2}, kNo}},
    {"cal", true, "4184", {Part{G, 1}, Part{M, 2}, Part{S, -2}, kNo}},
    {"cd", true, "1", {Part{Cd, 1}, kNo, kNo, kNo}},
    {"d", false, "86400", {Part{S, 1}, kNo, kNo, kNo}},
    {"deg", false, "0.01745329251994329576923690768488613", {Part{Rad, 1}, kNo, kNo, kNo}},
    {"eq", true, "602213670000000000000000", {kNo, kNo, kNo, kNo}},
    {"g", true, "1", {Part{G, 1}, kNo, kNo, kNo}},
    {"h", false, "3600", {Part{S, 1}, kNo, kNo, kNo}},
    {"kat", true, "602213670000000000000000", {Part{S, -1}, kNo, kNo, kNo}},
    {"l", true, "0.001", {Part{M, 3}, kNo, kNo, kNo}},
    {"m", true, "1", {Part{M, 1}, kNo, kNo, kNo}},
    {"m[H2O]", true, "9806650", {Part{G, 1}, Part{M, -1}, Part{S, -2}, kNo}},
    {"m[Hg]", true, "133322000", {Part{G, 1}, Part{M, -1}, Part{S, -2}, kNo}},
    {"min", false, "60", {Part{S, 1}, kNo, kNo, kNo}},
    {"mo", false, "2629800", {Part{S, 1}, kNo, kNo, kNo}},
    {"mol", true, "602213670000000000000000", {kNo, kNo, kNo, kNo}},
    {"osm", true, "602213670000000000000000", {kNo, kNo, kNo, kNo}},
    {"rad", true, "1", {Part{Rad, 1}, kNo, kNo, kNo}},
    {"s", true, "1", {Part{S, 1}, kNo, kNo, kNo}},
    {"t", true, "1000000", {Part{G, 1}, kNo, kNo, kNo}},
    {"u", true, "0.0000000000000000000000016605402", {Part{G, 1}, kNo, kNo, kNo}},
    {"wk", false, "604800", {Part{S, 1}, kNo, kNo, kNo}},
});
static_assert(std::ranges::is_sorted(kAtoms, {}, &Atom::code));

// https://ucum.org/ucum#section-Special-Units-on-non-ratio-Scales
struct Temperature {
  std::string_view code;
  std::string_view offset;
  std::int64_t numerator;  // of its degree in kelvin
  std::int64_t denominator;
};
constexpr std::array kTemperatures = std::to_array<Temperature>({{"Cel", "273.15", 1, 1}, {"[degF]", "459.67", 5, 9}});

struct Prefix {
  std::string_view code;
  std::string_view factor;
};
constexpr std::array kPrefixes = std::to_array<Prefix>({
    {"da", "10"},
    {"G", "1e9"},
    {"M", "1e6"},
    {"T", "1e12"},
    {"c", "0.01"},
    {"d", "0.1"},
    {"f", "1e-15"},
    {"h", "100"},
    {"k", "1000"},
    {"m", "0.001"},
    {"n", "1e-9"},
    {"p", "1e-12"},
    {"u", "0.000001"},
});

struct Word {
  std::string_view singular;
  std::string_view factor;
  Base base;
};
constexpr std::array kCalendar = std::to_array<Word>({
    {"year", "12", Months},
    {"month", "1", Months},
    {"week", "604800", S},
    {"day", "86400", S},
    {"hour", "3600", S},
    {"minute", "60", S},
    {"second", "1", S},
    {"millisecond", "0.001", S},
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<Unit> temperature(std::string_view code) {
  const auto found = std::ranges::find(kTemperatures, code, &Temperature::code);
  const auto offset = found == kTemperatures.end() ? std::nullopt : Decimal::parse(found->offset);
  if (!offset) return std::nullopt;
  Unit unit;
  unit.offset = *offset;
  unit.numerator = found->numerator;
  unit.denominator = found->denominator;
  unit.powers[K] = 1;
  return unit;
}

// Factor and powers of `unit` raised to `power`, multiplied into `into`. False: out of range.
bool multiply_in(Unit& into, const Unit& unit, int power) {
  const bool below = power < 0;
  for (int i = 0; i < std::abs(power); ++i) {
    const auto numerator = multiply(into.numerator, below ? unit.denominator : unit.numerator);
    const auto denominator = multiply(into.denominator, below ? unit.numerator : unit.denominator);
    if (!numerator || !denominator) return false;
    into.numerator = *numerator;
    into.denominator = *denominator;
    for (std::size_t base = 0; base < Unit::kBases; ++base) {
      const int sum = into.powers[base] + (below ? -unit.powers[base] : unit.powers[base]);
      if (sum < -100 || sum > 100) return false;
      into.powers[base] = static_cast<std::int8_t>(sum);
    }
  }
  return true;
}

std::optional<Unit> unit_of_atom(const Atom& atom, std::string_view prefix_factor) {
  const auto factor = Decimal::parse(atom.factor);
  const auto prefix = Decimal::parse(prefix_factor);
  if (!factor || !prefix) return std::nullopt;
  const auto whole = multiply(*factor, *prefix);
  if (!whole) return std::nullopt;
  Unit unit;
  unit.numerator = *whole;
  for (const Part& part : atom.parts) {
    if (part.base != None) unit.powers[part.base] = part.power;
  }
  return unit;
}

const Atom* find_atom(std::string_view code) {
  const auto found = std::ranges::lower_bound(kAtoms, code, {}, &Atom::code);
  return found != kAtoms.end() && found->code == code ? &*found : nullptr;
}

std::optional<Unit> find_unit(std::string_view code) {
  if (const Atom* atom = find_atom(code)) return unit_of_atom(*atom, "1");
  for (const Prefix& prefix : kPrefixes) {
    if (!code.starts_with(prefix.code)) continue;
    const Atom* atom = find_atom(code.substr(prefix.code.size()));
    if (atom != nullptr && atom->metric) return unit_of_atom(*atom, prefix.factor);
  }
  return std::nullopt;
}

// https://ucum.org/ucum#section-Grammar-of-Units-and-Unit-Terms
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Unit> whole() {
    const auto unit = term(0);
    return at_ == text_.size() ? unit : std::nullopt;
  }

 private:
  char ahead() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::optional<Unit> term(int depth) {
    if (depth > 8) return std::nullopt;
    Unit all;
    int sign = 1;
    if (ahead() == '/') {
      ++at_;
      sign = -1;
    }
    for (;;) {
      const auto part = component(depth);
      if (!part || !multiply_in(all, *part, sign)) return std::nullopt;
      if (ahead() != '.' && ahead() != '/') return all;
      sign = ahead() == '/' ? -1 : 1;
      ++at_;
    }
  }

  std::optional<Unit> component(int depth) {
    if (ahead() == '(') {
      ++at_;
      const auto inner = term(depth + 1);
      if (ahead() != ')') return std::nullopt;
      ++at_;
      return inner;
    }
    if (ahead() == '{') return skip_annotation() ? std::optional<Unit>(Unit{}) : std::nullopt;
    const auto unit = simple();
    if (!unit) return std::nullopt;
    if (ahead() == '{' && !skip_annotation()) return std::nullopt;
    return unit;
  }

  bool skip_annotation() {
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return false;
    at_ = close + 1;
    return true;
  }

  // 10*3, 10^3, a number, or an atom with its power: cm2, s-1.
  std::optional<Unit> simple() {
    std::size_t end = at_;
    if (is_digit(ahead())) {
      while (end < text_.size() && is_digit(text_[end])) ++end;
      const std::string_view digits = text_.substr(at_, end - at_);
      at_ = end;
      Unit unit;
      const auto value = Decimal::parse(digits);
      if (!value || value->is_zero()) return std::nullopt;
      unit.numerator = *value;
      if (digits != "10" || (ahead() != '*' && ahead() != '^')) return unit;
      ++at_;
      return powered(unit);
    }
    bool in_brackets = false;
    while (end < text_.size() &&
           (in_brackets ||
            (!is_digit(text_[end]) && std::string_view("./(){}+-").find(text_[end]) == std::string_view::npos))) {
      if (text_[end] == '[') in_brackets = true;
      if (text_[end] == ']') in_brackets = false;
      ++end;
    }
    const auto unit = find_unit(text_.substr(at_, end - at_));
    at_ = end;
    return unit ? powered(*unit) : std::nullopt;
  }

  std::optional<Unit> powered(const Unit& unit) {
    int sign = 1;
    if (ahead() == '+' || ahead() == '-') {
      sign = ahead() == '-' ? -1 : 1;
      ++at_;
    }
    if (!is_digit(ahead())) return sign == 1 ? std::optional<Unit>(unit) : std::nullopt;
    int power = 0;
    while (is_digit(ahead()) && power < 100) power = power * 10 + (text_[at_++] - '0');
    Unit out;
    if (power > 30 || !multiply_in(out, unit, sign * power)) return std::nullopt;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Unit> parse_ucum(std::string_view text) {
  constexpr std::size_t kLongest = 128;
  if (text.empty()) return Unit{};
  if (text.size() > kLongest) return std::nullopt;
  if (const auto special = temperature(text.substr(0, text.find('{')));
      special && (text.find('{') == std::string_view::npos || text.find('}') == text.size() - 1)) {
    return special;
  }
  return Reader(text).whole();
}

std::optional<Unit> calendar_unit(std::string_view word) {
  if (word.ends_with('s')) word.remove_suffix(1);
  const auto found = std::ranges::find(kCalendar, word, &Word::singular);
  if (found == kCalendar.end()) return std::nullopt;
  Unit unit;
  unit.numerator = Decimal::parse(found->factor).value_or(Decimal(1));
  unit.powers[found->base] = 1;
  return unit;
}

}  // namespace bhi::fhirpath
