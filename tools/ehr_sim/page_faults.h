// What goes wrong with the pages of a list: links that lead back, elsewhere, or to nothing.
#pragma once

#include "ehr_sim/http_message.h"

#include <string>
#include <string_view>

namespace bhi::sim {

enum class LinkFault {
  None,
  Loop,     // the next link leads to the page itself
  Foreign,  // the next link leads to another host
  Twice,    // the page comes a second time before the next one
  Empty,    // an empty page follows the last one
};

// Is this the request for a further page of a list?
bool asks_further_page(const Request& request);

// The page with its next link changed; unchanged when there is nothing to change. `other`: the origin of Foreign,
// "http://127.0.0.2:9".
Response with_link_fault(Response page, const Request& request, LinkFault fault, std::string_view other);

// Takes out of a request what Twice and Empty put into a link; true when it asks for the empty page.
bool take_marks(Request& request, bool& is_repeat);
Response empty_page(const Request& request);

}  // namespace bhi::sim
