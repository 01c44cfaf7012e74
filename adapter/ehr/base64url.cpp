#include "ehr/base64url.h"

namespace bhi::ehr {

namespace {

constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kClassic = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encoded(std::span<const unsigned char> bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  unsigned buffer = 0;
  int bits = 0;
  for (const unsigned char byte : bytes) {
    buffer = (buffer << 8 | byte) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(buffer >> (bits - 6)) & 63];
  }
  if (bits > 0) text += alphabet[(buffer << (6 - bits)) & 63];
  return text;
}

std::span<const unsigned char> bytes_of(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

}  // namespace

std::string base64url(std::span<const unsigned char> bytes) { return encoded(bytes, kUrl); }

std::string base64url(std::string_view bytes) { return encoded(bytes_of(bytes), kUrl); }

std::string base64(std::string_view bytes) {
  std::string text = encoded(bytes_of(bytes), kClassic);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

}  // namespace bhi::ehr
