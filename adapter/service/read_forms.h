// The site's own forms (care/site_map.h), from a file in YAML or JSON: a list with an entry for each instrument in a
// form.
//
//   - questionnaire: http://clinic.example/Questionnaire/mood   # "|2" behind it: only this version
//     instrument: phq-9
//     items: {q1: 1, q2: 2, sum: total}                         # linkId: number in the instrument, or total
//
// `items` may be absent: then the questions are told by their codes and words. Every mistake is a line of its own:
//   forms.yaml:3:13: forms[0].items.q1: phq-9 has no item 12
#pragma once

#include "base/result.h"
#include "care/site_map.h"

#include <string>
#include <string_view>

namespace bhi::service {

// `file` is for messages. Error Incorrect: one line per mistake.
Result<care::SiteMap> read_forms(std::string_view text, std::string_view file);

// Reads the file first. Error Unavailable: it cannot be read. An empty name: no forms.
Result<care::SiteMap> load_forms(const std::string& file);

}  // namespace bhi::service
