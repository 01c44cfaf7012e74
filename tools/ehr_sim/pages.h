// Lists that go out page by page. What a search or history found is kept as it was found, so that pages neither repeat
// nor skip a resource while others write; the cursor in a next link means nothing to a client. Servers whose manner it
// is to count (Paging::Offset) keep nothing, and do both. https://hl7.org/fhir/R4/http.html#paging
#pragma once

#include "ehr_sim/versions.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::sim {

enum class ListKind { Searchset, History };

struct List {
  ListKind kind = ListKind::Searchset;
  std::string base;   // "http://host/fhir"
  std::string path;   // below the base, where it was asked: "Patient", "Patient/1/_history"
  std::string query;  // of the self link, encoded
  std::vector<VersionPtr> found;
  std::size_t page_size = 50;
  bool with_total = true;
  Instant asked{};
  Paging paging = Paging::Cursor;
};

// The lists that still have pages to give. Safe from any thread.
class OpenLists {
 public:
  explicit OpenLists(std::string seed, std::size_t most = 512) : seed_(std::move(seed)), most_(most) {}

  // Keeps a list; its key is good until `most` newer ones were kept.
  std::string keep(std::shared_ptr<const List> list);
  std::shared_ptr<const List> find(std::string_view key) const;
  // The newest list of the same search, asked at `since` or later, and its key; null when there is none.
  std::pair<std::string, std::shared_ptr<const List>> same(const List& search, Instant since) const;
  void clear();

 private:
  const std::string seed_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::deque<std::pair<std::string, std::shared_ptr<const List>>> kept_;
};

struct Cursor {
  std::string key;
  std::size_t offset = 0;
};
std::string cursor_text(const Cursor& cursor);
std::optional<Cursor> cursor_from(std::string_view text);

// The page of a list from `offset` on as a Bundle; `key` is empty when everything is on one page.
std::string page_bundle(const List& list, std::size_t offset, std::string_view key);
// A Bundle with a total and nothing else.
std::string count_bundle(const List& list);

}  // namespace bhi::sim
