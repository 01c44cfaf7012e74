#include "flow/intake.h"

#include "fhir/bundle.h"
#include "fhir/release.h"
#include "flow/receive.h"
#include "flow/structure.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

namespace bhi::flow {

namespace {

// What is wrong in the resources themselves, found before anything is kept so that the answer can say it.
Issues structure_issues(const fhir::Node& root, const fhir::Types& types) {
  Issues issues;
  Arena arena;
  const auto entries = fhir::split(root, arena);
  if (!entries.ok()) return issues;
  for (const auto& entry : entries->entries) {
    if (!entry.resource.is_object()) continue;
    for (auto& issue : check_structure(entry.resource, types)) {
      if (entry.path.starts_with("Bundle.")) issue.path = entry.path + ".resource: " + issue.path;
      issues.push_back(std::move(issue));
    }
  }
  return issues;
}

// A transaction names every resource at most once (https://hl7.org/fhir/R4/http.html#trules).
void find_repeated(const std::vector<InboxItem>& items, Issues& issues) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& item : items) {
    if (seen.emplace(item.resource.type, item.resource.id).second) continue;
    issues.push_back({Severity::Error, "duplicate", "Bundle.entry",
                      "one " + item.resource.type + " stands in the transaction twice"});
  }
}

// A single resource that does not let us read whom it is about could only be kept where nobody looks for it.
bool hides_its_patient(std::string_view type, const Issues& issues) {
  static constexpr std::array<std::string_view, 5> kElements = {"subject", "patient", "beneficiary", "individual",
                                                                "for"};
  return std::ranges::any_of(issues, [type](const Issue& issue) {
    const std::string_view path = issue.path;
    return issue.severity == Severity::Error && path.starts_with(type) &&
           std::ranges::find(kElements, path.substr(std::min(type.size() + 1, path.size()))) != kElements.end();
  });
}

}  // namespace

Result<Intake> take_in(const fhir::Node& root, std::string_view source, std::string_view channel, Instant now,
                       const fhir::Types& types, const Issues& left_out) {
  if (const auto mark = fhir::r5_mark(root)) return Intake{true, {}, {*mark}};
  BHI_TRY(auto received, receive(root, source, channel, now, left_out));
  Intake intake{false, std::move(received.items), std::move(received.issues)};
  std::ranges::move(structure_issues(root, types), std::back_inserter(intake.issues));
  const bool transaction = root.text_of("type") == "transaction" && fhir::resource_type(root) == "Bundle";
  if (transaction) find_repeated(intake.items, intake.issues);
  intake.refused = ((transaction || intake.items.empty()) && has_errors(intake.issues)) ||
                   hides_its_patient(fhir::resource_type(root), intake.issues);
  if (intake.refused) intake.items.clear();
  return intake;
}

}  // namespace bhi::flow
