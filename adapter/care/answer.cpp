#include "care/answer.h"

#include "care/text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bhi::care {

namespace {

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

// Yes and no as other code systems say it.
std::string_view label_of_alias(const Code& coding) {
  if (coding.system != "http://snomed.info/sct") return {};
  return coding.code == "373066001" ? "yes" : coding.code == "373067005" ? "no" : "";
}

struct FoundOption {
  const AnswerOption* option = nullptr;
  bool system_missing = false;  // an LA code that names no system; the form is known, so it can be taken
};

FoundOption option_of(const InstrumentItem& item, const ReportedAnswer& answer) {
  const std::string_view alias = label_of_alias(answer.coding);
  const std::string_view system = answer.coding.system;
  for (const AnswerOption& option : item.answers) {
    const bool same_code = !option.code.empty() && answer.coding.code == option.code;
    if (same_code && (system == kLoinc || system.empty())) return {&option, system.empty()};
    if (!alias.empty() && alias == option.label) return {&option, false};
  }
  for (const AnswerOption& option : item.answers) {
    for (const std::string_view text : {std::string_view(answer.coding.display), std::string_view(answer.text),
                                        std::string_view(answer.coding.code)}) {
      if (same_words(text, option.label)) return {&option, false};
    }
  }
  return {};
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
  const int score = static_cast<int>(number);
  if (score % item.step != 0) {
    issues.push_back(issue(
        Severity::Error, "value",
        item_name(item) + ": expected a multiple of " + std::to_string(item.step) + ", found " + number_text(number)));
    return std::nullopt;
  }
  return score;
}

struct ScoredAnswer {
  std::optional<int> score;
  std::optional<double> number;  // as stated, in range or not
};

ScoredAnswer score_answer(const InstrumentItem& item, const ReportedAnswer& answer, Issues& issues) {
  ScoredAnswer result;
  const FoundOption found = item.ordinal_only ? FoundOption{} : option_of(item, answer);
  const auto take_option = [&] {
    if (found.system_missing) {
      issues.push_back(issue(Severity::Warning, "code-invalid",
                             item_name(item) + ": answer code without a system, taken as LOINC's"));
    }
    result.score = found.option->score;
    result.number = std::max(result.number.value_or(0), static_cast<double>(found.option->score));
  };
  if (item.code_first && found.option != nullptr) {
    take_option();
    return result;
  }
  if (answer.ordinal) {
    result.number = answer.ordinal;
    result.score = as_score(item, *answer.ordinal, issues);
    if (item.code_first && result.score) {
      issues.push_back(
          issue(Severity::Warning, "business-rule",
                item_name(item) + ": a number without a known answer, taken as the instrument's own count"));
    }
    if (result.score || item.ordinal_only) return result;
  }
  if (item.ordinal_only) {
    issues.push_back(
        issue(Severity::Warning, "business-rule",
              item_name(item) + ": what counts depends on the form's wording, and the form states no score"));
    return result;
  }
  if (found.option != nullptr) {
    take_option();
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

void check_unscored(const FoundItem& found, Issues& issues) {
  for (const ReportedItem* reported : found.reported) {
    for (const ReportedAnswer& answer : reported->answers) {
      const bool fits = found.item->answers.empty() || option_of(*found.item, answer).option != nullptr ||
                        answer.ordinal.has_value() || bare_number(answer).has_value();
      if (fits && reported->option_known) continue;
      issues.push_back(issue(Severity::Warning, "code-invalid",
                             item_name(*found.item) + ": answered with " + shown(answer) + ", not one of its options"));
    }
  }
}

}  // namespace bhi::care
