#include "ehr_sim/page_faults.h"

#include "ehr_sim/json_maker.h"
#include "fhir/bundle.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr std::string_view kRepeat = "sim-again=1";
constexpr std::string_view kEmpty = "sim-empty=1";

std::string own_address(const Request& request) {
  const auto slash = request.base.find('/', 8);
  return request.base.substr(0, slash) + request.path + (request.query.empty() ? "" : "?" + request.query);
}

std::string with_mark(std::string url, std::string_view mark) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url + std::string(mark);
}

bool take_mark(std::string& query, std::string_view mark) {
  const auto at = query.find(mark);
  if (at == std::string::npos) return false;
  query.erase(at, mark.size());
  if (query.ends_with('&')) query.pop_back();
  return true;
}

std::string changed(LinkFault fault, const std::string& next, const Request& request, std::string_view other) {
  switch (fault) {
    case LinkFault::None: break;
    case LinkFault::Loop: return next.empty() ? next : own_address(request);
    case LinkFault::Foreign: {
      const auto slash = std::min(next.find('/', 8), next.size());
      return next.empty() ? next : std::string(other) + next.substr(slash);
    }
    case LinkFault::Twice: return next.empty() ? next : with_mark(own_address(request), kRepeat);
    case LinkFault::Empty: return next.empty() ? with_mark(own_address(request), kEmpty) : next;
  }
  return next;
}

}  // namespace

bool asks_further_page(const Request& request) {
  constexpr std::array kNames = {"_cursor=", "_offset=", "_getpages="};
  return std::ranges::any_of(kNames, [&](const char* name) { return request.query.find(name) != std::string::npos; });
}

bool take_marks(Request& request, bool& is_repeat) {
  is_repeat = take_mark(request.query, kRepeat);
  return take_mark(request.query, kEmpty);
}

Response empty_page(const Request& request) {
  JsonMaker make;
  const Node self =
      make.object({make.member("relation", make.text("self")), make.member("url", make.text(own_address(request)))});
  Response response;
  response.body = fhir::write_json(
      make.object({make.member("resourceType", make.text("Bundle")), make.member("type", make.text("searchset")),
                   make.member("link", make.array({self}))}));
  return response;
}

Response with_link_fault(Response page, const Request& request, LinkFault fault, std::string_view other) {
  const auto document = fhir::read_json(page.body, {.max_depth = 128});
  if (page.status != 200 || !document || fhir::resource_type((*document)->root()) != "Bundle") return page;
  const Node& bundle = (*document)->root();
  JsonMaker make;
  std::string next;
  std::vector<Node> links;
  for (const Node& link : fhir::each(bundle.find("link"))) {
    if (link.text_of("relation") == "next")
      next = link.text_of("url");
    else
      links.push_back(link);
  }
  const std::string wanted = changed(fault, next, request, other);
  if (wanted == next) return page;
  links.push_back(make.object({make.member("relation", make.text("next")), make.member("url", make.text(wanted))}));
  page.body = fhir::write_json(fhir::with(bundle, fhir::intern("link"), make.array(links), make.arena()));
  return page;
}

}  // namespace bhi::sim
