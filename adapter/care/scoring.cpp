#include "care/scoring.h"

#include "care/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace bhi::care {

namespace {

constexpr std::string_view kSexUnknown = "sex not known: the lower cut-off was used";
constexpr std::string_view kFirstItemOnly = "all points come from item 1: review the intake before acting";

Issue issue(Severity severity, std::string_view code, std::string text) {
  return {severity, std::string(code), {}, std::move(text)};
}

std::string item_name(const InstrumentItem& item) {
  return item.role == ItemRole::Functional ? std::string("difficulty item") : "item " + std::to_string(item.n);
}

std::string said(const ReportedAnswer& answer) {
  if (!answer.coding.code.empty()) return answer.coding.code;
  if (!answer.coding.display.empty()) return answer.coding.display;
  if (!answer.text.empty()) return answer.text;
  if (answer.number) return number_text(*answer.number);
  if (answer.ordinal) return number_text(*answer.ordinal);
  return {};
}

// For messages: codes and numbers may be shown, the sender's texts never are. The label is our own.
std::string shown(const ReportedAnswer& answer) {
  if (answer.coding.system == kLoinc) {
    const std::string_view label = answer_label(answer.coding.code);
    return answer.coding.code + (label.empty() ? "" : " (" + std::string(label) + ")");
  }
  if (answer.number) return number_text(*answer.number);
  return answer.coding.code.empty() ? "a text" : "a code of another system";
}

const AnswerOption* option_of(const InstrumentItem& item, const ReportedAnswer& answer) {
  for (const AnswerOption& option : item.answers) {
    if (answer.coding.system == kLoinc && answer.coding.code == option.code) return &option;
  }
  for (const AnswerOption& option : item.answers) {
    for (const std::string_view text : {std::string_view(answer.coding.display), std::string_view(answer.text),
                                        std::string_view(answer.coding.code)}) {
      if (same_words(text, option.label)) return &option;
    }
  }
  return nullptr;
}

std::optional<double> bare_number(const ReportedAnswer& answer) {
  if (answer.number) return answer.number;
  if (const auto number = number_from(answer.text)) return number;
  if (answer.coding.system != kLoinc) return number_from(answer.coding.code);
  return std::nullopt;
}

// A number as a score of the item; says why when it is none.
std::optional<int> as_score(const InstrumentItem& item, double number, Issues& issues) {
  const std::string range = "0 to " + std::to_string(item.max);
  if (number != std::floor(number)) {
    issues.push_back(
        issue(Severity::Error, "value",
              item_name(item) + ": expected a whole number from " + range + ", found " + number_text(number)));
    return std::nullopt;
  }
  if (number < 0 || number > item.max) {
    issues.push_back(
        issue(Severity::Error, "value", item_name(item) + ": expected " + range + ", found " + number_text(number)));
    return std::nullopt;
  }
  return static_cast<int>(number);
}

struct ScoredAnswer {
  std::optional<int> score;
  std::optional<double> number;  // as stated, in range or not
};

ScoredAnswer score_answer(const InstrumentItem& item, const ReportedAnswer& answer, Issues& issues) {
  ScoredAnswer result;
  if (answer.ordinal) {
    result.number = answer.ordinal;
    result.score = as_score(item, *answer.ordinal, issues);
    if (result.score || item.ordinal_only) return result;
  }
  if (item.ordinal_only) {
    issues.push_back(
        issue(Severity::Warning, "business-rule",
              item_name(item) + ": what counts depends on the form's wording, and the form states no score"));
    return result;
  }
  if (const AnswerOption* option = option_of(item, answer)) {
    result.score = option->score;
    result.number = std::max(result.number.value_or(0), static_cast<double>(option->score));
    return result;
  }
  if (result.number) return result;
  if (const auto number = bare_number(answer)) {
    result.number = number;
    result.score = as_score(item, *number, issues);
    return result;
  }
  issues.push_back(issue(Severity::Error, "code-invalid",
                         item_name(item) + ": answered with " + shown(answer) + ", not one of its options"));
  return result;
}

// The difficulty item and the like: nothing to add up, but a wrong answer is said.
void check_unscored(const FoundItem& found, Issues& issues) {
  for (const ReportedItem* reported : found.reported) {
    for (const ReportedAnswer& answer : reported->answers) {
      const bool fits = found.item->answers.empty() || option_of(*found.item, answer) != nullptr ||
                        answer.ordinal.has_value() || bare_number(answer).has_value();
      if (fits && reported->option_known) continue;
      issues.push_back(issue(Severity::Warning, "code-invalid",
                             item_name(*found.item) + ": answered with " + shown(answer) + ", not one of its options"));
    }
  }
}

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

// Sum of the scored items, or the reason why there is none.
void add_up(Screening& screening, const Instrument& instrument, const std::string& path) {
  std::vector<int> missing;
  std::vector<int> unscored;
  int total = 0;
  for (const InstrumentItem& item : instrument.items) {
    if (item.role != ItemRole::Scored) continue;
    const auto held = std::ranges::find(screening.items, item.n, &ScreeningItem::n);
    if (held == screening.items.end() || held->answer.empty()) {
      missing.push_back(item.n);
    } else if (!held->score) {
      unscored.push_back(item.n);
    } else {
      total += *held->score;
    }
  }
  if (missing.empty() && unscored.empty()) {
    screening.total = total;
    screening.complete = true;
    return;
  }
  if (!missing.empty()) {
    screening.issues.push_back(
        {Severity::Warning, "incomplete", path, list_of(missing) + " missing, total not computed"});
  }
  if (!unscored.empty()) {
    screening.issues.push_back(
        {Severity::Warning, "incomplete", path, list_of(unscored) + " without a score, total not computed"});
  }
}

void check_stated(Screening& screening, const Instrument& instrument, const std::string& path) {
  if (!screening.stated_total) return;
  const double stated = *screening.stated_total;
  if (stated < instrument.min || stated > instrument.max) {
    screening.issues.push_back({Severity::Warning, "value", path + ".statedTotal",
                                "expected a total from " + std::to_string(instrument.min) + " to " +
                                    std::to_string(instrument.max) + ", found " + number_text(stated)});
  } else if (stated != std::floor(stated)) {
    screening.issues.push_back(
        {Severity::Warning, "value", path + ".statedTotal", "expected a whole number, found " + number_text(stated)});
  }
  if (screening.total && stated != *screening.total) {
    screening.issues.push_back({Severity::Warning, "business-rule", path + ".statedTotal",
                                "stated total differs: " + number_text(stated) + " stated, " +
                                    std::to_string(*screening.total) + " computed; both kept"});
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

}  // namespace

ReadAnswer read_answer(const FoundItem& found) {
  ReadAnswer result;
  std::vector<std::optional<int>> scores;
  bool foreign_option = false;
  for (const ReportedItem* reported : found.reported) {
    for (const ReportedAnswer& answer : reported->answers) {
      const ScoredAnswer one = score_answer(*found.item, answer, result.issues);
      scores.push_back(one.score);
      if (one.number) result.at_least = std::max(result.at_least.value_or(*one.number), *one.number);
      if (!one.number) result.unreadable = true;
      if (result.answer.empty()) result.answer = said(answer);
      if (!reported->option_known && !foreign_option) {
        foreign_option = true;
        result.issues.push_back(
            issue(Severity::Warning, "code-invalid",
                  item_name(*found.item) + ": answered with " + shown(answer) + ", not one of the form's options"));
      }
    }
  }
  if (scores.empty()) return result;
  if (result.answer.empty()) result.answer = "?";  // something was answered, though nothing that can be shown
  const bool same = std::ranges::all_of(scores, [&](const auto& score) { return score == scores.front(); });
  if (scores.size() > 1) {
    result.issues.push_back(issue(same ? Severity::Warning : Severity::Error, "business-rule",
                                  item_name(*found.item) + ": answered " + std::to_string(scores.size()) + " times" +
                                      (same ? ", always alike" : " and differently, not scored")));
  }
  if (same) result.score = scores.front();
  return result;
}

bool is_final_status(std::string_view status) { return status == "completed" || status == "amended"; }

bool is_score_only(const Screening& screening) { return screening.items.empty() && screening.stated_total.has_value(); }

bool is_done(const Screening& screening) {
  return is_final_status(screening.status) && (screening.complete || screening.stated_total.has_value());
}

void interpret(Screening& screening, std::string_view gender) {
  remove_mark(screening.issues, kSexUnknown);
  screening.severity.clear();
  screening.positive.reset();
  const Instrument* instrument = find_instrument(screening.instrument);
  if (instrument == nullptr || !is_final_status(screening.status)) return;

  std::optional<double> total = screening.total;
  if (!total && screening.stated_total && in_range(*instrument, *screening.stated_total))
    total = screening.stated_total;
  if (!total) return;
  // A stated total beside unanswered questions may be too low: it can show a positive, never a negative.
  const bool may_be_low = !screening.total && !screening.items.empty();
  if (!may_be_low) screening.severity = band_of(*instrument, *total);
  if (!instrument->cut_off) return;

  const bool by_sex = instrument->cut_off_male.has_value();
  const int cut_off = by_sex && gender == "male" ? *instrument->cut_off_male : *instrument->cut_off;
  const bool positive = *total >= cut_off;
  if (may_be_low && !positive) return;
  screening.positive = positive;
  if (may_be_low) screening.severity = band_of(*instrument, *total);
  if (by_sex && gender != "male" && gender != "female") {
    screening.issues.push_back(
        {Severity::Information, "business-rule", "Screening/" + screening.id + ".positive", std::string(kSexUnknown)});
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
    const bool scored = found.item->role == ItemRole::Scored;
    add_issues(screening, std::move(read.issues), scored ? path_of_item(path, screening.items.size()) : path);
    safety.push_back({found.item->n, !read.answer.empty(), read.unreadable, read.at_least});
    if (scored) screening.items.push_back({found.item->n, std::string(found.item->code), read.answer, read.score});
  }
  for (SafetyReading& reading : read_safety(instrument, safety)) {
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
  return result;
}

}  // namespace bhi::care
