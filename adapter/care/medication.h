// What kind of medicine an order is: by RxNorm code first, then by an exact ingredient or brand word in what is
// written. Never by similar names: bupropion is not buprenorphine, hydroxyzine not hydralazine, lamotrigine not
// lamivudine.
#pragma once

#include "care/model.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::care {

inline constexpr std::string_view kRxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";

// Fills ingredients, drug_class, by and issues from codes and text. A combination belongs to every ingredient; its
// classes are joined with "+", each once, in alphabetical order. What is not in our list is "other", by "none".
void classify(MedicationTherapy& therapy);

struct DailyDose {
  double value = 0;
  std::string unit;
};

// Only when the amount, its unit and the times a day are all stated and it is not taken as needed. Nothing is
// converted.
std::optional<DailyDose> daily_dose(const Dose& dose);

// Its class alone says that a substance use disorder is treated (MOUD, AUD, withdrawal).
bool is_substance_use(const MedicationTherapy& therapy);

}  // namespace bhi::care
