#include "flow/views.h"

#include "fhir/json.h"
#include "flow/fields_views.h"
#include "flow/struct_json.h"

namespace bhi::flow {

namespace {

template <typename T>
std::string written(const T& value) {
  Arena arena;
  return fhir::write_json(node_of(value, arena, true));
}

}  // namespace

std::string view(const care::CaseloadRow& row) { return written(row); }
std::string view(const care::Reminder& reminder) { return written(reminder); }
std::string view(const care::CaseloadStatistics& statistics) { return written(statistics); }
std::string view(const care::BillingMonth& month) { return written(month); }
std::string view(const care::Verdict& verdict) { return written(verdict); }
std::string view(const care::MeasureCount& count) { return written(count); }
std::string view(const care::ReviewFlag& flag) { return written(flag); }

}  // namespace bhi::flow
