// Digests: for ids that must not reveal what they were made of, for change detection, for the audit chain.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace bhi {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);

// RFC 2104 with SHA-256.
Digest hmac_sha256(std::string_view key, std::string_view bytes);

// Takes as long for a near miss as for a far one; only the length shows.
bool same_secret(std::string_view a, std::string_view b);

std::string to_hex(std::span<const std::uint8_t> bytes);

// An id of 26 characters (base32, lower case) that is always the same for the same parts and tells nothing of them.
// Parts are length-prefixed before hashing, so {"a","bc"} and {"ab","c"} differ. Valid as a FHIR id.
std::string stable_id(std::initializer_list<std::string_view> parts);

}  // namespace bhi
