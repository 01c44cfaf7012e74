#include "service/options_bulk.h"

#include "base/instant.h"
#include "service/option_texts.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace bhi::service {

namespace {

using E = SourceSettings;

Option row(const std::string& name, std::string_view fallback, std::string expected, std::string meaning, Set<E> set) {
  return option_row<E>("sources[].bulk." + name, fallback, std::move(expected), std::move(meaning), std::move(set));
}

template <typename Value>
using Words = std::vector<std::pair<std::string_view, Value>>;

template <typename Value>
Option choice(std::string name, std::string_view fallback, std::string meaning, Value BulkOptions::*at,
              Words<Value> words) {
  std::string expected = "one of";
  for (const auto& [word, value] : words) expected += (word == words.front().first ? " " : ", ") + std::string(word);
  return row(name, fallback, std::move(expected), std::move(meaning),
             [at, words = std::move(words)](E& source, const Texts& texts) {
               const auto found = std::ranges::find(words, texts.front(), [](const auto& pair) { return pair.first; });
               if (found == words.end()) return false;
               source.bulk.*at = found->second;
               return true;
             });
}

Option number(std::string name, std::string_view fallback, std::string meaning, int BulkOptions::*at, int least,
              int most) {
  return row(name, fallback, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
             std::move(meaning), [=](E& source, const Texts& texts) {
               int value = 0;
               if (!read_number(texts.front(), value) || value < least || value > most) return false;
               source.bulk.*at = value;
               return true;
             });
}

Option list(std::string name, std::string expected, std::string meaning, std::vector<std::string> BulkOptions::*at,
            bool (*accepts)(std::string_view)) {
  Option option = row(std::move(name), "", std::move(expected), std::move(meaning), [=](E& source, const Texts& texts) {
    if (!std::ranges::all_of(texts, accepts)) return false;
    source.bulk.*at = texts;
    return true;
  });
  option.list = true;
  return option;
}

Option text(std::string name, std::string expected, std::string meaning, std::string BulkOptions::*at,
            bool (*accepts)(std::string_view)) {
  return row(name, "", std::move(expected), std::move(meaning), [=](E& source, const Texts& texts) {
    if (!accepts(texts.front())) return false;
    source.bulk.*at = texts.front();
    return true;
  });
}

bool is_instant(std::string_view value) { return instant_from(value).has_value(); }

// "https://files.example": nothing behind host and port.
bool is_origin(std::string_view value) {
  const auto host = value.find("://");
  return is_base_url(value) && value.find('/', host + 3) == std::string_view::npos;
}

}  // namespace

std::vector<Option> bulk_options() {
  return {
      choice<BulkUse>("use", "off",
                      "Bulk Data export: `first-load` loads everything by one export, then polling goes on behind it; "
                      "`only` exports again and again and never polls these types",
                      &BulkOptions::use,
                      {{"off", BulkUse::Off}, {"first-load", BulkUse::FirstLoad}, {"only", BulkUse::Only}}),
      choice<flow::BulkLevel>("level", "group",
                              "whose records: of a `group`, of every `patient`, or all of the `system`",
                              &BulkOptions::level,
                              {{"group", flow::BulkLevel::Group},
                               {"patient", flow::BulkLevel::Patient},
                               {"system", flow::BulkLevel::System}}),
      text("group", "a name of letters, digits, '-', '_', '.', at most 64 characters",
           "id of the Group at the EHR; `cohort.group` when not given", &BulkOptions::group, is_name),
      list("types", "a list of FHIR R4 resource types", "types to export; `types` of the source when not given",
           &BulkOptions::types, is_resource_type),
      text("since", "a FHIR date, dateTime or instant", "the first export leaves out what has not changed since",
           &BulkOptions::since, is_instant),
      number("interval_secs", "86400", "with `only`: from the end of one export to the kick-off of the next",
             &BulkOptions::interval_secs, 1, 31 * 86'400),
      choice<flow::BulkForm>("kick_off", "auto",
                             "form of the kick-off: `get` (types with commas), `get-repeated` (a `_type` for each), "
                             "`post` (Parameters); `auto` finds out",
                             &BulkOptions::kick_off,
                             {{"auto", flow::BulkForm::Auto},
                              {"get", flow::BulkForm::Get},
                              {"get-repeated", flow::BulkForm::GetRepeated},
                              {"post", flow::BulkForm::Post}}),
      number("longest_poll_secs", "300", "most between two questions whether an export is ready",
             &BulkOptions::longest_poll_secs, 1, 3600),
      number("give_up_days", "30", "an export that takes longer is given up and begun anew", &BulkOptions::give_up_days,
             1, 365),
      list("file_origins", "a list of http or https addresses without a path",
           "other servers from which files may be fetched, `https://files.example` for example; never with a token",
           &BulkOptions::file_origins, is_origin),
  };
}

}  // namespace bhi::service
