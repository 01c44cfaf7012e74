#include "ehr/token_source.h"

#include "base/fibers.h"
#include "ehr/answer.h"
#include "ehr/base64url.h"
#include "ehr/client_assertion.h"
#include "ehr/headers.h"
#include "fhir/json.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace bhi::ehr {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kUsualLife{300};     // when the server does not say
constexpr milliseconds kReserve{10s};  // a request under way may arrive late
constexpr milliseconds kDiscovered{1h};
constexpr milliseconds kFirstRest{1s};
constexpr milliseconds kMostRest{60s};
constexpr milliseconds kFirstPark{5min};
constexpr milliseconds kMostPark{1h};
constexpr seconds kToleratedSkew{30};
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// application/x-www-form-urlencoded; what needs no escape is kept.
std::string escaped(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string error_code(const Response& response) {
  auto document = fhir::read_json(response.body, {.max_depth = 16, .max_bytes = 65'536, .max_values = 1000});
  if (!document) return {};
  const std::string code((*document)->root().text_of("error"));
  const bool is_code = code.size() <= 40 && std::ranges::all_of(code, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
                       });
  return is_code ? code : std::string();
}

Error unavailable(std::string text) { return {Kind::Unavailable, "no token: " + std::move(text)}; }

std::string advice(std::string_view code) {
  if (code == "invalid_scope") return "; the scopes asked for are not all registered, see auth.scopes";
  if (code == "invalid_client") return "; the client id, the registered key set or the secret do not match";
  if (code == "unauthorized_client") return "; the client is not registered for client_credentials";
  return {};
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

void say(const std::string& source, const std::string& text) {
  if (const auto logger = spdlog::get("ehr")) logger->warn("{}: {}", source, text);
}

}  // namespace

TokenSource::TokenSource(TokenSettings settings, TokenWorld world)
    : settings_(std::move(settings)), world_(std::move(world)) {}

Result<std::string> TokenSource::token() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const milliseconds now = world_.steady();
    const bool good = !token_.empty() && now < end_;
    if (good && (now < renew_at_ || fetching_ || now < quiet_until_)) return token_;
    if (!fetching_) {
      if (!good && now < quiet_until_) return failure_.value_or(unavailable("waiting"));
      fetching_ = true;
      lock.unlock();
      auto fetched = [this] {
        const StayHere here;  // others of this thread may wait for it below
        return fetch();
      }();
      lock.lock();
      keep(std::move(fetched), now);
      fetching_ = false;
      settled_.notify_all();
      // A token just fetched is used however short its life: there will be no better one.
      if (!failure_) return token_;
      if (!token_.empty() && world_.steady() < end_) return token_;
      return *failure_;
    }
    settled_.wait(lock, [this] { return !fetching_; });
  }
}

void TokenSource::keep(Result<Fetched> fetched, milliseconds asked) {
  const milliseconds now = world_.steady();
  if (!fetched) {
    failure_ = std::move(fetched).error();
    ++failures_;
    const auto rest = std::min(kMostRest, kFirstRest * (1 << std::min(failures_ - 1, 6)));
    quiet_until_ = now + std::max(rest, told_to_wait_.value_or(milliseconds{0}));
    return;
  }
  const milliseconds life = fetched->life;
  const milliseconds usual = std::max<milliseconds>(60s, life / 5);
  const milliseconds margin = std::min(settings_.margin ? milliseconds(*settings_.margin) : usual, life / 2);
  token_ = std::move(fetched->token);
  granted_ = std::move(fetched->granted);
  // Counted from before the question: the server's count cannot have begun earlier.
  dies_ = asked + life;
  end_ = dies_ - std::min(kReserve, life / 4);
  renew_at_ = std::min(dies_ - margin, end_);
  failure_.reset();
  failures_ = 0;
  // After a refusal the next token is for a try; while the EHR is left alone nothing is sent.
}

void TokenSource::refused(std::string_view token) {
  const std::lock_guard lock(mutex_);
  if (token_.empty() || token != token_) return;  // an older one: somebody has seen to it already
  token_.clear();
  ++refusals_;
  if (refusals_ < 2) return;
  const milliseconds park = std::min(kMostPark, kFirstPark * (1 << std::min(refusals_ - 2, 4)));
  quiet_until_ = world_.steady() + park;
  failure_ = Error{Kind::Unavailable, "parked: the EHR answers 401 to a token it has just given; tried again in " +
                                          std::to_string(std::chrono::duration_cast<seconds>(park).count()) + " s"};
  say(settings_.source, failure_->message);
}

void TokenSource::worked(std::string_view token) {
  const std::lock_guard lock(mutex_);
  if (token == token_) refusals_ = 0;
}

Result<SmartConfiguration> TokenSource::where() {
  {
    const std::lock_guard lock(mutex_);
    if (found_ && world_.steady() < find_again_) return *found_;
  }
  SmartConfiguration found;
  auto asked = world_.discover();
  if (asked) {
    found = *std::move(asked);
  } else {
    // With an address of the configuration the rest is only good to know.
    if (settings_.token_url.empty()) return std::move(asked).error();
    found.said_by = "the configuration";
  }
  if (!settings_.token_url.empty()) {
    found.token_endpoint = settings_.token_url;
    found.said_by = "the configuration";
  }
  const std::lock_guard lock(mutex_);
  found_ = found;
  find_again_ = world_.steady() + kDiscovered;
  return found;
}

Result<std::string> TokenSource::form_for(const SmartConfiguration& where, seconds offset,
                                          std::vector<std::string>& headers) {
  std::string form = "grant_type=client_credentials";
  if (!asked_.empty()) form += "&scope=" + escaped(asked_);
  if (settings_.how == ClientAuth::PrivateKey) {
    BHI_TRY(const SigningKey key, world_.key());
    BHI_TRY(std::string jti, world_.id());
    BHI_TRY(const std::string assertion, client_assertion(key, {.client_id = settings_.client_id,
                                                                .token_url = where.token_endpoint,
                                                                .jti = std::move(jti),
                                                                .jku = settings_.jku,
                                                                .now = world_.wall() + offset}));
    return form + "&client_assertion_type=" + escaped(kJwtBearer) + "&client_assertion=" + assertion;
  }
  BHI_TRY(const std::string secret, world_.secret());
  if (settings_.how == ClientAuth::SecretPost) {
    return form + "&client_id=" + escaped(settings_.client_id) + "&client_secret=" + escaped(secret);
  }
  // https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: both are escaped before they are joined.
  headers.push_back("Authorization: Basic " + base64(escaped(settings_.client_id) + ":" + escaped(secret)));
  return form;
}

Result<TokenSource::Fetched> TokenSource::fetch() {
  BHI_TRY(const SmartConfiguration place, where());
  seconds offset{0};
  {
    const std::lock_guard lock(mutex_);
    const ScopeVersion version =
        settings_.version.value_or(place.v2 && !place.v1 ? ScopeVersion::V2 : ScopeVersion::V1);
    asked_ = settings_.scopes.empty() ? scopes_for(settings_.lanes, version, settings_.more_scopes)
                                      : scopes_for({}, version, settings_.scopes);
    if (skew_ && std::chrono::abs(*skew_) > kToleratedSkew) offset = *skew_;
    told_to_wait_.reset();
  }
  bool again = false;
  auto fetched = ask(place, offset, again);
  if (fetched || !again) return fetched;
  seconds theirs{0};
  {
    const std::lock_guard lock(mutex_);
    theirs = skew_.value_or(seconds{0});
  }
  return ask(place, theirs, again);
}

Result<TokenSource::Fetched> TokenSource::ask(const SmartConfiguration& where, seconds offset,
                                              bool& again_with_their_time) {
  std::vector<std::string> headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"};
  auto form = form_for(where, offset, headers);
  if (!form) return unavailable(form.error().message);
  const Response response = world_.post(where.token_endpoint, headers, *form);
  if (response.what != Response::What::Answered) {
    return unavailable("the token endpoint does not answer: " + response.reason);
  }
  const auto date = http_date(response.date);
  const bool was_told = again_with_their_time;
  again_with_their_time = false;
  std::string clocks;
  {
    const std::lock_guard lock(mutex_);
    if (date) skew_ = std::chrono::round<seconds>(*date - world_.wall());
    if (const auto wait = wait_ms(response.retry_after, response.rate_limit, date)) told_to_wait_ = milliseconds(*wait);
    if (response.status == 404 || response.status == 405 || response.status == 410) found_.reset();
    if (skew_ && std::chrono::abs(*skew_) > kToleratedSkew) {
      clocks = "; its clock is " + std::to_string(std::chrono::abs(*skew_).count()) + " s " +
               (skew_->count() > 0 ? "ahead of" : "behind") + " ours";
      again_with_their_time = !was_told && skew_ != offset && settings_.how == ClientAuth::PrivateKey;
    }
  }
  if (response.status != 200) {
    const std::string code = error_code(response);
    again_with_their_time = again_with_their_time && (code == "invalid_client" || code == "invalid_grant");
    const std::string text = "the token endpoint answers " + std::to_string(response.status) +
                             (code.empty() ? "" : " " + code) + advice(code) + clocks;
    if (again_with_their_time) say(settings_.source, text + "; asking once more by its clock");
    return unavailable(text);
  }
  again_with_their_time = false;
  auto document = fhir::read_json(response.body, {.max_depth = 16, .max_bytes = 1u << 20, .max_values = 10'000});
  if (!document) return unavailable("the token endpoint answers 200 with something that is no JSON object");
  const fhir::Node& root = (*document)->root();
  Fetched fetched;
  fetched.token = root.text_of("access_token");
  if (!is_token(fetched.token)) return unavailable("the token endpoint answers 200 without an access_token");
  std::string type(root.text_of("token_type"));
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (type != "bearer") return unavailable("expected token_type bearer, found another");
  long long life = kUsualLife.count();
  if (const fhir::Node* expires = root.find("expires_in"); expires != nullptr && !expires->is_null()) {
    const std::string_view digits = expires->text();  // some servers quote the number
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), life);
    if (error != std::errc() || life <= 0 || (end != digits.data() + digits.size() && *end != '.')) {
      return unavailable("expires_in: expected a number of seconds above 0");
    }
  }
  fetched.life = seconds(std::min<long long>(life, 86'400));
  const fhir::Node* scope = root.find("scope");
  // Not said means: as asked (RFC 6749, 5.1).
  fetched.granted = scope != nullptr && scope->is_string() ? std::string(scope->text()) : asked_;
  return fetched;
}

std::optional<Grant> TokenSource::grant() const {
  const std::lock_guard lock(mutex_);
  if (dies_.count() == 0) return std::nullopt;
  return Grant(granted_);
}

ScopeVersion TokenSource::scope_version() const {
  const std::lock_guard lock(mutex_);
  return settings_.version.value_or(found_ && found_->v2 && !found_->v1 ? ScopeVersion::V2 : ScopeVersion::V1);
}

TokenState TokenSource::state() const {
  const std::lock_guard lock(mutex_);
  TokenState state;
  state.have = !token_.empty() && world_.steady() < end_;
  state.left = std::chrono::floor<seconds>(std::max(milliseconds{0}, dies_ - world_.steady()));
  if (found_) state.token_endpoint = found_->token_endpoint, state.said_by = found_->said_by;
  state.asked = asked_;
  state.granted = granted_;
  state.skew = skew_;
  if (failure_) state.problem = failure_->message;
  return state;
}

}  // namespace bhi::ehr
