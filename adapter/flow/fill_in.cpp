#include "flow/fill_in.h"

#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/receive.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace bhi::flow {

namespace {

constexpr std::array<std::string_view, 8> kTypes = {"Condition",    "Goal",    "Location",     "Medication",
                                                    "Organization", "Patient", "Practitioner", "PractitionerRole"};
static_assert(std::ranges::is_sorted(kTypes));

// Whoever was read without it, once more from the copy at hand.
Result<void> add_again(Store& store, std::string_view source, const std::string& who, Instant now, Accepted& batch) {
  const auto parts = fhir::parse_reference(who);
  if (!parts) return {};
  BHI_TRY(const auto copy, store.resource(source, parts->type, parts->id));
  if (!copy || copy->body.empty()) return {};
  BHI_TRY(const auto document, fhir::read_json(copy->body));
  BHI_TRY(auto received, receive(document->root(), source, "replay", now));
  std::ranges::move(received.items, std::back_inserter(batch.items));
  return {};
}

}  // namespace

bool is_filled_in(std::string_view type) { return std::ranges::binary_search(kTypes, type); }

Result<Filled> fill_in(Store& store, Ehr& ehr, std::string_view source, std::string_view reference,
                       const std::set<std::string>& wanted_by, Instant now) {
  const auto parts = fhir::parse_reference(reference);
  if (!parts || !parts->base.empty() || !is_filled_in(parts->type) || !fhir::is_safe_id(parts->id))
    return Filled::Absent;
  Accepted batch;
  BHI_TRY(const auto held, store.resource(source, parts->type, parts->id));
  if (!held || held->body.empty()) {
    const auto read = ehr.read(parts->type, parts->id);
    if (!read) {
      const Kind kind = read.error().kind;
      if (kind == Kind::NotFound || kind == Kind::Forbidden) return Filled::Absent;
      return read.error();
    }
    const fhir::Node& root = (*read)->root();
    // Some servers answer a read with another record (a merged one): that is not what was referred to.
    if (fhir::resource_type(root) != parts->type || root.text_of("id") != parts->id) return Filled::Absent;
    BHI_TRY(auto received, receive(root, source, "poll", now));
    if (received.items.empty()) return Filled::Absent;
    batch.items = std::move(received.items);
    batch.audit.push_back({"read", std::string(source), std::string(reference), "ok", now});
  }
  for (const std::string& who : wanted_by) BHI_CHECK(add_again(store, source, who, now, batch));
  if (batch.items.empty()) return Filled::Now;
  BHI_TRY([[maybe_unused]] const auto stored, store.accept(batch));
  return Filled::Now;
}

}  // namespace bhi::flow
