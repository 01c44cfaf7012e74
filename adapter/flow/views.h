// What is computed and shown but never stored, as JSON (fields_views.h).
#pragma once

#include "care/billing.h"
#include "care/caseload.h"
#include "care/clinical_review.h"
#include "care/measures.h"

#include <string>

namespace bhi::flow {

std::string view(const care::CaseloadRow& row);
std::string view(const care::Reminder& reminder);
std::string view(const care::CaseloadStatistics& statistics);
std::string view(const care::BillingMonth& month);
std::string view(const care::Verdict& verdict);
std::string view(const care::MeasureCount& count);
std::string view(const care::ReviewFlag& flag);

}  // namespace bhi::flow
