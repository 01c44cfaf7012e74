#include "service/access.h"

#include <algorithm>

namespace bhi::service {

namespace {

// Takes as long for a near miss as for a far one.
bool equal(const Digest& a, const Digest& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

bool is_bearer(std::string_view text) {
  constexpr std::string_view kScheme = "bearer ";
  if (text.size() <= kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return false;
  }
  return true;
}

// "localhost:8080", "127.0.0.1", "[::1]:8080": what a program on this machine calls us.
bool is_loopback_name(std::string_view host) {
  const auto end = host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  const std::string_view name = host.substr(0, end);
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

Result<Caller> Access::identify(const http::Request& request) const {
  const auto given = request.field("authorization");
  if (!given && tokens_.empty()) {
    // A web page that somebody on this machine has open could speak in their name; only with a token it cannot.
    if (request.field("origin"))
      return Error{Kind::Forbidden, "requests of a web page need a token, and none is configured"};
    if (!is_loopback_name(request.field("host").value_or("localhost")))  // a name that somebody else made point here
      return Error{Kind::Forbidden, "Host: expected localhost, or a token; none is configured"};
    return Caller{"local", true, Role::Operator, {}, {}};
  }
  if (!given) return Error{Kind::Forbidden, "a token is required: 'Authorization: Bearer <token>'"};
  if (request.count("authorization") > 1 || !is_bearer(*given)) {
    return Error{Kind::Forbidden, "expected one 'Authorization: Bearer <token>'"};
  }
  // Only digests are compared, and all of them: neither a token's text nor its place in the list shows in the time
  // taken.
  const auto digest = sha256(given->substr(7));
  const TokenSettings* known = nullptr;
  for (const auto& token : tokens_) {
    if (equal(token.hash, digest)) known = &token;
  }
  if (known == nullptr) return Error{Kind::Forbidden, "the token is not known here"};
  return Caller{known->name, false, known->role, known->source, known->member};
}

}  // namespace bhi::service
