// How much a day: from the structure of an order, its text, and the strength in the name of the product.
//
//   "take 1 tablet by mouth twice daily" of "sertraline 50 MG Oral Tablet"   100 mg
//   "50 mg qhs"                                                              50 mg
//   "1-2 capsules every morning"                                             least and most
//   "50 mg in the morning and 100 mg at bedtime"                             150 mg
//   tapers, titrations, "as directed", as needed                             nothing: it is not one dose
#pragma once

#include "care/model.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::care {

struct ReadDose {
  std::optional<double> least;  // each time, or in all when `whole_day`
  std::optional<double> most;
  std::string unit;                     // mg | ml | piece (tablet, capsule, film, ...); empty: none was said
  std::optional<double> times_per_day;  // empty: not said
  bool whole_day = false;               // amounts of several times of day, already added up
  bool as_needed = false;
};

// Empty when the text tells of more than one dose (taper, titration) or of none.
std::optional<ReadDose> read_dose(std::string_view text);

// mg in one piece, from a product's name; empty for liquids, patches by the hour, and combinations.
std::optional<double> strength_mg(std::string_view product);

struct Daily {
  double least = 0;
  double most = 0;
  std::string unit;          // "mg" where it can be said so, else "piece" or the unit as given
  std::string by;            // structure | text | structure and text
  bool contradicts = false;  // structure and text state different doses; the structure's is given
};

// The structure first; what it lacks from the text. Empty when it is taken as needed or cannot be told.
std::optional<Daily> daily_of(const MedicationTherapy& therapy);

}  // namespace bhi::care
