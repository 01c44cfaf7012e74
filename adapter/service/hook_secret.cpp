#include "service/hook_secret.h"

#include "base/hash.h"
#include "service/ehr_auth.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::size_t kLeastLength = 22;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_authorization(const SubscriptionSettings& settings) { return lower(settings.header) == "authorization"; }

// A field that stands there twice proves nothing.
std::string_view only_field(const http::Request& request, std::string_view name) {
  return request.count(name) == 1 ? request.field(name).value_or("") : std::string_view();
}

bool header_holds(const SubscriptionSettings& settings, const http::Request& request, const std::string& secret) {
  const auto value = only_field(request, lower(settings.header));
  if (!is_authorization(settings)) return same_secret(value, secret);
  constexpr std::string_view kScheme = "bearer ";
  return lower(value.substr(0, kScheme.size())) == kScheme && same_secret(value.substr(kScheme.size()), secret);
}

bool is_signed(const SubscriptionSettings& settings, const http::Request& request, const std::string& secret) {
  const std::string expected = to_hex(hmac_sha256(secret, request.body));
  if (settings.secret_place == SecretPlace::Signature) {
    return same_secret(lower(only_field(request, "x-signature")), expected);
  }
  constexpr std::array<std::string_view, 2> kFields = {"x-hub-signature", "x-hub-signature-256"};
  return std::ranges::any_of(kFields, [&](std::string_view field) {
    return same_secret(lower(only_field(request, field)), "sha256=" + expected);
  });
}

}  // namespace

Result<std::string> read_hook_secret(const std::string& file) {
  BHI_TRY(auto secret, read_secret(file));
  if (secret.size() < kLeastLength || !std::ranges::all_of(secret, is_letter)) {
    return Error{Kind::Incorrect, "expected one line of at least 22 letters, digits and -._~+/=, found something else"};
  }
  return secret;
}

std::string secret_header(const SubscriptionSettings& settings, const std::string& secret) {
  if (secret.empty() || settings.secret_place != SecretPlace::Header) return {};
  return settings.header + ": " + (is_authorization(settings) ? "Bearer " : "") + secret;
}

Result<bool> proves(const SubscriptionSettings& settings, const http::Request& request) {
  if (settings.secret_file.empty()) return false;
  const auto read = read_hook_secret(settings.secret_file);
  if (!read.ok()) return Error{Kind::Fault, "the secret's file: " + read.error().message};  // ours to mend
  const std::string& secret = *read;
  const bool holds = settings.secret_place == SecretPlace::Header ? header_holds(settings, request, secret)
                                                                  : is_signed(settings, request, secret);
  if (holds) return true;
  return Error{Kind::Forbidden, "the notification does not show the secret that was agreed"};
}

}  // namespace bhi::service
