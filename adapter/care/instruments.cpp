#include "care/instruments.h"

#include "care/instrument_rows.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace bhi::care {

namespace {

// C-SSRS screener, and the mood interview of the resident assessment (MDS).
constexpr Texts<10> kSelfHarmCodes{"93246-7", "93247-5", "93248-3", "93249-1", "93250-9",
                                   "93267-3", "93269-9", "54652-3", "54653-1", "93374-7"};

constexpr Texts<17> kSelfHarmTexts{"better off dead",
                                   "hurting yourself",
                                   "hurt yourself",
                                   "harming yourself",
                                   "harm yourself",
                                   "self-harm",
                                   "self harm",
                                   "suicid",
                                   "kill yourself",
                                   "killing yourself",
                                   "end your life",
                                   "ending your life",
                                   "wish you were dead",
                                   "wished you were dead",
                                   "wish to be dead",
                                   "wished to be dead",
                                   "thoughts of being dead"};

std::string own_code(const Instrument& instrument, int n) {
  return std::string(instrument.id) + "/" + std::to_string(n);
}

bool has(Words words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

}  // namespace

std::span<const Instrument> instruments() {
  static const std::vector<Instrument> all = [] {
    std::vector<Instrument> rows;
    for (const auto table :
         {depression_instruments(), anxiety_instruments(), substance_instruments(), suicide_instruments(),
          trauma_instruments(), wellbeing_instruments(), child_instruments()}) {
      rows.insert(rows.end(), table.begin(), table.end());
    }
    return rows;
  }();
  return all;
}

const Instrument* find_instrument(std::string_view id) {
  const auto found = std::ranges::find(instruments(), id, &Instrument::id);
  return found == instruments().end() ? nullptr : &*found;
}

const Instrument* instrument_by_panel(const Code& code) {
  if (code.system == kItemSystem) return find_instrument(code.code);
  if (code.system != kLoinc) return nullptr;
  const auto found = std::ranges::find_if(instruments(), [&](const Instrument& i) { return has(i.panels, code.code); });
  return found == instruments().end() ? nullptr : &*found;
}

const Instrument* instrument_by_total(const Code& code) {
  if (code.system == kItemSystem) {
    constexpr std::string_view kTotal = "/total";
    const std::string_view name = code.code;
    return name.ends_with(kTotal) ? find_instrument(name.substr(0, name.size() - kTotal.size())) : nullptr;
  }
  if (code.system != kLoinc) return nullptr;
  const auto found = std::ranges::find_if(instruments(), [&](const Instrument& i) { return has(i.totals, code.code); });
  return found == instruments().end() ? nullptr : &*found;
}

const Instrument* instrument_by_form(std::string_view canonical) {
  constexpr std::string_view kOurs = "http://bhi-adapter.org/fhir/Questionnaire/";
  constexpr std::string_view kLoincForm = "http://loinc.org/q/";
  canonical = canonical.substr(0, canonical.find('|'));
  if (canonical.starts_with(kOurs)) return find_instrument(canonical.substr(kOurs.size()));
  if (!canonical.starts_with(kLoincForm)) return nullptr;
  return instrument_by_panel({std::string(kLoinc), std::string(canonical.substr(kLoincForm.size())), ""});
}

Code item_code(const Instrument& instrument, const InstrumentItem& item) {
  if (!item.code.empty()) return {std::string(kLoinc), std::string(item.code), std::string(item.label)};
  return {std::string(kItemSystem), own_code(instrument, item.n), std::string(item.label)};
}

bool is_item(const Instrument& instrument, const InstrumentItem& item, const Code& code) {
  if (code.system == kLoinc) return !item.code.empty() && code.code == item.code;
  if (code.system != kItemSystem) return false;
  return code.code == own_code(instrument, item.n);
}

std::string_view answer_label(std::string_view code) {
  for (const Instrument& instrument : instruments()) {
    for (const InstrumentItem& item : instrument.items) {
      const auto found = std::ranges::find(item.answers, code, &AnswerOption::code);
      if (found != item.answers.end()) return found->label;
    }
  }
  return {};
}

int scored_items(const Instrument& instrument) {
  return static_cast<int>(std::ranges::count(instrument.items, ItemRole::Scored, &InstrumentItem::role));
}

bool is_core(const InstrumentItem& item) { return item.role == ItemRole::Scored || item.role == ItemRole::Noted; }

int core_items(const Instrument& instrument) {
  return static_cast<int>(std::ranges::count_if(instrument.items, is_core));
}

std::string_view band_of(const Instrument& instrument, double total) {
  for (const Band& band : instrument.bands) {
    if (total >= band.from && total <= band.to) return band.name;
  }
  return {};
}

bool is_self_harm_code(const Code& code) { return code.system == kLoinc && has(kSelfHarmCodes, code.code); }

bool asks_about_self_harm(std::string_view lower_case_text) {
  return std::ranges::any_of(
      kSelfHarmTexts, [&](std::string_view stem) { return lower_case_text.find(stem) != std::string_view::npos; });
}

}  // namespace bhi::care
