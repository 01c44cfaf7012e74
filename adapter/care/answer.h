// What was answered to one question: from the form's ordinal, a LOINC answer, a label or a number to a score.
#pragma once

#include "care/model.h"
#include "care/recognise.h"

#include <optional>
#include <string>

namespace bhi::care {

// One question's answers, read.
struct ReadAnswer {
  std::string answer;              // code, else text, of what was answered; empty: unanswered
  std::optional<int> score;        // in range and unambiguous
  std::optional<double> at_least;  // for safety: the highest number that any answer states, in range or not
  bool unreadable = false;         // at least one answer is there that gives no number
  Issues issues;                   // without paths
};

// The form's ordinal wins over the LOINC answer's score, that over an exact label, that over a bare number.
ReadAnswer read_answer(const FoundItem& found);

// The difficulty item and the like: nothing to add up, but a wrong answer is said.
void check_unscored(const FoundItem& found, Issues& issues);

}  // namespace bhi::care
