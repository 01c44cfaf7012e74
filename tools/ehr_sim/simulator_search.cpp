// Searches and histories, and their pages.
#include "ehr_sim/search.h"
#include "ehr_sim/simulator_call.h"

#include <algorithm>
#include <charconv>

namespace bhi::sim {

namespace {

std::string_view cursor_of(const std::vector<Parameter>& parameters) {
  const auto found = std::ranges::find(parameters, "_cursor", &Parameter::name);
  return found == parameters.end() ? std::string_view{} : std::string_view(found->value);
}

// The number of a parameter, which is taken out; 0 when it is not given, empty when it is none.
std::optional<std::size_t> take_number(std::vector<Parameter>& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found == parameters.end()) return 0;
  std::size_t number = 0;
  const std::string digits = found->value;
  parameters.erase(found);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

Result<std::vector<Parameter>> query_of(const Request& request) {
  BHI_TRY(auto parameters, parse_query(request.query));
  if (request.method != "POST") return parameters;
  if (!mentions(header(request.headers, "Content-Type"), {"application/x-www-form-urlencoded"}) &&
      !request.body.empty()) {
    return Error{Kind::Incorrect, "_search: expected Content-Type application/x-www-form-urlencoded"};
  }
  BHI_TRY(auto more, parse_query(request.body));
  std::ranges::move(more, std::back_inserter(parameters));
  return parameters;
}

Response Simulator::search(const Call& call) {
  const std::shared_lock lock(mutex_);
  return search_in(call, versions_);
}

Response Simulator::search_in(const Call& call, const Versions& versions) {
  auto parameters = query_of(call.request);
  if (!parameters) return refuse(parameters.error());
  if (const auto cursor = cursor_of(*parameters); !cursor.empty()) return next_page(call, cursor);
  const bool counts = manners().paging == Paging::Offset;
  const auto offset = counts ? take_number(*parameters, "_offset") : std::optional<std::size_t>(0);
  if (!offset || (manners().most_offset > 0 && *offset > manners().most_offset)) {
    return refuse(400, "invalid", "_offset: expected at most " + std::to_string(manners().most_offset));
  }
  const bool lenient = mentions(call.header_of("Prefer"), {"handling=lenient"});
  const auto search =
      parse_search(call.target.type, *parameters, call.request.base, lenient ? Handling::Lenient : Handling::Strict);
  if (!search) return refuse(search.error());
  List list{
      .kind = ListKind::Searchset,
      .base = call.request.base,
      .path = call.target.path(),
      .query = search->canonical_query,
      .found = {},
      .page_size = search->counted ? std::min(search->page_size, manners().largest_page) : manners().usual_page,
      .with_total = (search->with_total && (manners().total || search->total_asked)) || search->count_only,
      .asked = call.now,
      .paging = manners().paging,
  };
  const bool fresh = mentions(call.header_of("Cache-Control"), {"no-cache", "no-store"});
  if (manners().search_reuse.count() > 0 && !fresh && !search->count_only) {
    const auto [key, same] = lists_.same(list, call.now - manners().search_reuse);
    if (same) return kept_page(key, 0, list.path, call.now);
  }
  list.found = run_search(*search, versions);
  if (counts) {  // an edit moves a resource to the end
    if (search->sort.empty()) std::ranges::stable_sort(list.found, {}, &Version::updated);
    if (!search->count_only) {
      Response response;
      response.body = page_bundle(list, *offset, {});
      return response;
    }
  }
  return first_page(std::move(list), search->count_only);
}

Response Simulator::history(const Call& call) {
  const auto parameters = query_of(call.request);
  if (!parameters) return refuse(parameters.error());
  if (const auto cursor = cursor_of(*parameters); !cursor.empty()) return next_page(call, cursor);
  List list{
      .kind = ListKind::History,
      .base = call.request.base,
      .path = call.target.path(),
      .query = call.request.query,
      .found = {},
      .page_size = kUsualPage,
      .with_total = true,
      .asked = call.now,
  };
  std::optional<Instant> since;
  for (const Parameter& given : *parameters) {
    if (given.name == "_since") {
      since = instant_from(given.value);
      if (!since) return refuse(400, "invalid", "_since: expected an instant");
    } else if (given.name == "_count") {
      const auto count = parse_search(call.target.type, {given}, call.request.base);
      if (!count) return refuse(count.error());
      list.page_size = std::max<std::size_t>(count->page_size, 1);
    } else if (given.name != "_format") {
      return refuse(400, "not-supported", "history: this server knows _count and _since");
    }
  }
  {
    const std::shared_lock lock(mutex_);
    const auto all = versions_.history(call.target.type, call.target.id);
    if (all.empty()) return refuse(404, "not-found", "this resource is not known here");
    list.found.assign(all.rbegin(), all.rend());  // newest first
  }
  std::erase_if(list.found, [&](const VersionPtr& version) { return since && version->updated < *since; });
  return first_page(std::move(list), false);
}

Response Simulator::first_page(List list, bool count_only) {
  Response response;
  if (count_only) {
    response.body = count_bundle(list);
    return response;
  }
  const auto kept = std::make_shared<const List>(std::move(list));
  const bool again = manners().search_reuse.count() > 0;
  const std::string key = again || kept->found.size() > kept->page_size ? lists_.keep(kept) : "";
  response.body = page_bundle(*kept, 0, key);
  return response;
}

Response Simulator::next_page(const Call& call, std::string_view text) {
  const auto cursor = cursor_from(text);
  return kept_page(cursor ? cursor->key : "", cursor ? cursor->offset : 0, call.target.path(), call.now);
}

Response Simulator::kept_page(std::string_view key, std::size_t offset, std::string_view path, Instant now) {
  const auto list = lists_.find(key);
  const auto life = manners().page_life;
  const bool old = list != nullptr && life.count() > 0 && list->asked + life < now;
  if (list == nullptr || old || (list->path != path && !path.empty())) {
    return refuse(410, "expired", "this page is not kept any more: search again");
  }
  Response response;
  response.body = page_bundle(*list, offset, key);
  return response;
}

// GET at the base itself: the next page of a search that is known by its id.
Response Simulator::page_of_search(const Call& call) {
  auto parameters = query_of(call.request);
  if (!parameters) return refuse(parameters.error());
  const auto key = std::ranges::find(*parameters, "_getpages", &Parameter::name);
  if (key == parameters->end()) {
    return refuse(400, "not-supported", "this server does not search over all types");
  }
  const std::string id = key->value;
  const auto offset = take_number(*parameters, "_getpagesoffset");
  if (!offset) return refuse(400, "invalid", "_getpagesoffset: expected a number");
  return kept_page(id, *offset, {}, call.now);
}

}  // namespace bhi::sim
