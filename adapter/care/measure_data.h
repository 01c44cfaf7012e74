// What measures look at, drawn from a record once: scores, screens, contacts and reviews by date. Part of
// care/measures.h. Dates are those the texts state.
#pragma once

#include "care/measures.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

using Date = std::chrono::year_month_day;

struct Score {
  Date date;
  double value = 0;
  std::string text;
};

struct Screen {
  Date date;
  std::string instrument;
  bool positive = false;
  bool decided = true;  // by the instrument's own rule; false: told from its total by the threshold of DSF-E
};

struct MeasureData {
  Date period_start;
  Date period_end;
  std::optional<Date> birth;
  std::optional<Date> enrolled;  // of the episode enrolled first in or after the period's start, else the last
  bool on_caseload = false;      // enrolled, and not over, on some day of the period
  std::vector<Date> assessed;    // final screenings with a score, of any instrument
  std::vector<Score> phq9;       // PHQ-9 and PHQ-9M, final, in order of date
  std::vector<Screen> screens;   // depression instruments
  std::vector<Date> contacts;    // patient reached
  std::vector<Date> reviews;     // discussed
  std::vector<Fact> facts;

  int age_on(Date date) const;  // -1: birth date not known
  bool has(std::string_view kind, Date from, Date to) const { return first(kind, from, to) != nullptr; }
  const Fact* first(std::string_view kind, Date from, Date to) const;  // the earliest that overlaps
  const Score* baseline() const;  // the last up to the enrolment (30 days), else the first after
};

MeasureData measure_data(const Record& record, std::span<const Fact> facts, Date start, Date end);

std::optional<Date> date_of(std::string_view text);

Date plus(Date date, std::chrono::months months);  // the last day of the month when there is no such day
Date plus(Date date, std::chrono::days days);
Date minus(Date date, std::chrono::days days);

}  // namespace bhi::care
