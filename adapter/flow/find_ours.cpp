#include "flow/find_ours.h"

#include "flow/held.h"
#include "flow/query.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

namespace {

constexpr int kMostPages = 5;  // of matches of one identifier; a server that has more does not honour the search
constexpr int kMostAlikePages = 40;

Result<LookAlikes> look_through(Ehr& ehr, const fhir::Node& ours, const std::string& search) {
  LookAlikes found;
  const std::string_view type = fhir::resource_type(ours);
  BHI_TRY(Page page, ehr.search(type, search));
  for (int pages = 1;; ++pages) {
    for (const fhir::Node& entry : fhir::each(page.bundle->root().find("entry"))) {
      const fhir::Node* resource = entry.find("resource");
      if (resource == nullptr) continue;
      const Likeness alike = likeness(ours, *resource);
      const std::string_view id = resource->text_of("id");
      const bool again = std::ranges::find(found.ones, id, &LookAlikes::One::id) != found.ones.end();  // on two pages
      if (alike != Likeness::Other && !again) found.ones.push_back({alike, std::string(id), page.bundle, resource});
    }
    if (page.next.empty()) return found;
    if (pages == kMostAlikePages) break;
    BHI_TRY(page, ehr.next(page.next));
  }
  found.whole = false;
  return found;
}

}  // namespace

bool can_find(const TypeCapability& capability) {
  return capability.search &&
         std::ranges::find(capability.search_params, "identifier") != capability.search_params.end();
}

Result<Found> find_ours(Ehr& ehr, std::string_view type, std::string_view system, std::string_view value) {
  Found found;
  bool others = false;
  BHI_TRY(Page page, ehr.search(type, by_identifier(system, value)));
  for (int pages = 1;; ++pages) {
    for (const fhir::Node& entry : fhir::each(page.bundle->root().find("entry"))) {
      const fhir::Node* resource = entry.find("resource");
      if (resource == nullptr || fhir::resource_type(*resource) != type) continue;
      if (!carries_identifier(*resource, system, value)) {
        others = true;
        continue;
      }
      const std::string_view id = resource->text_of("id");
      if (found.resource != nullptr && found.id == id) continue;  // the same one on two pages
      if (found.resource != nullptr) return Found{Found::What::Several, {}, nullptr, nullptr};
      found = Found{Found::What::One, std::string(id), page.bundle, resource};
    }
    if (page.next.empty()) break;
    if (pages == kMostPages) {
      others = true;
      break;
    }
    BHI_TRY(page, ehr.next(page.next));
  }
  if (found.what == Found::What::None && others) found.what = Found::What::NotHonoured;
  return found;
}

Result<LookAlikes> find_alike(Ehr& ehr, const fhir::Node& ours, const std::vector<std::string>& searches) {
  for (const std::string& search : searches) {
    auto found = look_through(ehr, ours, search);
    const bool refused =
        !found.ok() && (found.error().kind == Kind::Incorrect || found.error().kind == Kind::Unsupported);
    if (!refused || &search == &searches.back()) return found;
  }
  return LookAlikes{};
}

}  // namespace bhi::flow
