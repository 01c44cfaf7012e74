// A site's own forms: which question of which questionnaire is which item of an instrument. For forms whose questions
// have neither code nor recognisable text; a linkId means something only together with its questionnaire.
#pragma once

#include "care/model.h"

#include <span>
#include <string>
#include <vector>

namespace bhi::care {

struct SiteItem {
  std::string questionnaire;  // canonical; a version behind "|" must match, without one any version does
  std::string link_id;        // empty: the row names the form only
  std::string instrument;     // "who-5"
  int n = 0;                  // number in the instrument; 0: the stated total
  bool operator==(const SiteItem&) const = default;
};

using SiteMap = std::vector<SiteItem>;

// The report with our codes added where the map names a question. Nothing is taken away; a row for an instrument or an
// item that does not exist adds nothing (wrong_rows() finds it when the configuration is read).
ScreeningReport with_site_codes(ScreeningReport report, std::span<const SiteItem> map);

// What is wrong with a map, one sentence a row: unknown instrument, unknown item, the same question twice.
std::vector<std::string> wrong_rows(std::span<const SiteItem> map);

}  // namespace bhi::care
