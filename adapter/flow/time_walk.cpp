#include "flow/time_walk.h"

#include "fhir/bundle.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr int kLargePage = 1000;  // for more of one moment than a usual page holds

struct Stamped {
  std::string id;
  Instant updated{};
};

// Ids and times of the matches of a page; empty when one has no time or they are not in order.
std::optional<std::vector<Stamped>> in_order(const Page& page) {
  std::vector<Stamped> found;
  for (const Node& entry : fhir::each(page.bundle->root().find("entry"))) {
    const Node* resource = entry.find("resource");
    const Node* search = entry.find("search");
    const auto mode = search == nullptr ? std::string_view() : search->text_of("mode");
    if (resource == nullptr || mode == "include" || fhir::resource_type(*resource) == "OperationOutcome") continue;
    const Node* meta = resource->find("meta");
    const auto updated = meta == nullptr ? std::nullopt : instant_from(meta->text_of("lastUpdated"));
    if (!updated || (!found.empty() && *updated < found.back().updated)) return std::nullopt;
    found.push_back({std::string(resource->text_of("id")), *updated});
  }
  return found;
}

bool refused(const Error& error) { return error.kind == Kind::Incorrect || error.kind == Kind::Unsupported; }

class TimeWalk {
 public:
  TimeWalk(Ehr& ehr, const AskInOrder& ask, int page_size, int max_pages)
      : ehr_(ehr), ask_(ask), page_size_(page_size), max_pages_(max_pages) {}

  Result<std::optional<PageWalk>> run(std::optional<Instant> since, std::string_view type, Issues& issues,
                                      const TakePage& take) {
    const auto leave_open = [&](std::string code, std::string text) {
      walk_.complete = false;
      issues.push_back({Severity::Warning, std::move(code), std::string(type), std::move(text)});
    };
    from_ = since;
    auto asked = ask_(since, page_size_);
    if (!asked && refused(asked.error())) return std::optional<PageWalk>();
    BHI_TRY(Page page, std::move(asked));
    for (;;) {
      const auto rows = in_order(page);
      // A server that passes over `_sort` may give a first page that happens to be in order; its links do not say so.
      const bool sorted = page.next.empty() || page.next.find("_sort=") != std::string::npos;
      const bool within = !from_ || !rows || rows->empty() || rows->front().updated >= *from_;
      if (!rows || !sorted || !within) return std::optional<PageWalk>();
      if (says_incomplete(page.bundle->root())) {
        leave_open("incomplete", "an OperationOutcome among the results says that some may be missing");
      }
      if (walk_.complete && moved(*rows)) leave_open("processing", "records were changed while pages were counted");
      const bool last = page.next.empty();
      BHI_CHECK(take(page, last && walk_.complete));
      ++walk_.pages;
      if (last) return std::optional(walk_);
      if (walk_.pages >= static_cast<std::size_t>(max_pages_)) {
        leave_open("too-costly", "more than " + std::to_string(max_pages_) + " pages");
        return std::optional(walk_);
      }
      BHI_TRY(page, following(page, *rows));
    }
  }

 private:
  Result<Page> following(const Page& page, const std::vector<Stamped>& rows) {
    const bool moves_on = !rows.empty() && (!from_ || rows.back().updated > *from_);
    if (moves_on) {
      from_ = rows.back().updated;
      large_ = false;
      return ask_(from_, page_size_);
    }
    if (!large_ && from_ && page_size_ < kLargePage) {
      large_ = true;
      return ask_(from_, kLargePage);
    }
    for (const Stamped& row : rows) counted_.emplace(row.id, row.updated);
    return ehr_.next(page.next);
  }

  // Has a record that was counted on the way been changed since?
  bool moved(const std::vector<Stamped>& rows) const {
    return std::ranges::any_of(rows, [&](const Stamped& row) {
      const auto found = counted_.find(row.id);
      return found != counted_.end() && found->second != row.updated;
    });
  }

  Ehr& ehr_;
  const AskInOrder& ask_;
  const int page_size_;
  const int max_pages_;
  PageWalk walk_;
  std::optional<Instant> from_;  // lower bound of the last request
  bool large_ = false;           // the last request was for a large page
  std::map<std::string, Instant, std::less<>> counted_;
};

}  // namespace

bool counts_positions(std::string_view link) {
  constexpr std::array<std::string_view, 6> kNames = {"_offset", "offset", "_page", "page", "_skip", "skip"};
  const auto question = link.find('?');
  std::string_view query = question == std::string_view::npos ? std::string_view() : link.substr(question + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = std::min(part.find('='), part.size());
    const std::string_view value = part.substr(std::min(equals + 1, part.size()));
    const bool number = !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (number && std::ranges::find(kNames, part.substr(0, equals)) != kNames.end()) return true;
  }
  return false;
}

Result<std::optional<PageWalk>> walk_by_time(Ehr& ehr, const AskInOrder& ask, std::optional<Instant> since,
                                             int page_size, int max_pages, std::string_view type, Issues& issues,
                                             const TakePage& take) {
  return TimeWalk(ehr, ask, page_size, max_pages).run(since, type, issues, take);
}

}  // namespace bhi::flow
