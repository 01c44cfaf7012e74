// Texts as FHIRPath counts them: in code points, with the case rules of Unicode.
// https://hl7.org/fhirpath/#string-manipulation All texts are valid UTF-8 (the reader of documents and the lexer see to
// it).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::fhirpath {

std::size_t count_code_points(std::string_view text);
// The byte where code point number `index` begins; text.size() when there are fewer.
std::size_t byte_of_code_point(std::string_view text, std::size_t index);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
// As ~ sees it: lower case, runs of white space as one space.
std::string normalised(std::string_view text);

// Encodings "base64", "urlbase64", "hex"; empty optional: no such encoding, or not an encoded text.
std::optional<std::string> encode(std::string_view text, std::string_view encoding);
std::optional<std::string> decode(std::string_view text, std::string_view encoding);
// Targets "html" and "json"; empty optional: no such target.
std::optional<std::string> escape(std::string_view text, std::string_view target);
std::optional<std::string> unescape(std::string_view text, std::string_view target);

}  // namespace bhi::fhirpath
