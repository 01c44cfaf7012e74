#include "ehr/http.h"

#include "ehr/transfers.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <optional>
#include <utility>

namespace bhi::ehr {

namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10;
constexpr long kStalledBytesPerSecond = 16;
constexpr long kLongestIdleBeforeWrite = 2;  // seconds; servers end idle connections after five at the soonest

struct CurlCloser {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCloser>;

struct UrlCloser {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlCloser>;

struct ListCloser {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListCloser>;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string kept(text);
  curl_free(text);
  return kept;
}

struct Origin {
  std::string scheme, host, port;
  bool operator==(const Origin&) const = default;
};

Origin origin_of(CURLU* url) {
  return {lower(part_of(url, CURLUPART_SCHEME)), lower(part_of(url, CURLUPART_HOST)),
          part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
}

bool is_loopback(std::string_view host) {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (numeric && host.starts_with("127."));
}

// "https://files.example" and nothing behind it.
std::optional<Origin> origin_from(const std::string& text) {
  const UrlHandle url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  return origin_of(url.get());
}

bool has_user(CURLU* url) { return !part_of(url, CURLUPART_USER).empty() || !part_of(url, CURLUPART_PASSWORD).empty(); }

// No `url` in the messages: a pasted address may carry a password.
Result<UrlHandle> parse_base(const HttpSettings& settings) {
  const auto wrong = [](std::string text) { return Error{Kind::Incorrect, "base_url: " + std::move(text)}; };
  UrlHandle url(curl_url());
  if (!url) return Error{Kind::Fault, "base_url: no memory for an address"};
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, settings.base_url.c_str(), 0);
  if (code != CURLUE_OK) return wrong(std::string("expected an absolute http(s) address; ") + curl_url_strerror(code));
  const Origin origin = origin_of(url.get());
  if (origin.scheme != "https" && origin.scheme != "http") return wrong("expected https, found " + origin.scheme);
  if (has_user(url.get())) return wrong("expected no user or password inside; tokens are configured apart");
  if (settings.base_url.find_first_of("?#") != std::string::npos) return wrong("expected no query and no fragment");
  if (origin.scheme == "http" && !is_loopback(origin.host) && !settings.allow_plain_http) {
    return wrong("expected https, found http to a host that is not this machine");
  }
  return url;
}

// What the callbacks fill. They are called from C, so nothing may throw through them.
struct Receiving {
  Response* response = nullptr;
  std::size_t max_body_bytes = 0;
  const std::function<bool(std::string_view)>* sink = nullptr;  // of a 200
  int status = 0;
  std::size_t header_bytes = 0;
  bool too_long = false;
  bool no_memory = false;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) noexcept {
  auto& receiving = *static_cast<Receiving*>(context);
  const std::size_t bytes = size * count;
  if (receiving.sink != nullptr && receiving.status == 200) {
    try {
      return (*receiving.sink)(std::string_view(data, bytes)) ? bytes : 0;
    } catch (...) {
      receiving.no_memory = true;
      return 0;
    }
  }
  // libcurl 7.88 limits neither chunked nor decompressed bodies itself; counting here covers both.
  if (bytes > receiving.max_body_bytes - receiving.response->body.size()) {
    receiving.too_long = true;
    return 0;
  }
  try {
    receiving.response->body.append(data, bytes);
  } catch (...) {
    receiving.no_memory = true;
    return 0;
  }
  return bytes;
}

// A body on its way out: once, and never from the start again.
struct Sending {
  std::string_view left;
};

std::size_t on_send(char* to, std::size_t size, std::size_t count, void* context) noexcept {
  auto& sending = *static_cast<Sending*>(context);
  const std::size_t bytes = std::min(size * count, sending.left.size());
  std::copy_n(sending.left.data(), bytes, to);
  sending.left.remove_prefix(bytes);
  return bytes;
}

struct HeaderField {
  std::string_view name;
  std::string Response::*field;
};
constexpr std::array kHeaders = std::to_array<HeaderField>({
    {"content-location", &Response::content_location},
    {"content-type", &Response::content_type},
    {"date", &Response::date},
    {"etag", &Response::etag},
    {"expires", &Response::expires},
    {"last-modified", &Response::last_modified},
    {"location", &Response::location},
    {"ratelimit", &Response::rate_limit},
    {"retry-after", &Response::retry_after},
    {"x-export-status", &Response::export_status},
    {"x-progress", &Response::progress},
});

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) noexcept {
  auto& receiving = *static_cast<Receiving*>(context);
  const std::size_t bytes = size * count;
  receiving.header_bytes += bytes;
  if (receiving.header_bytes > kMaxHeaderBytes) {
    receiving.too_long = true;
    return 0;
  }
  try {
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) {  // a new block of headers, after "100 Continue": forget those before it
      for (const HeaderField& header : kHeaders) (receiving.response->*header.field).clear();
      receiving.status = line.substr(std::min(line.find(' '), line.size())).starts_with(" 200") ? 200 : 0;
      return bytes;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bytes;
    const std::string header_name = lower(trimmed(line.substr(0, colon)));
    for (const HeaderField& header : kHeaders) {
      if (header.name == header_name) receiving.response->*header.field = trimmed(line.substr(colon + 1));
    }
  } catch (...) {
    receiving.no_memory = true;
    return 0;
  }
  return bytes;
}

// A header that would end early, or hold another one, is ours to refuse.
bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

std::string_view name(Method method) {
  switch (method) {
    case Method::Get: return "GET";
    case Method::Post: return "POST";
    case Method::Put: return "PUT";
    case Method::Delete: return "DELETE";
  }
  return "GET";
}

std::string shown(std::string_view url) {
  if (const std::size_t host = url.find("://"); host != std::string_view::npos) {
    const std::size_t path = url.find_first_of("/?", host + 3);
    url = path == std::string_view::npos ? "/" : url.substr(path);
  }
  url = url.substr(0, url.find('#'));
  const std::size_t question = url.find('?');
  std::string text(url.substr(0, question));
  if (question == std::string_view::npos) return text;
  std::string_view query = url.substr(question + 1);
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    text += separator;
    text += parameter.substr(0, parameter.find('='));
    separator = '&';
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return text;
}

struct Http::Parts {
  HttpSettings settings;
  std::string base;
  UrlHandle base_url;
  Origin origin;
  std::mutex mutex;
  std::vector<CurlHandle> idle;

  CurlHandle take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return CurlHandle(curl_easy_init());
    CurlHandle handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }

  void give_back(CurlHandle handle) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }

  std::vector<Origin> file_origins;

  Result<UrlHandle> parse(std::string_view link, bool elsewhere = false, std::string_view from = {}) const;
  void prepare(CURL* handle, const Request& request, const Origin& to) const;
};

Result<UrlHandle> Http::Parts::parse(std::string_view link, bool elsewhere, std::string_view from) const {
  UrlHandle url(curl_url_dup(base_url.get()));
  if (!url) return Error{Kind::Fault, "no memory for an address"};
  const std::string text(link);
  // A path that ends in a slash, so that a relative link stays below the base.
  const bool placed = from.empty()
                          ? curl_url_set(url.get(), CURLUPART_PATH,
                                         (part_of(base_url.get(), CURLUPART_PATH) + "/").c_str(), 0) == CURLUE_OK
                          : curl_url_set(url.get(), CURLUPART_URL, std::string(from).c_str(), 0) == CURLUE_OK;
  const bool set = placed && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) == CURLUE_OK;
  if (!set || text.empty() || text.find('\0') != std::string::npos) {
    return Error{Kind::Forbidden, "a link that is no http address is not followed"};
  }
  if (has_user(url.get())) return Error{Kind::Forbidden, "a link with user information is not followed"};
  const Origin found = origin_of(url.get());
  const bool allowed = elsewhere && std::ranges::find(file_origins, found) != file_origins.end();
  if (found != origin && !allowed) {
    return Error{Kind::Forbidden, "a link to another origin is not followed: expected " + origin.scheme + "://" +
                                      origin.host + ":" + origin.port};
  }
  return url;
}

void Http::Parts::prepare(CURL* handle, const Request& request, const Origin& to) const {
  curl_easy_reset(handle);  // keeps connections, sessions and resolved names
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, to.scheme.c_str());
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!settings.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, settings.ca_file.c_str());
  if (!settings.cert_file.empty() && to == origin) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, settings.cert_file.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, settings.key_file.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_PROXY, settings.proxy.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count()));
  if (!request.sink) {
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.total_timeout.count()));
  }
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kStalledBytesPerSecond);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stalled_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(handle, CURLOPT_USERAGENT, settings.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);

  if (request.method == Method::Get) return;
  if (request.method == Method::Delete) {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "DELETE");
    return;
  }
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  if (request.method == Method::Put) curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT");
  // On a kept connection that dies before the first byte of the answer libcurl would send the request again by itself.
  // For a create that may be the second one. It cannot where the body comes from a callback that nobody can rewind:
  // then the answer is lost, and whoever sent it looks it up. So that this is rare, only a connection of just now is
  // reused.
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_send);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, kLongestIdleBeforeWrite);
}

Http::Http() : parts_(std::make_unique<Parts>()) {}
Http::~Http() = default;

const std::string& Http::base() const { return parts_->base; }

Result<std::unique_ptr<Http>> Http::open(const HttpSettings& settings) {
  start_libcurl();
  BHI_TRY(UrlHandle url, parse_base(settings));
  std::string path = part_of(url.get(), CURLUPART_PATH);
  while (path.ends_with('/')) path.pop_back();
  if (curl_url_set(url.get(), CURLUPART_PATH, path.c_str(), 0) != CURLUE_OK) {
    return Error{Kind::Incorrect, "base_url: expected a path that can be written in an address"};
  }
  auto http = std::unique_ptr<Http>(new Http);
  Parts& parts = *http->parts_;
  parts.settings = settings;
  parts.origin = origin_of(url.get());
  parts.base = part_of(url.get(), CURLUPART_URL);
  while (parts.base.ends_with('/')) parts.base.pop_back();
  parts.base_url = std::move(url);
  for (const std::string& text : settings.file_origins) {
    const auto origin = origin_from(text);
    const bool plain = origin && origin->scheme == "http" && !is_loopback(origin->host) && !settings.allow_plain_http;
    if (!origin || (origin->scheme != "https" && origin->scheme != "http") || plain) {
      return Error{Kind::Incorrect, "file_origins: expected https addresses (http is for this machine)"};
    }
    parts.file_origins.push_back(*origin);
  }
  return http;
}

Result<std::string> Http::same_origin(std::string_view link) const {
  BHI_TRY(const UrlHandle url, parts_->parse(link));
  return part_of(url.get(), CURLUPART_URL);
}

Result<Http::Place> Http::file_place(std::string_view link, std::string_view from) const {
  BHI_TRY(const UrlHandle url, parts_->parse(link, true, from));
  return Place{part_of(url.get(), CURLUPART_URL), origin_of(url.get()) == parts_->origin};
}

Response Http::send(const Request& request) {
  const auto not_sent = [](std::string reason) {
    Response response;
    response.reason = std::move(reason);
    return response;
  };
  auto url = parts_->parse(request.url, request.elsewhere);
  if (!url) return not_sent(url.error().message);
  const Origin to = origin_of(url->get());
  if (to != parts_->origin && !request.bearer.empty()) return not_sent("a token is not sent to another origin");
  if (!is_one_line(request.bearer)) return not_sent("the token holds a control character");
  if (!std::ranges::all_of(request.headers, is_one_line)) return not_sent("a header holds a control character");

  HeaderList headers;
  const auto add = [&headers](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) return false;
    static_cast<void>(headers.release());
    headers.reset(longer);
    return true;
  };
  bool added = add("Expect:");  // no waiting for "100 Continue"
  for (const std::string& line : request.headers) added = added && add(line);
  if (!request.bearer.empty()) added = added && add("Authorization: Bearer " + request.bearer);
  CurlHandle handle = parts_->take();
  if (!handle || !added) return not_sent("no memory for a request");

  Response response;
  Receiving receiving{.response = &response,
                      .max_body_bytes = parts_->settings.max_body_bytes,
                      .sink = request.sink ? &request.sink : nullptr};
  std::array<char, CURL_ERROR_SIZE> ignored{};  // libcurl's long text names hosts and paths; the short one does not
  parts_->prepare(handle.get(), request, to);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, ignored.data());
  curl_easy_setopt(handle.get(), CURLOPT_CURLU, url->get());  // exactly what was checked, not parsed a second time
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &receiving);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &receiving);
  Sending sending{request.body};
  curl_easy_setopt(handle.get(), CURLOPT_READDATA, &sending);

  const CURLcode code = perform(handle.get());
  long sent_bytes = 0;
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_REQUEST_SIZE, &sent_bytes);
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_reset(handle.get());  // no pointer into this call stays behind
  parts_->give_back(std::move(handle));

  response.status = static_cast<int>(status);
  if (code == CURLE_OK) {
    response.what = Response::What::Answered;
    return response;
  }
  response.what = sent_bytes > 0 ? Response::What::Lost : Response::What::NotSent;
  response.body.clear();
  response.reason = receiving.too_long
                        ? "the answer is longer than " + std::to_string(receiving.max_body_bytes) + " bytes"
                    : receiving.no_memory ? "no memory for the answer"
                                          : curl_easy_strerror(code);
  // With TLS 1.3 a server says only after the handshake that it misses a certificate, by ending the connection.
  const bool ended = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  if (ended && request.url.starts_with("https:") && parts_->settings.cert_file.empty()) {
    response.reason += "; a server that wants a certificate of ours for mutual TLS (tls.cert_file) does so too";
  }
  return response;
}

}  // namespace bhi::ehr
