// How a server behaves where the standard leaves room: ids and versions, paging, preconditions, limits. One struct,
// filled from one table, so that a server of another kind is a row. The defaults are those of the plain simulator.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace bhi::sim {

enum class Ids { Hashed, Uuid, Counted };

// What PUT may create.
enum class ClientIds {
  Any,
  Named,  // not those of digits alone: the server gives such ids itself
  None,   // an unknown id is 404, one of another form 400
};

enum class Paging {
  Cursor,    // a snapshot behind `_cursor`
  Offset,    // `_offset` counts into what matches at that moment: pages drift while data change
  SearchId,  // a snapshot behind `_getpages` at the base, good for `page_life`
};

struct Manners {
  Ids ids = Ids::Hashed;
  bool uuid_versions = false;  // opaque and without order, instead of 1, 2, 3
  ClientIds client_ids = ClientIds::Any;
  bool meta_last = false;         // id and meta stand at the end of a resource
  bool cuts_zeros = false;        // 1.50 comes back as 1.5
  bool time_may_go_back = false;  // meta.lastUpdated follows the clock even backwards

  Paging paging = Paging::Cursor;
  std::size_t usual_page = 50;
  std::size_t largest_page = 1000;
  std::size_t most_offset = 0;           // 0: no limit; beyond it 400
  std::chrono::seconds page_life{0};     // 0: until many newer searches were made
  std::chrono::seconds search_reuse{0};  // the same search again is answered from what it found so long ago,
                                         // unless the client says Cache-Control: no-cache
  bool total = true;                     // false: only with _total=accurate

  bool unchanged_put_is_none = false;  // a PUT that changes nothing makes no version
  int deleted_status = 204;            // of DELETE; 200 has a body
  int stale_status = 412;              // If-Match that does not fit
  std::string_view stale_code = "conflict";
  bool ignores_unquoted_if_match = false;  // and overwrites
  bool not_modified = true;                // 304 for If-None-Match on a read
  bool head = true;                        // false: HEAD is 404
  bool ignores_accept = false;             // JSON whatever was asked for
  bool outcome_wanted = true;              // Prefer: return=OperationOutcome is kept
  bool bare_locations = false;             // in answers to a Bundle: relative, without version, no etag
  bool transactions_as_batch = false;      // each entry for itself, 200 for the whole
  bool respond_async = false;              // of a Bundle: 202 and an address to ask
  std::size_t most_body = 0;               // bytes; 0: what the sockets allow; more is 400
  bool strict_tokens = true;               // false: any token error is 400 invalid_request, jti may come again

  // What a request costs of the budget of a minute (Profile::calls_per_minute).
  int search_cost = 1;
  int write_cost = 1;
  int read_cost = 1;
  bool rate_limit_header = false;  // 429 with RateLimit, still without Retry-After
};

}  // namespace bhi::sim
