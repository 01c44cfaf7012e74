// base64url without padding, as JOSE writes bytes. https://www.rfc-editor.org/rfc/rfc4648#section-5
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bhi::ehr {

std::string base64url(std::span<const unsigned char> bytes);
std::string base64url(std::string_view bytes);

// The classic alphabet with padding, for `Authorization: Basic`.
std::string base64(std::string_view bytes);

}  // namespace bhi::ehr
