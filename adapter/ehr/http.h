// The one door to libcurl: a request to one EHR, and what is known of its fate.
//
// Every request goes to the origin (scheme, host, port) of the configured base and nowhere else; redirects are not
// followed. What matters most to a caller that writes is told apart: nothing was sent, the answer was lost, answered.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::ehr {

struct HttpSettings {
  std::string base_url;           // "https://ehr.example/fhir/r4"; no user, query or fragment
  bool allow_plain_http = false;  // http beyond the loopback address; data and tokens then travel in the clear
  std::string ca_file{};          // PEM of trusted authorities; empty: the system's
  std::string cert_file{};        // PEM of our certificate for mutual TLS; empty: none is shown
  std::string key_file{};         // PEM of its private key
  std::string proxy{};            // empty: none; the environment's proxy variables are never used
  std::string user_agent{};
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{120'000};
  std::chrono::seconds stalled_timeout{30};            // a transfer that moves less than 16 bytes a second for so long
  std::size_t max_body_bytes = std::size_t{64} << 20;  // of an answer, after decompression
  // Origins besides our own from which a file may be fetched, never with a token: "https://files.example".
  std::vector<std::string> file_origins{};
};

enum class Method { Get, Post, Put, Delete };

std::string_view name(Method method);

struct Request {
  Method method = Method::Get;
  std::string url;                     // absolute, of our origin
  std::vector<std::string> headers{};  // "Name: value"
  std::string bearer{};                // token; empty: none
  std::string body{};
  bool anonymous = false;  // whoever adds the token of the moment must not: the address itself is the permission
  bool elsewhere = false;  // an allowed origin for files will do; never together with a token
  // Takes the body of a 200 piece by piece as it comes; false ends the transfer. The length is then the taker's to
  // limit, and there is no limit of time but that of a stalled transfer.
  std::function<bool(std::string_view)> sink{};
};

struct Response {
  enum class What {
    NotSent,  // no byte of the request left us
    Lost,     // it may have arrived; no whole answer came back
    Answered,
  };
  What what = What::NotSent;
  int status = 0;
  std::string reason;  // why there is no answer: libcurl's words, no address and no data
  std::string body;
  std::string content_type, date, etag, location, last_modified, retry_after, rate_limit;  // headers, as given
  std::string content_location, expires, progress, export_status;                          // the same
};

class Http {
 public:
  // Errors: Incorrect (base_url: not a URL, wrong scheme, plain http beyond loopback, user or query inside), Fault.
  static Result<std::unique_ptr<Http>> open(const HttpSettings& settings);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  const std::string& base() const;  // without a slash at the end

  // A link of an answer, absolute or relative to the base, as an absolute address. Error Forbidden: of another origin,
  // with user information, or no http address at all.
  Result<std::string> same_origin(std::string_view link) const;

  // A link to a file: of our origin or one of the allowed ones, relative to `from` (empty: the base).
  struct Place {
    std::string url;
    bool ours = false;  // our own origin: a token may go there
  };
  Result<Place> file_place(std::string_view link, std::string_view from = {}) const;

  // Safe from any thread; each call takes a handle of the pool. A read may be repeated once by libcurl on a kept
  // connection that turned out dead; a write always opens its own connection, since it must never be sent twice
  // unasked.
  Response send(const Request& request);

 private:
  Http();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The address for messages and logs: path below the host, and names of the query's parameters without their values.
std::string shown(std::string_view url);

}  // namespace bhi::ehr
