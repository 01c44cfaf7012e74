#include "flow/pages.h"

#include "fhir/bundle.h"

#include <charconv>
#include <set>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

std::size_t matches_of(const Node& bundle) {
  std::size_t count = 0;
  for (const Node& entry : fhir::each(bundle.find("entry"))) {
    const Node* resource = entry.find("resource");
    const Node* search = entry.find("search");
    const bool match = search == nullptr || search->text_of("mode").empty() || search->text_of("mode") == "match";
    count += resource != nullptr && match && fhir::resource_type(*resource) != "OperationOutcome" ? 1 : 0;
  }
  return count;
}

std::size_t total_of(const Node& bundle) {
  std::size_t total = 0;
  const Node* node = bundle.find("total");
  if (node == nullptr) return 0;
  const std::string_view digits = node->text();
  std::from_chars(digits.data(), digits.data() + digits.size(), total);
  return total;
}

}  // namespace

bool says_incomplete(const Node& bundle) {
  for (const Node& entry : fhir::each(bundle.find("entry"))) {
    const Node* resource = entry.find("resource");
    if (resource == nullptr || fhir::resource_type(*resource) != "OperationOutcome") continue;
    for (const Node& issue : fhir::each(resource->find("issue"))) {
      const std::string_view severity = issue.text_of("severity");
      if (severity != "information" && severity != "success") return true;
    }
  }
  return false;
}

bool says_gone(const Error& error) {
  return error.message.starts_with("410") || error.message.find(": 410") != std::string::npos;
}

Result<PageWalk> walk_pages(Ehr& ehr, Page page, int max_pages, std::string_view type, Issues& issues,
                            const TakePage& take) {
  PageWalk walk;
  const auto note = [&](std::string code, std::string text) {
    issues.push_back({Severity::Warning, std::move(code), std::string(type), std::move(text)});
  };
  const auto leave_open = [&](std::string code, std::string text) {
    walk.complete = false;
    note(std::move(code), std::move(text));
  };
  const std::size_t total = total_of(page.bundle->root());
  std::size_t seen = 0;
  std::set<std::string, std::less<>> links;
  for (;;) {
    if (says_incomplete(page.bundle->root())) {
      leave_open("incomplete", "an OperationOutcome among the results says that some may be missing");
    }
    seen += matches_of(page.bundle->root());
    const bool last = page.next.empty();
    BHI_CHECK(take(page, last && walk.complete));
    ++walk.pages;
    if (last) {
      if (walk.complete && seen < total) {
        note("informational", "the search says " + std::to_string(total) + " results and gave " + std::to_string(seen));
      }
      return walk;
    }
    if (!links.insert(page.next).second) {
      leave_open("processing", "the pages go round in a circle: a next link came twice");
      return walk;
    }
    if (walk.pages >= static_cast<std::size_t>(max_pages)) {
      leave_open("too-costly", "more than " + std::to_string(max_pages) + " pages");
      return walk;
    }
    auto following = ehr.next(page.next);
    if (!following && following.error().kind == Kind::NotFound) {
      leave_open("not-found", "a next link has expired; the window will be asked again");
      return walk;
    }
    BHI_TRY(page, std::move(following));
  }
}

}  // namespace bhi::flow
