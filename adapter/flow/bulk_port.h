// An EHR's Bulk Data export, as the journey asks it: one call is one request. What to ask next, when, and what to make
// of an answer is decided in bulk_job and bulk. https://hl7.org/fhir/uv/bulkdata/export.html
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "fhir/json.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

// A kick-off. Place below the base with its query, encoded ("Group/1/$export?_type=Patient"); with a body (Parameters)
// it is a POST.
struct BulkAsk {
  std::string place;
  std::string body{};
};

// What an export server said, with the status of the export itself: of X-Export-Status where that is given.
struct BulkAnswer {
  int status = 0;
  std::string location{};                           // Content-Location, as given
  std::string progress{};                           // X-Progress: printable, at most 100 characters
  std::optional<std::int64_t> retry_after_ms{};     // when told, in whatever form
  std::optional<Instant> server_time{}, expires{};  // Date, Expires
  bool transient = false;                           // an OperationOutcome says that this is no end of the export
  std::string reason{};                             // status and issue codes; no texts
  fhir::DocumentPtr body{};                         // JSON; null when there was none, or something else
};

// A download. Nothing of the content is kept here.
struct BulkFile {
  enum class What {
    Whole,    // to its end, as far as the transfer can tell
    Ended,    // the taker wanted no more
    Cut,      // it broke off; again later
    Expired,  // 401, 403, 404 or 410: the manifest has to be asked for a new address
    Later,    // 429, 5xx
    Refused,  // no address for us, or another final answer
  };
  What what = What::Cut;
  std::optional<std::int64_t> retry_after_ms{};
  std::string reason{};
};

// Takes a file's content, unpacked, piece by piece; false: no more.
using TakeBytes = std::function<bool(std::string_view bytes)>;

class BulkExport {
 public:
  virtual ~BulkExport() = default;

  // Errors of these: nothing was sent, or no answer came; another time.
  virtual Result<BulkAnswer> kick_off(const BulkAsk& ask) = 0;
  // A status address or a further manifest: of our own origin, else Forbidden.
  virtual Result<BulkAnswer> ask(std::string_view url) = 0;
  // with_token: the manifest asks for it. It goes to our own origin only, and not along a redirect.
  virtual BulkFile download(std::string_view url, bool with_token, const TakeBytes& take) = 0;
  // The export and its files are needed no longer. 404 counts as done.
  virtual Result<void> remove(std::string_view url) = 0;
};

}  // namespace bhi::flow
