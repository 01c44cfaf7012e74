#include "base/result.h"

namespace bhi {

std::string_view name(Kind kind) {
  switch (kind) {  // no default: the compiler reports a forgotten kind
    case Kind::Incorrect: return "incorrect";
    case Kind::Forbidden: return "forbidden";
    case Kind::NotFound: return "not-found";
    case Kind::Conflict: return "conflict";
    case Kind::Busy: return "busy";
    case Kind::Fault: return "fault";
    case Kind::Unsupported: return "unsupported";
    case Kind::Unavailable: return "unavailable";
  }
  return "fault";
}

int http_status(Kind kind) {
  switch (kind) {
    case Kind::Incorrect: return 400;
    case Kind::Forbidden: return 403;
    case Kind::NotFound: return 404;
    case Kind::Conflict: return 409;
    case Kind::Busy: return 429;
    case Kind::Fault: return 500;
    case Kind::Unsupported: return 501;
    case Kind::Unavailable: return 503;
  }
  return 500;
}

}  // namespace bhi
