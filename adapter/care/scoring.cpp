#include "care/scoring.h"

#include "care/answer.h"
#include "care/text.h"
#include "care/triage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace bhi::care {

namespace {

constexpr std::string_view kSexUnknown = "sex not known: the lower cut-off was used";
constexpr std::string_view kCutOffUnconfirmed = "the cut-off needs clinical review";
constexpr std::string_view kFirstItemOnly = "all points come from item 1: review the intake before acting";

std::string list_of(const std::vector<int>& numbers) {
  std::string text = numbers.size() == 1 ? "item " : "items ";
  for (std::size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  return text;
}

std::string path_of_item(const std::string& path, std::size_t index) {
  return path + ".items[" + std::to_string(index) + "]";
}

void add_issues(Screening& screening, Issues issues, const std::string& path) {
  for (Issue& one : issues) {
    one.path = path;
    screening.issues.push_back(std::move(one));
  }
}

bool is_gate(const Instrument& instrument, const InstrumentItem& item) {
  return std::ranges::any_of(instrument.items, [&](const InstrumentItem& one) { return one.only_after == item.n; });
}

// Sum of the scored items, or the reason why there is none. What has no sum is complete when all is answered.
void add_up(Screening& screening, const Instrument& instrument, const std::string& path) {
  const auto answers = yes_and_no(screening.items);
  const bool sums = instrument.scoring != Scoring::None;
  std::vector<int> missing;
  std::vector<int> unscored;
  std::vector<int> beside;  // answered though their gate says no
  int total = 0;
  for (const InstrumentItem& item : instrument.items) {
    const bool adds = sums && item.role == ItemRole::Scored;
    if (!adds && !(is_core(item) && (!sums || is_gate(instrument, item)))) continue;
    const auto held = std::ranges::find(screening.items, item.n, &ScreeningItem::n);
    const bool answered = held != screening.items.end() && !held->answer.empty();
    const auto gate = std::ranges::find(answers, item.only_after, &YesNo::n);
    const bool closed = item.only_after > 0 && gate != answers.end() && gate->yes == false;
    if (adds && closed) {
      if (held != screening.items.end() && held->score.value_or(0) > 0) beside.push_back(item.n);
    } else if (rightly_skipped(instrument, item, answers)) {
      continue;
    } else if (!answered) {
      missing.push_back(item.n);
    } else if (!held->score) {
      unscored.push_back(item.n);
    } else if (adds) {
      total += *held->score;
    }
  }
  const std::string without = sums ? ", total not computed" : ", the result may be worse";
  if (!missing.empty()) {
    screening.issues.push_back({Severity::Warning, "incomplete", path, list_of(missing) + " missing" + without});
  }
  if (!unscored.empty()) {
    screening.issues.push_back(
        {Severity::Warning, "incomplete", path, list_of(unscored) + " without a score" + without});
  }
  if (!beside.empty()) {
    screening.issues.push_back({Severity::Warning, "business-rule", path,
                                list_of(beside) + " answered though the first question says no; not counted"});
  }
  if (!missing.empty() || !unscored.empty()) return;
  screening.complete = true;
  if (sums) screening.total = instrument.scoring == Scoring::SumTimesFour ? 4 * total : total;
}

void check_stated(Screening& screening, const Instrument& instrument, const std::string& path) {
  if (!screening.stated_total) return;
  const double stated = *screening.stated_total;
  if (instrument.scoring == Scoring::None) return;
  if (stated < instrument.min || stated > instrument.max) {
    screening.issues.push_back({Severity::Warning, "value", path + ".statedTotal",
                                "expected a total from " + std::to_string(instrument.min) + " to " +
                                    std::to_string(instrument.max) + ", found " + number_text(stated)});
  } else if (stated != std::floor(stated)) {
    screening.issues.push_back(
        {Severity::Warning, "value", path + ".statedTotal", "expected a whole number, found " + number_text(stated)});
  }
  const bool is_raw = instrument.scoring == Scoring::SumTimesFour && screening.total && stated * 4 == *screening.total;
  if (screening.total && stated != *screening.total && !is_raw) {
    screening.issues.push_back({Severity::Warning, "business-rule", path + ".statedTotal",
                                "stated total differs: " + number_text(stated) + " stated, " +
                                    std::to_string(*screening.total) + " computed; both kept"});
  }
}

// The level that the sender states beside answers is compared; ours is kept.
void check_level(Screening& screening, const Instrument& instrument, std::string_view stated, const std::string& path) {
  if (instrument.triage.empty() || screening.items.empty()) return;
  const Triaged triaged = triage(instrument, yes_and_no(screening.items));
  const auto tier = tier_of_stated(stated);
  if (tier && *tier != triaged.tier) {
    screening.issues.push_back({Severity::Warning, "business-rule", path + ".severity",
                                "stated level differs from the triage of the answers (" +
                                    std::string(triaged.level.empty() ? "none found" : triaged.level) +
                                    "); that is kept"});
  }
  if (triaged.possible_tier > triaged.tier) {
    screening.issues.push_back(
        {Severity::Warning, "incomplete", path + ".severity",
         "answers are missing: the level is at least " + std::string(triaged.level.empty() ? "none" : triaged.level)});
  }
}

bool in_range(const Instrument& instrument, double total) { return total >= instrument.min && total <= instrument.max; }

// The statuses of responses; those of Observations are put into the same words.
std::string status_of(std::string_view stated) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kStatuses{{{"final", "completed"},
                                                                                    {"corrected", "amended"},
                                                                                    {"appended", "amended"},
                                                                                    {"preliminary", "in-progress"},
                                                                                    {"registered", "in-progress"},
                                                                                    {"unknown", "in-progress"},
                                                                                    {"", "in-progress"},
                                                                                    {"cancelled", "stopped"}}};
  const auto found = std::ranges::find(kStatuses, stated, &std::pair<std::string_view, std::string_view>::first);
  return std::string(found == kStatuses.end() ? stated : found->second);
}

void remove_mark(Issues& issues, std::string_view text) {
  std::erase_if(issues, [&](const Issue& one) { return one.text == text; });
}

// The level that surely holds, though answers still missing may make it worse.
void interpret_triage(Screening& screening, const Instrument& instrument) {
  if (screening.items.empty()) {
    if (const auto tier = tier_of_stated(screening.severity)) screening.positive = *tier > 0;
    return;
  }
  const Triaged triaged = triage(instrument, yes_and_no(screening.items));
  if (triaged.level.empty()) return;
  screening.severity = triaged.level;
  if (triaged.tier > 0) screening.positive = true;
  if (triaged.possible_tier == 0) screening.positive = false;
}

bool has_unconfirmed_cut_off(const Instrument& instrument) {
  return std::ranges::any_of(instrument.review, [](std::string_view fact) {
    const std::string_view subject = fact.substr(0, fact.find(':'));
    return subject == "cut-off" || subject == "cut-offs" || subject == "positive";
  });
}

// By the total, the cut-off, or the instrument's own rule.
void interpret_total(Screening& screening, const Instrument& instrument, std::string_view gender) {
  std::optional<double> total = screening.total;
  if (!total && screening.stated_total && in_range(instrument, *screening.stated_total)) total = screening.stated_total;
  // A stated 20 of WHO-5 may be the raw sum or the index.
  if (!screening.total && instrument.scoring == Scoring::SumTimesFour) total.reset();
  // A stated total beside unanswered questions may be too low: it can show a positive, never a negative.
  const bool may_be_low = !screening.total && !screening.items.empty();
  if (instrument.decide != nullptr) screening.positive = instrument.decide(screening.items, screening.total);
  if (!total) return;
  if (!may_be_low) screening.severity = band_of(instrument, *total);
  if (!instrument.cut_off) return;

  const bool by_sex = instrument.cut_off_male.has_value();
  const int cut_off = by_sex && gender == "male" ? *instrument.cut_off_male : *instrument.cut_off;
  const bool positive = instrument.higher_is_better ? *total <= cut_off : *total >= cut_off;
  if (may_be_low && !positive) return;
  screening.positive = positive;
  if (may_be_low) screening.severity = band_of(instrument, *total);
  if (by_sex && gender != "male" && gender != "female") {
    screening.issues.push_back(
        {Severity::Information, "business-rule", "Screening/" + screening.id + ".positive", std::string(kSexUnknown)});
  }
}

}  // namespace

bool is_final_status(std::string_view status) { return status == "completed" || status == "amended"; }

bool is_score_only(const Screening& screening) { return screening.items.empty() && screening.stated_total.has_value(); }

bool is_done(const Screening& screening) {
  return is_final_status(screening.status) && (screening.complete || screening.stated_total.has_value());
}

void interpret(Screening& screening, std::string_view gender) {
  remove_mark(screening.issues, kSexUnknown);
  remove_mark(screening.issues, kCutOffUnconfirmed);
  const Instrument* instrument = find_instrument(screening.instrument);
  // A level that was stated without answers is kept: there is nothing to compute it from.
  const bool stated_level = instrument != nullptr && !instrument->triage.empty() && screening.items.empty();
  if (!stated_level) {
    screening.severity.clear();
    screening.positive.reset();
  }
  if (instrument == nullptr || !is_final_status(screening.status)) return;
  if (!instrument->triage.empty()) return interpret_triage(screening, *instrument);
  interpret_total(screening, *instrument, gender);
  if (screening.positive && has_unconfirmed_cut_off(*instrument)) {
    screening.issues.push_back({Severity::Information, "business-rule", "Screening/" + screening.id + ".positive",
                                std::string(kCutOffUnconfirmed)});
  }
}

Scored score(const ScreeningReport& report, const Recognised& recognised, std::string_view id,
             std::string_view gender) {
  const Instrument& instrument = *recognised.instrument;
  Scored result;
  Screening& screening = result.screening;
  screening.id = id;
  screening.patient = report.patient;
  screening.instrument = instrument.id;
  screening.authored = report.authored;
  screening.status = status_of(report.status);
  screening.source = report.source;
  screening.derived_from = report.derived_from;
  screening.stated_total = recognised.stated_total;
  if (recognised.items.empty()) screening.severity = recognised.stated_level;

  const std::string path = "Screening/" + screening.id;
  add_issues(screening, recognised.issues, path);
  std::vector<SafetyAnswer> safety;
  for (const FoundItem& found : recognised.items) {
    if (found.item->role == ItemRole::Functional) {
      Issues issues;
      check_unscored(found, issues);
      add_issues(screening, std::move(issues), path);
      continue;
    }
    ReadAnswer read = read_answer(found);
    const bool kept = is_core(*found.item);
    add_issues(screening, std::move(read.issues), kept ? path_of_item(path, screening.items.size()) : path);
    safety.push_back({found.item->n, !read.answer.empty(), read.unreadable, read.at_least});
    if (kept) screening.items.push_back({found.item->n, std::string(found.item->code), read.answer, read.score});
  }
  for (SafetyReading& reading : read_safety(instrument, safety, recognised.stated_level)) {
    screening.safety.push_back(reading.finding);
    // A form that was entered in error and shows nothing is void; one that shows a positive answer is still looked at.
    const bool is_void = screening.status == "entered-in-error" && reading.finding.level != "positive";
    if (reading.finding.level == "negative" || is_void) continue;
    result.events.push_back({screening.id, screening.patient, reading.finding.rule, reading.finding.level,
                             std::move(reading.fact), screening.authored});
  }
  if (is_final_status(screening.status)) {
    if (!screening.items.empty()) add_up(screening, instrument, path);
    check_stated(screening, instrument, path);
    const auto points_of = [&](int n) {
      const auto held = std::ranges::find(screening.items, n, &ScreeningItem::n);
      return held == screening.items.end() ? 0 : held->score.value_or(0);
    };
    if (instrument.id == "audit-c" && screening.complete && points_of(1) > 0 && points_of(1) == *screening.total) {
      screening.issues.push_back({Severity::Information, "business-rule", path, std::string(kFirstItemOnly)});
    }
  }
  interpret(screening, gender);
  if (is_final_status(screening.status)) check_level(screening, instrument, recognised.stated_level, path);
  return result;
}

}  // namespace bhi::care
