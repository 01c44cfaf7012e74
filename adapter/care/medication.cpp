#include "care/medication.h"

#include "care/medication_table.h"
#include "care/text.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

namespace bhi::care {

namespace {

using Found = std::set<std::uint16_t>;

// Salts and forms of one medicine count as the same when code and text are compared.
std::string_view base_name(std::uint16_t ingredient) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSame{
      {{"lithium carbonate", "lithium"}, {"divalproex", "valproate"}, {"valproic acid", "valproate"}}};
  const std::string_view name = ingredients()[ingredient].name;
  const auto same = std::ranges::find(kSame, name, &std::pair<std::string_view, std::string_view>::first);
  return same == kSame.end() ? name : same->second;
}

struct ByCode {
  Found found;
  std::string weak;  // a code with a weak source that was used
};

ByCode find_by_code(const MedicationTherapy& therapy) {
  ByCode result;
  for (const Code& code : therapy.codes) {
    if (code.system != kRxNorm) continue;
    for (const DrugCode& row : std::ranges::equal_range(drug_codes(), code.code, {}, &DrugCode::rxcui)) {
      result.found.insert(row.ingredient);
      if (row.weak) result.weak = code.code;
    }
  }
  return result;
}

// Letters and digits; everything else parts words ("Carbamazepine[Tegretol]").
std::vector<std::string_view> words_of(std::string_view text) {
  const auto in_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0; };
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && !in_word(text[at])) ++at;
    const std::size_t start = at;
    while (at < text.size() && in_word(text[at])) ++at;
    if (at > start) words.push_back(text.substr(start, at - start));
  }
  return words;
}

bool add_name(std::string_view name, Found& found) {
  const auto rows = std::ranges::equal_range(drug_names(), name, {}, &DrugName::name);
  for (const DrugName& row : rows) found.insert(row.ingredient);
  return !rows.empty();
}

// Whole words only, two words before one: "lithium carbonate" is not also "lithium".
void find_in_text(std::string_view text, Found& found) {
  const std::string small = lower(text);
  const auto words = words_of(small);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i + 1 < words.size() && add_name(std::string(words[i]) + " " + std::string(words[i + 1]), found)) {
      ++i;
    } else {
      add_name(words[i], found);
    }
  }
}

std::set<std::string_view> base_names(const Found& found) {
  std::set<std::string_view> names;
  for (const std::uint16_t ingredient : found) names.insert(base_name(ingredient));
  return names;
}

std::string joined(const std::set<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += '+';
    text += name;
  }
  return text;
}

}  // namespace

void classify(MedicationTherapy& therapy) {
  const std::string path = "MedicationTherapy/" + therapy.id;
  const ByCode coded = find_by_code(therapy);
  Found written;
  find_in_text(therapy.text, written);
  for (const Code& code : therapy.codes) find_in_text(code.display, written);

  const Found& found = coded.found.empty() ? written : coded.found;
  therapy.by = found.empty() ? "none" : coded.found.empty() ? "text" : "code";
  therapy.ingredients.clear();
  std::set<std::string_view> classes;
  for (const std::uint16_t ingredient : found) {
    therapy.ingredients.emplace_back(ingredients()[ingredient].name);
    classes.insert(ingredients()[ingredient].drug_class);
  }
  therapy.drug_class = classes.empty() ? "other" : joined(classes);

  therapy.issues.clear();
  if (!coded.weak.empty()) {
    therapy.issues.push_back({Severity::Information, "business-rule", path,
                              "class found by code " + coded.weak + ", whose meaning has a weak source only"});
  }
  if (!coded.found.empty() && !written.empty() && base_names(coded.found) != base_names(written)) {
    therapy.issues.push_back({Severity::Warning, "conflict", path,
                              "the code means " + joined(base_names(coded.found)) + ", the text names " +
                                  joined(base_names(written)) + "; classified by the code"});
  }
}

std::optional<DailyDose> daily_dose(const Dose& dose) {
  if (dose.as_needed || !dose.value || !dose.times_per_day || dose.unit.empty()) return std::nullopt;
  return DailyDose{*dose.value * *dose.times_per_day, dose.unit};
}

bool is_substance_use(const MedicationTherapy& therapy) {
  constexpr std::array<std::string_view, 4> kClasses{"MOUD", "MOUD/AUD", "AUD", "withdrawal"};
  return std::ranges::any_of(kClasses, [&](std::string_view drug_class) {
    const std::string held = "+" + therapy.drug_class + "+";
    return held.find("+" + std::string(drug_class) + "+") != std::string::npos;
  });
}

}  // namespace bhi::care
