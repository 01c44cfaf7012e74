// Safety findings and the events made of them.
//
//   item 9 answered with at least 1                positive  whatever the total
//   answered, but unreadable                       unknown   may be positive: treated as urgently as a positive
//   not answered, not asked, a total without items unknown   listed, not paged
//   answered with 0                                negative  no event
//
// An event outlives its screening's later versions: the worst that was ever read stays. Nothing closes it but a person
// (acknowledge); only an `unknown` whose answer has since arrived moves to `answered`, and says so in its note.
#pragma once

#include "base/instant.h"
#include "care/instruments.h"
#include "care/model.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

// What a question of the instrument got as answer.
struct SafetyAnswer {
  int n = 0;
  bool answered = false;
  bool unreadable = false;
  std::optional<double> at_least;  // highest number read
};

struct SafetyReading {
  SafetyFinding finding;
  std::string fact;  // "item 9 answered 2": begins the note of the event
};

// One per rule. No answers at all: a total without items, the first rule is unknown.
// An instrument with a triage has one rule, of its level: positive from the same-day tier on. `stated_level`: the risk
// level that the sender states, if any; the worse of it and of the answers counts.
std::vector<SafetyReading> read_safety(const Instrument& instrument, std::span<const SafetyAnswer> answers,
                                       std::string_view stated_level = {});

// What a report asks to be raised.
struct EventRequest {
  std::string screening;  // derived_from, part of the id
  std::string patient;
  std::string rule;
  std::string level;  // positive | unknown
  std::string fact;
  std::string occurred;
};

// For a form that is not one of ours, but has an answer about self-harm that is not clearly a "no".
EventRequest request_of_foreign_answer(const ScreeningReport& report);

// For a form that says it is this instrument, but whose questions could not be told apart. Empty: no safety rule, no
// answer.
std::optional<EventRequest> request_of_doubtful_form(const ScreeningReport& report, const Instrument& instrument);

// For an Observation of one item alone (PHQ-9's item 9 with a value of at least 1).
std::optional<EventRequest> request_of_lone_item(const ScreeningReport& report);

// Always the same for the same screening and rule.
std::string event_id(std::string_view screening, std::string_view rule);

// Must somebody be called now? (recent, and positive or possibly positive)
bool pages(const SafetyEvent& event);

// Joins the request with what is held of the same event (nullptr: nothing). Worse wins; the order of arrival does not
// matter.
SafetyEvent join(const SafetyEvent* held, const EventRequest& request, int recent_days, Instant now);

// What became of the screening that an event was derived from, as it is held now.
struct Aftermath {
  bool answered_since = false;        // a later version answers the question
  bool answered_in_response = false;  // of a total without answers: the response it is the score of answers it
  bool entered_in_error = false;
};

// The note says the aftermath; an unanswered event that nobody has acknowledged becomes `answered` (and back). Nothing
// else changes: above all, a positive event stays as it is.
SafetyEvent settled(SafetyEvent event, const Aftermath& aftermath, int recent_days, Instant now);

// More was read than before: a positive after an unknown, a higher answer. Then it is raised again, even when
// acknowledged.
bool is_worse(const SafetyEvent& event, const SafetyEvent& than);

// Unknown only because nobody answered; not because an answer could not be read.
bool is_unanswered(const SafetyEvent& event);

}  // namespace bhi::care
