#include "ehr_sim/pages.h"

#include "base/hash.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/json_maker.h"

#include <algorithm>
#include <charconv>

namespace bhi::sim {

namespace {

using fhir::Member;
using fhir::Node;

std::string_view bundle_type(ListKind kind) { return kind == ListKind::Searchset ? "searchset" : "history"; }

Node search_entry(const List& list, const Version& version, JsonMaker& make) {
  return make.object({
      make.member("fullUrl", make.text(list.base + "/" + version.path())),
      make.member("resource", version.document->root()),
      make.member("search", make.object({make.member("mode", make.text("match"))})),
  });
}

// https://hl7.org/fhir/R4/http.html#history: request and response say how the version came to be.
Node history_entry(const List& list, const Version& version, JsonMaker& make) {
  const std::string_view status = version.deleted() ? "204 No Content" : version.created ? "201 Created" : "200 OK";
  std::vector<Member> members = {make.member("fullUrl", make.text(list.base + "/" + version.path()))};
  if (!version.deleted()) members.push_back(make.member("resource", version.document->root()));
  members.push_back(make.member(
      "request", make.object({
                     make.member("method", make.text(name(version.method))),
                     make.member("url", make.text(version.method == Method::Post ? version.type : version.path())),
                 })));
  members.push_back(make.member("response", make.object({
                                                make.member("status", make.text(status)),
                                                make.member("etag", make.text(etag(version.tag))),
                                                make.member("lastModified", make.text(to_text(version.updated))),
                                            })));
  return make.object(members);
}

Node link(std::string_view relation, std::string_view url, JsonMaker& make) {
  return make.object({make.member("relation", make.text(relation)), make.member("url", make.text(url))});
}

std::string address(const List& list) { return list.base + "/" + list.path; }

std::string page_address(const List& list, std::size_t at, std::string_view key) {
  switch (list.paging) {
    case Paging::Cursor: break;
    case Paging::Offset:
      return address(list) + "?" + list.query + (list.query.empty() ? "" : "&") + "_offset=" + std::to_string(at);
    case Paging::SearchId:
      return list.base + "?_getpages=" + std::string(key) + "&_getpagesoffset=" + std::to_string(at) +
             "&_count=" + std::to_string(list.page_size) + "&_bundletype=" + std::string(bundle_type(list.kind));
  }
  return address(list) + "?_cursor=" + cursor_text(Cursor{std::string(key), at});
}

// The start that page and count share.
std::vector<Member> opening(const List& list, JsonMaker& make) {
  std::vector<Member> members = {
      make.member("resourceType", make.text("Bundle")),
      make.member("meta", make.object({make.member("lastUpdated", make.text(to_text(list.asked)))})),
      make.member("type", make.text(bundle_type(list.kind))),
  };
  if (list.with_total) members.push_back(make.member("total", make.number(list.found.size())));
  return members;
}

}  // namespace

std::string OpenLists::keep(std::shared_ptr<const List> list) {
  const std::lock_guard lock(mutex_);
  std::string key = stable_id({seed_, "list", std::to_string(next_++)});
  kept_.emplace_back(key, std::move(list));
  if (kept_.size() > most_) kept_.pop_front();
  return key;
}

std::shared_ptr<const List> OpenLists::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(kept_, key, [](const auto& entry) { return std::string_view(entry.first); });
  return found == kept_.end() ? nullptr : found->second;
}

std::pair<std::string, std::shared_ptr<const List>> OpenLists::same(const List& search, Instant since) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(), [&](const auto& entry) {
    const List& list = *entry.second;
    return list.asked >= since && list.path == search.path && list.query == search.query && list.base == search.base &&
           list.page_size == search.page_size;
  });
  return found == kept_.rend() ? std::pair<std::string, std::shared_ptr<const List>>() : *found;
}

void OpenLists::clear() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
}

std::string cursor_text(const Cursor& cursor) { return cursor.key + "-" + std::to_string(cursor.offset); }

std::optional<Cursor> cursor_from(std::string_view text) {
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view digits = text.substr(dash + 1);
  Cursor cursor{std::string(text.substr(0, dash)), 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), cursor.offset);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return cursor;
}

std::string page_bundle(const List& list, std::size_t offset, std::string_view key) {
  JsonMaker make;
  const auto cursor_url = [&](std::size_t at) { return page_address(list, at, key); };
  const std::size_t from = std::min(offset, list.found.size());
  const std::size_t to = std::min(from + list.page_size, list.found.size());

  std::vector<Member> members = opening(list, make);
  const std::string first = address(list) + (list.query.empty() ? "" : "?" + list.query);
  std::vector<Node> links = {link("self", from == 0 ? first : cursor_url(from), make)};
  if (to < list.found.size() && list.page_size > 0) links.push_back(link("next", cursor_url(to), make));
  members.push_back(make.member("link", make.array(links)));

  std::vector<Node> entries;
  for (std::size_t i = from; i < to; ++i) {
    const Version& version = *list.found[i];
    entries.push_back(list.kind == ListKind::Searchset ? search_entry(list, version, make)
                                                       : history_entry(list, version, make));
  }
  // FHIR JSON has no empty arrays.
  if (!entries.empty()) members.push_back(make.member("entry", make.array(entries)));
  return fhir::write_json(make.object(members));
}

std::string count_bundle(const List& list) {
  JsonMaker make;
  std::vector<Member> members = opening(list, make);
  const std::string self = address(list) + (list.query.empty() ? "" : "?" + list.query);
  members.push_back(make.member("link", make.array({link("self", self, make)})));
  return fhir::write_json(make.object(members));
}

}  // namespace bhi::sim
