#include "care/safety.h"

#include "base/hash.h"
#include "care/text.h"
#include "care/times.h"
#include "care/triage.h"

#include <algorithm>
#include <cmath>

namespace bhi::care {

namespace {

constexpr std::string_view kUnreadable = "cannot be read";
constexpr std::string_view kAnsweredSince = "; answered since";
constexpr std::string_view kAnsweredInResponse = "; answered in the response it is the score of";
constexpr std::string_view kEnteredInError = "; the response is marked as entered in error";
constexpr std::string_view kForeignRule = "form.self-harm";

// The part of a note that says what was read; the rest tells its age and what became of it.
std::string_view fact_of(const SafetyEvent& event) {
  return std::string_view(event.note).substr(0, event.note.find(';'));
}

// How bad: unanswered 1, unreadable 5, positive 10 and what was answered.
int rank(std::string_view level, std::string_view fact) {
  if (level == "positive") {
    const auto number = number_from(fact.substr(std::min(fact.rfind(' '), fact.size() - 1)));
    return 10 + static_cast<int>(std::clamp(std::floor(number.value_or(0)), 0.0, 99.0));
  }
  return fact.find(kUnreadable) == std::string_view::npos ? 1 : 5;
}

int rank(const SafetyEvent& event) { return rank(event.level, fact_of(event)); }

bool is_recent(std::string_view occurred, int recent_days, Instant now) {
  // A time that cannot be read may be now.
  return days_since(occurred, now).value_or(0) <= recent_days;
}

std::string note_of(std::string_view fact, std::string_view occurred, int recent_days, Instant now) {
  std::string note(fact);
  if (!is_recent(occurred, recent_days, now)) {
    note += "; " + std::to_string(*days_since(occurred, now)) + " days old when received";
  }
  return note;
}

SafetyReading read_rule(const SafetyRule& rule, const SafetyAnswer& answer) {
  const std::string item = "item " + std::to_string(rule.item);
  const std::string id(rule.id);
  if (answer.at_least && *answer.at_least >= 1)
    return {{id, "positive"}, item + " answered " + number_text(*answer.at_least)};
  if (answer.unreadable || (answer.answered && !answer.at_least)) {
    return {{id, "unknown"}, item + " answered, but the answer " + std::string(kUnreadable)};
  }
  if (!answer.answered) return {{id, "unknown"}, item + " not answered"};
  // Below 1 and no whole score (0.5, -1): something was meant that is not a plain "not at all".
  if (*answer.at_least != 0) return {{id, "unknown"}, item + " answered, but the answer " + std::string(kUnreadable)};
  return {{id, "negative"}, item + " answered 0"};
}

std::string list_of(const std::vector<int>& items) {
  std::string text = items.size() == 1 ? "item " : "items ";
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(items[i]);
  return text;
}

// The fact ends with the tier: a worse one raises an acknowledged event again.
SafetyReading read_triage(const Instrument& instrument, std::span<const SafetyAnswer> answers,
                          std::string_view stated) {
  const std::string id(instrument.safety.front().id);
  std::vector<YesNo> values;
  bool unreadable = false;
  for (const SafetyAnswer& answer : answers) {
    YesNo value{answer.n, answer.answered, std::nullopt};
    if (answer.answered && answer.at_least && (*answer.at_least >= 1 || *answer.at_least == 0)) {
      value.yes = *answer.at_least >= 1;
    }
    unreadable = unreadable || (answer.answered && !value.yes);
    values.push_back(value);
  }
  const Triaged triaged = answers.empty() ? Triaged{} : triage(instrument, values);
  const auto stated_tier = tier_of_stated(stated);
  if (stated_tier.value_or(0) >= kSafetyTier && *stated_tier > triaged.tier) {
    return {{id, "positive"}, "stated risk level of tier " + std::to_string(*stated_tier)};
  }
  if (triaged.tier >= kSafetyTier) {
    return {{id, "positive"},
            "triaged " + std::string(triaged.level) + " by " + list_of(triaged.because) + ", tier " +
                std::to_string(triaged.tier)};
  }
  if (!stated.empty() && !stated_tier) return {{id, "unknown"}, "the stated risk level " + std::string(kUnreadable)};
  if (answers.empty()) {
    if (stated_tier) return {{id, "negative"}, "stated risk level of tier " + std::to_string(*stated_tier)};
    return {{id, "unknown"}, "a result without its answers"};
  }
  if (triaged.possible_tier < kSafetyTier) return {{id, "negative"}, "triaged " + std::string(triaged.level)};
  if (unreadable) return {{id, "unknown"}, "an answer " + std::string(kUnreadable)};
  return {{id, "unknown"}, "questions not answered"};
}

}  // namespace

std::vector<SafetyReading> read_safety(const Instrument& instrument, std::span<const SafetyAnswer> answers,
                                       std::string_view stated_level) {
  if (!instrument.triage.empty()) return {read_triage(instrument, answers, stated_level)};
  std::vector<SafetyReading> result;
  for (const SafetyRule& rule : instrument.safety) {
    const auto answer = std::ranges::find(answers, rule.item, &SafetyAnswer::n);
    if (answer != answers.end()) {
      result.push_back(read_rule(rule, *answer));
      continue;
    }
    // Further rules are of questions that not every edition of the form has.
    if (&rule != &instrument.safety.front()) continue;
    std::string fact =
        answers.empty() ? "a total without its answers" : "item " + std::to_string(rule.item) + " not asked";
    result.push_back({{std::string(rule.id), "unknown"}, std::move(fact)});
  }
  return result;
}

EventRequest request_of_foreign_answer(const ScreeningReport& report) {
  return {report.id,
          report.patient,
          std::string(kForeignRule),
          "unknown",
          "an answer about self-harm in a form that we do not follow " + std::string(kUnreadable),
          report.authored};
}

std::optional<EventRequest> request_of_doubtful_form(const ScreeningReport& report, const Instrument& instrument) {
  const auto is_answered = [](const ReportedItem& item) { return !item.answers.empty(); };
  if (instrument.safety.empty() || std::ranges::none_of(report.items, is_answered)) return std::nullopt;
  return EventRequest{
      report.id,
      report.patient,
      std::string(instrument.safety.front().id),
      "unknown",
      "the form's questions could not be told apart: " +
          (instrument.safety.front().item == 0 ? "its risk level"
                                               : "item " + std::to_string(instrument.safety.front().item)) +
          " " + std::string(kUnreadable),
      report.authored};
}

std::optional<EventRequest> request_of_lone_item(const ScreeningReport& report) {
  if (!report.items.empty() || !report.stated_total || *report.stated_total == 0) return std::nullopt;
  for (const Instrument& instrument : instruments()) {
    for (const SafetyRule& rule : instrument.safety) {
      const auto item = std::ranges::find(instrument.items, rule.item, &InstrumentItem::n);
      if (item == instrument.items.end()) continue;
      const auto names_it = [&](const Code& code) { return is_item(instrument, *item, code); };
      if (std::ranges::none_of(report.codes, names_it)) continue;
      const SafetyReading reading = read_rule(rule, {rule.item, true, false, report.stated_total});
      return EventRequest{report.id,    report.patient, reading.finding.rule, reading.finding.level,
                          reading.fact, report.authored};
    }
  }
  return std::nullopt;
}

std::string event_id(std::string_view screening, std::string_view rule) {
  return stable_id({"safety-event", screening, rule});
}

bool pages(const SafetyEvent& event) { return event.state == "open" && rank(event) >= 5; }

bool is_worse(const SafetyEvent& event, const SafetyEvent& than) { return rank(event) > rank(than); }

bool is_unanswered(const SafetyEvent& event) { return event.level == "unknown" && rank(event) == 1; }

SafetyEvent join(const SafetyEvent* held, const EventRequest& request, int recent_days, Instant now) {
  const bool recent = is_recent(request.occurred, recent_days, now);
  if (held == nullptr) {
    SafetyEvent event;
    event.id = event_id(request.screening, request.rule);
    event.patient = request.patient;
    event.rule = request.rule;
    event.level = request.level;
    event.derived_from = request.screening;
    event.occurred = request.occurred;
    event.raised = to_text(now);
    event.state = recent ? "open" : "review";
    event.note = note_of(request.fact, request.occurred, recent_days, now);
    return event;
  }
  SafetyEvent event = *held;
  if (event.patient.empty()) event.patient = request.patient;
  const int before = rank(*held);
  const int after = rank(request.level, request.fact);
  if (after > before) {
    // Something worse than what was known, or acknowledged: from the start again.
    event.level = request.level;
    event.occurred = request.occurred;
    event.raised = to_text(now);
    event.state = recent || held->state == "open" ? "open" : "review";
    event.note = note_of(request.fact, request.occurred, recent_days, now);
    event.acknowledged_by.clear();
    event.acknowledged_at.clear();
    return event;
  }
  if (recent && event.state == "review") event.state = "open";
  if (after == before && event.state != "acknowledged") {
    const auto fact = std::min(fact_of(*held), std::string_view(request.fact));
    const bool sooner = earlier(request.occurred, held->occurred) ||
                        (!earlier(held->occurred, request.occurred) && request.occurred < held->occurred);
    if (sooner) event.occurred = request.occurred;
    if (sooner || fact != fact_of(*held)) event.note = note_of(std::string(fact), event.occurred, recent_days, now);
  }
  return event;
}

SafetyEvent settled(SafetyEvent event, const Aftermath& aftermath, int recent_days, Instant now) {
  std::string& note = event.note;
  for (const std::string_view mark : {kAnsweredSince, kAnsweredInResponse, kEnteredInError}) {
    if (const auto at = note.find(mark); at != std::string::npos) note.erase(at, mark.size());
  }
  const bool answered = aftermath.answered_since || aftermath.answered_in_response;
  if (is_unanswered(event) && event.state != "acknowledged") {
    if (answered) {
      event.state = "answered";
      note += aftermath.answered_since ? kAnsweredSince : kAnsweredInResponse;
    } else if (event.state == "answered") {
      event.state = is_recent(event.occurred, recent_days, now) ? "open" : "review";
    }
  }
  if (aftermath.entered_in_error) note += kEnteredInError;
  return event;
}

}  // namespace bhi::care
