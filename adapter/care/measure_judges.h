// Measures beyond those of care/measures.cpp: how each decides on one patient. Inside of care/measures.cpp.
#pragma once

#include "care/measure_data.h"

namespace bhi::care {

using Judge = void (*)(const MeasureData& data, Verdict& verdict);

// Excluded by a fact of this kind in the span; says so in the verdict.
bool is_out(Verdict& verdict, const MeasureData& data, std::string_view kind, Date from, Date to);

// HEDIS DSF-E, DMS-E, PND-E, PDS-E; NQF 0712; CMS128.
void dsf_screening(const MeasureData& data, Verdict& verdict);
void dsf_follow_up(const MeasureData& data, Verdict& verdict);
void dms_first(const MeasureData& data, Verdict& verdict);
void dms_second(const MeasureData& data, Verdict& verdict);
void dms_third(const MeasureData& data, Verdict& verdict);
void nqf0712(const MeasureData& data, Verdict& verdict);
void cms128_acute(const MeasureData& data, Verdict& verdict);
void cms128_continuation(const MeasureData& data, Verdict& verdict);
void prenatal_screening(const MeasureData& data, Verdict& verdict);
void postpartum_screening(const MeasureData& data, Verdict& verdict);

// Of the registry (AIMS) and of the practice itself (seed 004).
void registry_contacted(const MeasureData& data, Verdict& verdict);
void registry_improved(const MeasureData& data, Verdict& verdict);
void registry_consulted(const MeasureData& data, Verdict& verdict);
void baseline_assessed(const MeasureData& data, Verdict& verdict);

}  // namespace bhi::care
