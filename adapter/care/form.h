// A received form as recognition looks at it: its questions with their words, and which of them may be which item.
#pragma once

#include "care/instruments.h"
#include "care/model.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

bool is_of_type(const ReportedItem& item, std::initializer_list<std::string_view> types);

bool is_question(const ReportedItem& item);  // not a group, not a display

// May be one of an instrument's items by its text: asked with options or as a small number, and without a code of its
// own.
bool is_uncoded_question(const ReportedItem& item);

// The report with what is asked of it again and again. Lives no longer than the report.
struct Form {
  const ScreeningReport& report;
  std::vector<std::string> texts;  // of its items, lower case
  std::vector<bool> taken;         // items that belong to a recognised instrument
  std::vector<const Instrument*> panels;
  std::vector<const Instrument*> totals;

  explicit Form(const ScreeningReport& received);

  bool has_panel(const Instrument& instrument) const;
  bool has_total(const Instrument& instrument) const;

 private:
  void look_at(const Code& code);
};

// For every item of an instrument, the places of its questions in report.items.
using Assignment = std::vector<std::vector<std::size_t>>;

Assignment by_code(const Form& form, const Instrument& instrument);

// Questions without code, told by their text. Each question goes to the item whose words it has most of, each item
// takes the question that fits it best; a tie is no answer. Only items that `found` lacks are looked for.
Assignment by_text(const Form& form, const Instrument& instrument, const Assignment& found, int least_stems);

// "How difficult": its code varies, its text does not; it is never scored, so its text may name it even when it has a
// code.
void add_functional(const Form& form, const Instrument& instrument, Assignment& found);

// Scored and noted ones.
bool has_every_core(const Instrument& instrument, const Assignment& found);

// How many of them from number `from` to number `to` are there.
std::size_t count_found(const Instrument& instrument, const Assignment& found, int from, int to);

bool is_answered(const Form& form, const std::vector<std::size_t>& places);

}  // namespace bhi::care
