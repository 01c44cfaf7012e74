#include "care/site_map.h"

#include "care/instruments.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace bhi::care {

namespace {

bool is_form(std::string_view row, std::string_view form) {
  if (row.empty()) return false;
  return row == form || (row.find('|') == std::string_view::npos && row == form.substr(0, form.find('|')));
}

const InstrumentItem* item_of(const Instrument& instrument, int n) {
  const auto found = std::ranges::find(instrument.items, n, &InstrumentItem::n);
  return found == instrument.items.end() ? nullptr : &*found;
}

void add(std::vector<Code>& codes, Code added) {
  if (std::ranges::find(codes, added) == codes.end()) codes.push_back(std::move(added));
}

void add(std::vector<Code>& codes, std::string ours) {
  add(codes, Code{std::string(kItemSystem), std::move(ours), ""});
}

}  // namespace

ScreeningReport with_site_codes(ScreeningReport report, std::span<const SiteItem> map) {
  for (const SiteItem& row : map) {
    const Instrument* instrument = find_instrument(row.instrument);
    if (instrument == nullptr || !is_form(row.questionnaire, report.form)) continue;
    if (row.n != 0 && item_of(*instrument, row.n) == nullptr) continue;
    add(report.codes, row.instrument);
    if (row.link_id.empty()) continue;
    for (ReportedItem& item : report.items) {
      if (item.link_id != row.link_id) continue;
      // The question's own code too: PHQ-2 and PHQ-9, AUDIT-C and AUDIT share theirs, and are told apart by them.
      if (row.n != 0) add(item.codes, item_code(*instrument, *item_of(*instrument, row.n)));
      add(item.codes, row.instrument + "/" + (row.n == 0 ? std::string("total") : std::to_string(row.n)));
    }
  }
  return report;
}

std::vector<std::string> wrong_rows(std::span<const SiteItem> map) {
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < map.size(); ++i) {
    const SiteItem& row = map[i];
    const std::string name = "row " + std::to_string(i + 1) + ": ";
    const Instrument* instrument = find_instrument(row.instrument);
    if (row.questionnaire.empty()) wrong.push_back(name + "expected the canonical of a questionnaire");
    if (instrument == nullptr) {
      wrong.push_back(name + "no instrument is called '" + row.instrument + "'");
    } else if (row.n != 0 && item_of(*instrument, row.n) == nullptr) {
      wrong.push_back(name + row.instrument + " has no item " + std::to_string(row.n));
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (!row.link_id.empty() && map[k].questionnaire == row.questionnaire && map[k].link_id == row.link_id) {
        wrong.push_back(name + "the same question as in row " + std::to_string(k + 1));
      }
    }
  }
  return wrong;
}

}  // namespace bhi::care
