#include "care/dose.h"

#include "care/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace bhi::care {

namespace {

using Words = std::vector<std::string>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Words and numbers: "50mg" is two, "1-2" is "1" "-" "2", "0.5" is one.
Words words_of(std::string_view text) {
  const std::string small = lower(text);
  Words words;
  for (std::size_t i = 0; i < small.size();) {
    const std::size_t start = i;
    if (is_digit(small[i])) {
      while (i < small.size() && (is_digit(small[i]) || ((small[i] == '.' || small[i] == ',') && i + 1 < small.size() &&
                                                         is_digit(small[i + 1])))) {
        ++i;
      }
      std::string number = small.substr(start, i - start);
      std::erase(number, ',');
      words.push_back(std::move(number));
    } else if (is_letter(small[i])) {
      while (i < small.size() && is_letter(small[i])) ++i;
      words.push_back(small.substr(start, i - start));
    } else {
      ++i;
      if (small[start] == '-' || small[start] == '/') words.emplace_back(1, small[start]);
    }
  }
  return words;
}

template <typename Value, std::size_t N>
std::optional<Value> in(const std::array<std::pair<std::string_view, Value>, N>& table, std::string_view word) {
  for (const auto& [name, value] : table) {
    if (name == word) return value;
  }
  return std::nullopt;
}

std::optional<double> number_of(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, double>, 9> kNumbers{{{"half", 0.5},
                                                                         {"one", 1},
                                                                         {"two", 2},
                                                                         {"three", 3},
                                                                         {"four", 4},
                                                                         {"five", 5},
                                                                         {"six", 6},
                                                                         {"eight", 8},
                                                                         {"a", 1}}};
  if (const auto number = in(kNumbers, word)) return number;
  return word.empty() || !is_digit(word.front()) ? std::nullopt : number_from(word);
}

struct Unit {
  std::string_view name;
  double factor;
};

std::optional<Unit> unit_of(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, Unit>, 28> kUnits{
      {{"mg", {"mg", 1}},         {"milligram", {"mg", 1}},   {"milligrams", {"mg", 1}}, {"mcg", {"mg", 0.001}},
       {"ug", {"mg", 0.001}},     {"g", {"mg", 1000}},        {"gm", {"mg", 1000}},      {"gram", {"mg", 1000}},
       {"grams", {"mg", 1000}},   {"ml", {"ml", 1}},          {"tablet", {"piece", 1}},  {"tablets", {"piece", 1}},
       {"tab", {"piece", 1}},     {"tabs", {"piece", 1}},     {"capsule", {"piece", 1}}, {"capsules", {"piece", 1}},
       {"cap", {"piece", 1}},     {"caps", {"piece", 1}},     {"pill", {"piece", 1}},    {"pills", {"piece", 1}},
       {"film", {"piece", 1}},    {"films", {"piece", 1}},    {"patch", {"piece", 1}},   {"patches", {"piece", 1}},
       {"lozenge", {"piece", 1}}, {"lozenges", {"piece", 1}}, {"t", {"piece", 1}},       {"po", {"", 0}}}};
  const auto unit = in(kUnits, word);
  return unit && unit->factor > 0 ? unit : std::nullopt;
}

bool has_any(const Words& words, std::span<const std::string_view> wanted) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return std::ranges::find(wanted, std::string_view(word)) != wanted.end();
  });
}

std::string_view at(const Words& words, std::size_t i) { return i < words.size() ? std::string_view(words[i]) : ""; }

bool is_day(std::string_view word) { return word == "day" || word == "daily" || word == "d"; }

// Times a day, said in so many words.
std::optional<double> stated_times(const Words& words) {
  constexpr std::array<std::pair<std::string_view, double>, 11> kShort{{{"bid", 2},
                                                                        {"tid", 3},
                                                                        {"qid", 4},
                                                                        {"qd", 1},
                                                                        {"qday", 1},
                                                                        {"qam", 1},
                                                                        {"qpm", 1},
                                                                        {"qhs", 1},
                                                                        {"qod", 0.5},
                                                                        {"nightly", 1},
                                                                        {"weekly", 1.0 / 7}}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (const auto times = in(kShort, word)) return times;
    if (word == "twice" || word == "once" || word == "thrice") {
      const double times = word == "once" ? 1 : word == "twice" ? 2 : 3;
      const bool article = at(words, i + 1) == "a" || at(words, i + 1) == "per" || at(words, i + 1) == "every";
      const std::string_view period = at(words, i + (article ? 2 : 1));
      if (is_day(period)) return times;
      if (period == "week" || period == "weekly") return times / 7;
    }
    if (word == "times" && i > 0 && number_of(words[i - 1])) {
      const bool article = at(words, i + 1) == "a" || at(words, i + 1) == "per";
      const std::string_view period = at(words, i + (article ? 2 : 1));
      if (is_day(period)) return number_of(words[i - 1]);
      if (period == "week" || period == "weekly") return *number_of(words[i - 1]) / 7;
    }
    if (word == "q" || word == "every") {
      if (at(words, i + 1) == "other" && at(words, i + 2) == "day") return 0.5;
      const auto number = number_of(at(words, i + 1));
      const std::string_view period = at(words, i + 2);
      if (number && *number > 0) {
        if (period == "h" || period == "hr" || period == "hrs" || period == "hours" || period == "hour") {
          return 24 / *number;
        }
        if (period == "days" || period == "day") return 1 / *number;
        if (period == "weeks" || period == "week" || period == "wk") return 1 / (7 * *number);
        return std::nullopt;  // "every 4-6 hours": not one frequency
      }
      if (at(words, i + 1) == "day" || at(words, i + 1) == "morning" || at(words, i + 1) == "evening" ||
          at(words, i + 1) == "night" || at(words, i + 1) == "bedtime") {
        return 1;
      }
      if (at(words, i + 1) == "week") return 1.0 / 7;
    }
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "daily" ||
        ((words[i] == "per" || words[i] == "a" || words[i] == "/") && at(words, i + 1) == "day")) {
      return 1;
    }
  }
  return std::nullopt;
}

bool is_time_of_day(std::string_view word) {
  constexpr std::array<std::string_view, 12> kTimes{"morning", "noon",      "midday", "afternoon", "evening", "night",
                                                    "bedtime", "breakfast", "lunch",  "dinner",    "supper",  "hs"};
  return std::ranges::find(kTimes, word) != kTimes.end();
}

struct Amount {
  double least = 0;
  double most = 0;
  std::string unit;
  std::size_t end = 0;  // first word after it
};

std::vector<Amount> amounts_in(const Words& words) {
  std::vector<Amount> amounts;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto first = number_of(words[i]);
    if (!first) continue;
    double least = *first;
    double most = *first;
    std::size_t next = i + 1;
    if (words[i] == "one" && at(words, next) == "half") {
      least = most = 0.5;
      ++next;
    } else if (at(words, next) == "and" && at(words, next + 1) == "a" && at(words, next + 2) == "half") {
      least = most = *first + 0.5;
      next += 3;
    } else if (at(words, next) == "/" && at(words, next + 1) == "2" && *first == 1) {
      least = most = 0.5;
      next += 2;
    } else if (at(words, next) == "-" || at(words, next) == "to" || at(words, next) == "or") {
      if (const auto second = number_of(at(words, next + 1)); second && *second >= *first) {
        most = *second;
        next += 2;
      }
    } else if (const auto unit = unit_of(at(words, next)); unit && at(words, next + 1) == "-") {
      if (const auto second = number_of(at(words, next + 2)); second && *second >= *first) {  // "25 mg - 50 mg"
        most = *second;
        next += 3;
      }
    }
    if (at(words, next) == "a" || at(words, next) == "of") ++next;  // "half a tablet"
    const auto unit = unit_of(at(words, next));
    if (!unit || at(words, next + 1) == "/") continue;  // "10 mg/kg" is no dose yet
    amounts.push_back({least * unit->factor, most * unit->factor, std::string(unit->name), next + 1});
    i = next;
  }
  return amounts;
}

bool follows_time_of_day(const Words& words, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < words.size(); ++i) {
    if (is_time_of_day(words[i])) return true;
  }
  return false;
}

// What limits a day is not what is taken.
Words without_limits(Words words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "max" || words[i] == "maximum" || words[i] == "exceed" || words[i] == "maximim") {
      words.resize(i);
      break;
    }
  }
  return words;
}

std::string unit_name(std::string_view unit, double& factor) {
  factor = 1;
  std::string word;
  for (const char c : lower(unit)) {
    if (is_letter(c)) word += c;
  }
  if (const auto known = unit_of(word)) {
    factor = known->factor;
    return std::string(known->name);
  }
  return word.empty() ? std::string(unit) : word;
}

std::optional<double> strength_of(const MedicationTherapy& therapy) {
  for (const Code& code : therapy.codes) {
    if (const auto strength = strength_mg(code.display)) return strength;
  }
  return strength_mg(therapy.text);
}

}  // namespace

std::optional<ReadDose> read_dose(std::string_view text) {
  constexpr std::array<std::string_view, 13> kSeveral{
      "then",       "taper",      "titrate",   "titration",   "increase", "increasing", "decrease",
      "decreasing", "escalation", "alternate", "alternating", "adjust",   "directed"};
  constexpr std::array<std::string_view, 2> kNeeded{"prn", "needed"};
  const Words words = without_limits(words_of(text));
  if (has_any(words, kSeveral)) return std::nullopt;
  ReadDose dose;
  dose.as_needed = has_any(words, kNeeded);
  dose.times_per_day = stated_times(words);
  const auto amounts = amounts_in(words);

  if (amounts.size() == 1) {
    dose.least = amounts[0].least;
    dose.most = amounts[0].most;
    dose.unit = amounts[0].unit;
    if (!dose.times_per_day) {
      const auto times = std::ranges::count_if(words, [](const std::string& w) { return is_time_of_day(w); });
      if (times > 0) dose.times_per_day = static_cast<double>(times);
    }
  } else if (amounts.size() > 1) {
    // "100mg (4ml)": the same said twice; else every amount needs its own time of day.
    if (amounts.size() == 2 && amounts[0].unit != amounts[1].unit && amounts[1].end - amounts[0].end <= 2) {
      dose.least = amounts[0].least;
      dose.most = amounts[0].most;
      dose.unit = amounts[0].unit;
    } else {
      double least = 0;
      double most = 0;
      for (std::size_t i = 0; i < amounts.size(); ++i) {
        const std::size_t to = i + 1 < amounts.size() ? amounts[i + 1].end - 1 : words.size();
        if (amounts[i].unit != amounts[0].unit || !follows_time_of_day(words, amounts[i].end, to)) return std::nullopt;
        least += amounts[i].least;
        most += amounts[i].most;
      }
      dose.least = least;
      dose.most = most;
      dose.unit = amounts[0].unit;
      dose.whole_day = true;
      dose.times_per_day = static_cast<double>(amounts.size());
    }
  }
  if (!dose.least && !dose.times_per_day && !dose.as_needed) return std::nullopt;
  return dose;
}

std::optional<double> strength_mg(std::string_view product) {
  const Words words = words_of(product);
  std::optional<double> strength;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const auto number = number_of(words[i]);
    const auto unit = unit_of(words[i + 1]);
    if (!number || !is_digit(words[i].front()) || !unit || unit->name != "mg") continue;
    if (at(words, i + 2) == "/" && !number_of(at(words, i + 3))) {
      const std::string_view per = at(words, i + 3);
      if (per == "ml" || per == "actuat" || per == "hr" || per == "h" || per == "unt" || per == "mg")
        return std::nullopt;
    }
    if (strength) return std::nullopt;                      // a combination
    if (i > 0 && words[i - 1] == "/") return std::nullopt;  // "5/500 mg"
    strength = *number * unit->factor;
  }
  return strength;
}

std::optional<Daily> daily_of(const MedicationTherapy& therapy) {
  const Dose& dose = therapy.dose;
  const auto text = read_dose(dose.text);
  if (dose.as_needed || (text && text->as_needed)) return std::nullopt;

  const auto as_mg = [&](double amount, std::string& unit) {
    if (unit != "piece") return amount;
    const auto strength = strength_of(therapy);
    if (!strength) return amount;
    unit = "mg";
    return amount * *strength;
  };
  const auto of_text = [&]() -> std::optional<Daily> {
    if (!text || !text->least || !text->times_per_day) return std::nullopt;
    const double times = text->whole_day ? 1 : *text->times_per_day;
    Daily daily{0, 0, text->unit, "text"};
    std::string unit = text->unit;
    daily.least = as_mg(*text->least * times, unit);
    unit = text->unit;
    daily.most = as_mg(*text->most * times, unit);
    daily.unit = unit;
    return daily;
  };
  const auto written = of_text();
  if (!dose.value && !dose.times_per_day) return written;

  std::optional<double> amount = dose.value;
  double factor = 1;
  std::string unit = unit_name(dose.unit, factor);
  if (amount) *amount *= factor;
  const auto times = dose.times_per_day ? dose.times_per_day : text ? text->times_per_day : std::nullopt;
  double most = amount.value_or(0);
  if (!amount && text && text->least && !text->whole_day) {
    amount = text->least;
    most = *text->most;
    unit = text->unit;
  }
  if (!amount || !times || unit.empty()) return written;
  Daily daily;
  std::string unit_of_most = unit;
  daily.least = as_mg(*amount * *times, unit);
  daily.most = as_mg(most * *times, unit_of_most);
  daily.unit = unit;
  daily.by = dose.value && dose.times_per_day ? "structure" : "structure and text";
  if (written && written->unit == daily.unit) {
    daily.contradicts = daily.most < written->least - 1e-6 || daily.least > written->most + 1e-6;
  }
  return daily;
}

}  // namespace bhi::care
