// escape(source, from, to): a text whose own content is escaped in one way, escaped in another.
// https://hl7.org/fhir/R5/codesystem-map-transform.html names plain, java, xml and json, the mapping guide also html;
// neither says more, and no other engine has it. Our reading:
//
//   plain (or text)  nothing is escaped
//   json             \" \\ \/ \b \f \n \r \t \uXXXX; written: what JSON demands, all else stays UTF-8
//   java             as json, and \' \s and octal; written: everything beyond ASCII as \uXXXX
//   xml              &amp; &lt; &gt; &quot; &apos; &#1; &#x1;
//   html             as xml, and &nbsp;; an & that begins none of these is itself; ' is written &#39;
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace bhi::mapping {

bool is_escape_format(std::string_view name);

// Error (Incorrect): the text is not escaped as `from` demands, or holds NUL then; a format is not known.
Result<std::string> escape_text(std::string_view text, std::string_view from, std::string_view to);

}  // namespace bhi::mapping
