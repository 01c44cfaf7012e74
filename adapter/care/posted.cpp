#include "care/posted.h"

#include "care/instruments.h"

#include <algorithm>
#include <string>

namespace bhi::care {

Result<ScreeningReport> report_of_posted(std::string_view instrument, std::string_view authored,
                                         std::span<const PostedItem> items) {
  const Instrument* table = find_instrument(instrument);
  if (table == nullptr || table->items.empty()) {
    std::string known;
    for (const Instrument& one : instruments()) {
      if (one.items.empty()) continue;
      if (!known.empty()) known += ", ";
      known += one.id;
    }
    return Error{Kind::Incorrect, "instrument: expected one of " + known};
  }
  std::string wrong;
  const auto complain = [&](const std::string& text) { wrong += (wrong.empty() ? "" : "; ") + text; };
  ScreeningReport report;
  report.source.system = "bhi";
  report.status = "completed";
  report.authored = authored;
  if (table->panels.empty()) {
    report.codes.push_back({std::string(kItemSystem), std::string(table->id), std::string(table->name)});
  } else {
    report.codes.push_back({std::string(kLoinc), std::string(table->panels.front()), std::string(table->name)});
  }
  for (const PostedItem& posted : items) {
    const std::string name = "item " + std::to_string(posted.n);
    const auto item = std::ranges::find(table->items, posted.n, &InstrumentItem::n);
    if (item == table->items.end()) {
      complain(name + ": expected 1 to " + std::to_string(table->items.back().n));
      continue;
    }
    if (std::ranges::count(items, posted.n, &PostedItem::n) > 1) {
      complain(name + ": expected once");
      continue;
    }
    if (posted.score && (*posted.score < 0 || *posted.score > item->max)) {
      complain(name + ": expected 0 to " + std::to_string(item->max) + ", found " + std::to_string(*posted.score));
      continue;
    }
    if (posted.score && *posted.score % item->step != 0) {
      complain(name + ": expected a multiple of " + std::to_string(item->step) + ", found " +
               std::to_string(*posted.score));
      continue;
    }
    ReportedItem reported;
    reported.link_id = std::to_string(posted.n);
    reported.codes = {item_code(*table, *item)};
    if (posted.score) {
      ReportedAnswer answer;
      answer.ordinal = *posted.score;  // whoever enters a score has already read the form's wording
      const auto option = std::ranges::find(item->answers, *posted.score, &AnswerOption::score);
      if (option != item->answers.end() && option->code.empty()) answer.coding.display = option->label;
      if (option != item->answers.end() && !option->code.empty())
        answer.coding = {std::string(kLoinc), std::string(option->code), ""};
      reported.answers.push_back(std::move(answer));
    }
    report.items.push_back(std::move(reported));
  }
  if (items.empty()) complain("items: expected at least one");
  if (!wrong.empty()) return Error{Kind::Incorrect, std::move(wrong)};
  return report;
}

}  // namespace bhi::care
