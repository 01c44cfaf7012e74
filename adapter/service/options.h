// Every option of the configuration file, once: where it stands, its default, what it means, what is allowed. The
// reader, the error messages, the README's table and the tests all come from here; what is not in the table does not
// exist.
#pragma once

#include "service/settings.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bhi::service {

// The scalar, or the scalars of a list, as written in the file.
using Texts = std::vector<std::string>;

// Sets one field from its text; false when the text is not allowed.
template <typename Owner>
using Set = std::function<bool(Owner&, const Texts&)>;

struct Option {
  std::string path;  // "limits.max_depth", "sources[].name"
  std::string
      fallback;  // as one would write it; of a list with ", " between. Applied through `set` like a written value
  bool required = false;
  bool list = false;
  bool secret = false;               // never repeated in a message
  std::string expected;              // "a whole number from 1 to 1000"
  std::vector<std::string> words{};  // of a list: what may stand in it, when that can be listed; for suggestions
  std::string meaning;
  std::variant<Set<Settings>, Set<TokenSettings>, Set<SourceSettings>, Set<SubscriptionSettings>> set;
};

// A row that is neither required nor a list. `fallback`: see Option; empty: none.
template <typename Owner>
Option option_row(std::string path, std::string_view fallback, std::string expected, std::string meaning,
                  Set<Owner> set) {
  Option option;
  option.path = std::move(path);
  option.fallback = fallback;
  option.expected = std::move(expected);
  option.meaning = std::move(meaning);
  option.set = std::move(set);
  return option;
}

// true or false, false when not given. `at`: bool&(SourceSettings&).
template <typename At>
Option yes_no_row(std::string path, std::string meaning, At at) {
  return option_row<SourceSettings>(std::move(path), "false", "one of true, false", std::move(meaning),
                                    [at](SourceSettings& source, const Texts& texts) {
                                      if (texts.front() != "true" && texts.front() != "false") return false;
                                      at(source) = texts.front() == "true";
                                      return true;
                                    });
}

const std::vector<Option>& options();

// The table as Markdown, for the README and `bhi-adapter --print-options`.
std::string print_options();

// Fills every field of the owner that has a default; which rows are its own is said by the prefix ("", "sources[].").
void apply_defaults(Settings& settings);
void apply_defaults(TokenSettings& token);
void apply_defaults(SourceSettings& source);
void apply_defaults(SubscriptionSettings& subscription);

}  // namespace bhi::service
