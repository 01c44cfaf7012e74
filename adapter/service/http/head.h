// The head of an HTTP/1.1 request, read strictly: what can be understood in two ways is refused, so that no proxy
// before us and we can disagree where a request ends. https://www.rfc-editor.org/rfc/rfc9112
#pragma once

#include "service/http/message.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace bhi::service::http {

// Why a request is not served: 400, 408, 413, 414, 417, 431, 501, 503, 505. The connection is closed afterwards.
struct Refusal {
  int status = 400;
  std::string text;  // never repeats what was sent
};

struct Framing {
  enum class Body : std::uint8_t { None, Length, Chunked };
  Body body = Body::None;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct Head {
  Request request;
  Framing framing;
};

// `text` begins with the request line and ends with the empty line.
// Refused: bare CR or LF, folded lines, white space before a colon, control characters, more than 100 fields, no or
// several Host, both lengths, several or broken lengths, unknown transfer codings, an encoded slash or NUL or bad UTF-8
// in the path.
std::variant<Head, Refusal> parse_head(std::string_view text);

// Size line of a chunk without its CRLF ("1a;ext=1"). Empty when it is not one, or beyond 2^32.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line);

}  // namespace bhi::service::http
