#include "care/form.h"

#include "care/text.h"

#include <algorithm>

namespace bhi::care {

namespace {

bool holds(const std::vector<const Instrument*>& list, const Instrument& instrument) {
  return std::ranges::find(list, &instrument) != list.end();
}

int stems_in(const std::string& text, const InstrumentItem& item) {
  return static_cast<int>(
      std::ranges::count_if(item.stems, [&](std::string_view stem) { return text.find(stem) != std::string::npos; }));
}

// The one place with the highest count; npos when nothing counts or two are equally good.
std::size_t clear_winner(const std::vector<int>& counts) {
  const auto best = std::ranges::max_element(counts);
  if (best == counts.end() || *best == 0 || std::ranges::count(counts, *best) > 1) return std::string::npos;
  return static_cast<std::size_t>(best - counts.begin());
}

}  // namespace

bool is_of_type(const ReportedItem& item, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, std::string_view(item.type)) != types.end();
}

bool is_question(const ReportedItem& item) { return !is_of_type(item, {"group", "display"}); }

bool is_uncoded_question(const ReportedItem& item) {
  if (!is_of_type(item, {"", "choice", "open-choice", "coding", "integer", "decimal", "boolean"})) return false;
  return std::ranges::none_of(item.codes, [](const Code& c) { return c.system == kLoinc || c.system == kItemSystem; });
}

Form::Form(const ScreeningReport& received) : report(received), taken(received.items.size(), false) {
  texts.reserve(report.items.size());
  if (const auto* panel = instrument_by_form(report.form)) panels.push_back(panel);
  for (const Code& code : report.codes) look_at(code);
  for (const ReportedItem& item : report.items) {
    texts.push_back(lower(item.text));
    for (const Code& code : item.codes) look_at(code);
  }
}

bool Form::has_panel(const Instrument& instrument) const { return holds(panels, instrument); }
bool Form::has_total(const Instrument& instrument) const { return holds(totals, instrument); }

void Form::look_at(const Code& code) {
  if (const auto* panel = instrument_by_panel(code)) panels.push_back(panel);
  if (const auto* total = instrument_by_total(code)) totals.push_back(total);
}

namespace {

// The first of the instrument's items that one of the codes names; as many as it has: none.
// OPTIMIZATION: every question of a form is held against every instrument, so the last letters are compared first.
std::size_t item_of(const Instrument& instrument, std::span<const Code> codes) {
  std::size_t first = instrument.items.size();
  for (const Code& code : codes) {
    if (code.code.empty()) continue;
    const bool loinc = code.system == kLoinc;
    for (std::size_t k = 0; k < first; ++k) {
      const InstrumentItem& item = instrument.items[k];
      if (loinc && (item.code.empty() || item.code.back() != code.code.back())) continue;
      if (is_item(instrument, item, code)) first = k;
    }
  }
  return first;
}

}  // namespace

Assignment by_code(const Form& form, const Instrument& instrument) {
  Assignment found(instrument.items.size());
  for (std::size_t i = 0; i < form.report.items.size(); ++i) {
    if (!is_question(form.report.items[i])) continue;
    const std::size_t k = item_of(instrument, form.report.items[i].codes);
    if (k < found.size()) found[k].push_back(i);
  }
  return found;
}

Assignment by_text(const Form& form, const Instrument& instrument, const Assignment& found, int least_stems) {
  Assignment added(instrument.items.size());
  std::vector<std::vector<int>> fits(instrument.items.size(), std::vector<int>(form.report.items.size(), 0));
  for (std::size_t i = 0; i < form.report.items.size(); ++i) {
    if (form.taken[i] || form.texts[i].empty() || !is_uncoded_question(form.report.items[i])) continue;
    std::vector<int> counts;
    for (const InstrumentItem& item : instrument.items) counts.push_back(stems_in(form.texts[i], item));
    const std::size_t k = clear_winner(counts);
    if (k != std::string::npos && counts[k] >= least_stems) fits[k][i] = counts[k];
  }
  for (std::size_t k = 0; k < instrument.items.size(); ++k) {
    const std::size_t i = clear_winner(fits[k]);
    if (found[k].empty() && i != std::string::npos) added[k].push_back(i);
  }
  return added;
}

void add_functional(const Form& form, const Instrument& instrument, Assignment& found) {
  for (std::size_t k = 0; k < instrument.items.size(); ++k) {
    if (instrument.items[k].role != ItemRole::Functional || !found[k].empty()) continue;
    for (std::size_t i = 0; i < form.report.items.size(); ++i) {
      if (is_question(form.report.items[i]) && stems_in(form.texts[i], instrument.items[k]) > 0) {
        found[k].push_back(i);
        break;
      }
    }
  }
}

bool has_every_core(const Instrument& instrument, const Assignment& found) {
  for (std::size_t k = 0; k < instrument.items.size(); ++k) {
    if (is_core(instrument.items[k]) && found[k].empty()) return false;
  }
  return true;
}

std::size_t count_found(const Instrument& instrument, const Assignment& found, int from, int to) {
  std::size_t count = 0;
  for (std::size_t k = 0; k < instrument.items.size(); ++k) {
    const InstrumentItem& item = instrument.items[k];
    if (is_core(item) && item.n >= from && item.n <= to && !found[k].empty()) ++count;
  }
  return count;
}

bool is_answered(const Form& form, const std::vector<std::size_t>& places) {
  return std::ranges::any_of(places, [&](std::size_t i) { return !form.report.items[i].answers.empty(); });
}

}  // namespace bhi::care
