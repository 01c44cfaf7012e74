#include "tests/mapping/support/mistakes.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <regex>

namespace bhi::mapping::test {

namespace {

// One line of a map that holds a whole rule: "  a.b as c -> d.e = c "name";"
struct Site {
  std::string line;
  std::uint32_t number = 0;  // from 1
  std::string group;
  std::string file;
};

struct Change {
  std::string line;
  std::size_t at = 0;  // offset in the line where the message must point
  std::vector<std::string> fragments;
  bool warning = false;
};

using Random = std::mt19937;

// Two letters swapped, or one doubled; never the word itself.
std::string mistyped(std::string word, Random& random) {
  if (word.size() < 3) return word + word.back();
  const std::size_t at = 1 + random() % (word.size() - 2);
  if (word[at] != word[at + 1] && random() % 2 == 0) {
    std::swap(word[at], word[at + 1]);
  } else {
    word.insert(at, 1, word[at]);
  }
  return word;
}

std::string meant(const std::string& word) { return "(did you mean `" + word + "`?)"; }

// The text of group `group` of a match replaced.
std::string replaced(const std::string& line, const std::smatch& match, std::size_t group, const std::string& with) {
  std::string made = line;
  const auto at = static_cast<std::size_t>(match.position(group));
  return made.replace(at, static_cast<std::size_t>(match.length(group)), with);
}

// Where the target begins that the offset stands in: behind "->" or the comma before it.
std::size_t target_start(const std::string& line, std::size_t at) {
  std::size_t start = line.rfind(", ", at);
  const std::size_t arrow = line.rfind("-> ", at);
  start = start == std::string::npos || start < arrow ? arrow + 3 : start + 2;
  return start;
}

using Make = std::function<std::optional<Change>(const Site&, Random&)>;

// A name in the line is mistyped. `point`: 0 where the name stands, else the group of the match where it does, and -1
// for the start of the target.
Make mistype(const char* pattern, std::size_t name, int point, const char* expected) {
  return [expression = std::regex(pattern), name, point, expected](const Site& site,
                                                                   Random& random) -> std::optional<Change> {
    std::smatch match;
    if (!std::regex_search(site.line, match, expression)) return std::nullopt;
    const std::string word = match[name];
    const auto own = static_cast<std::size_t>(match.position(name));
    const std::size_t at = point == 0  ? own
                           : point > 0 ? static_cast<std::size_t>(match.position(static_cast<std::size_t>(point)))
                                       : target_start(site.line, own);
    return Change{replaced(site.line, match, name, mistyped(word, random)), at, {expected, meant(word)}, false};
  };
}

// A part of the line is replaced by something wrong.
Make replace(const char* pattern, std::size_t part, const char* with, int point, std::vector<std::string> fragments,
             bool warning = false) {
  return [expression = std::regex(pattern), part, with, point, fragments, warning](const Site& site,
                                                                                   Random&) -> std::optional<Change> {
    std::smatch match;
    if (!std::regex_search(site.line, match, expression)) return std::nullopt;
    const auto own = static_cast<std::size_t>(match.position(part));
    const std::size_t at = point == 0  ? own
                           : point > 0 ? static_cast<std::size_t>(match.position(static_cast<std::size_t>(point)))
                                       : target_start(site.line, own);
    return Change{replaced(site.line, match, part, with), at, fragments, warning};
  };
}

// Types of these are not known before a run: they are called with elements of different types, or with what a reference
// was resolved to.
bool is_checked(const Site& site) {
  constexpr std::array<std::string_view, 8> kOpen = {"AnswersOf", "Answer",       "CodeFromLinkId", "FormItems",
                                                     "HeldGoal",  "ProblemCodes", "Item",           "UnlistedItems"};
  return std::ranges::find(kOpen, site.group) == kOpen.end();
}

struct KindRow {
  const char* name;
  Make make;
};

const std::vector<KindRow>& kinds() {
  static const std::vector<KindRow> rows = {
      {"source element", mistype(R"(^ +((\w+)\.(\w{4,})) as \w+ ->)", 3, 1, "expected an element of ")},
      {"target element", mistype(R"(-> (\w+)\.(\w{4,}) = \w+( "\w+")?;$)", 2, -1, "expected an element of ")},
      {"source variable", mistype(R"(^ +(\w{4,})\.(\w+) as \w+ ->)", 1, 1, "expected a variable in scope, found ")},
      {"target variable",
       mistype(R"(-> (\w{4,})\.\w+ = \w+( "\w+")?;$)", 1, -1, "expected a target variable in scope, found ")},
      {"parameter",
       [inner = mistype(R"( as (\w{4,}) -> \w+\.\w+ = (\1)( "\w+")?;$)", 2, 0, "expected a variable in scope, found ")](
           const Site& site, Random& random) { return inner(site, random); }},
      {"group", mistype(R"(then ([A-Z]\w{3,})\()", 1, 0, "expected a group, found ")},
      {"number of parameters",
       replace(R"(then ([A-Z]\w+)\(\w+(, \w+)\))", 2, "", 1, {"expected 2 parameters of group ", ", found 1"})},
      {"concept map", mistype(R"(('#(\w{4,})'))", 2, 1, "expected a concept map")},
      {"element in an expression", mistype(R"(where \((\w{4,})(\.exists|\.empty| = ))", 1, 0, "")},
      {"function", mistype(R"(\.(exists|empty|first|toString|matches)\()", 1, 0, "")},
      {"type", mistype(R"(create\(('(\w{4,})')\))", 2, 1, "expected a type, found ")},
      {"impossible type", replace(R"(^ +(\w+\.value : (Coding|string|decimal|integer|boolean|Quantity)) as)", 2,
                                  "Patient", 1, {", found type Patient"})},
      {"impossible literal", replace(R"(-> \w+\.\w+ = (true|false)( "\w+")?;$)", 1, "'perhaps'", -1,
                                     {"expected boolean for ", ", found a literal String"})},
      {"impossible value",
       [](const Site& site, Random&) -> std::optional<Change> {
         static const std::regex expression(R"(^ +(\w+)\.\w+ as (\w+) -> \w+\.\w+ = (\2)( "\w+")?;$)");
         std::smatch match;
         if (!std::regex_search(site.line, match, expression)) return std::nullopt;
         return Change{replaced(site.line, match, 3, match[1]),
                       target_start(site.line, site.line.find(" = ")),
                       {"expected ", " of variable '" + match[1].str() + "'"},
                       false};
       }},
      {"cardinality", replace(R"(^ +((\w+)\.(\w+))( as) \w+ ->)", 4, " 3..2 as", 1,
                              {"expected a cardinality from the least to the most, found 3..2"})},
      {"source as target",
       [](const Site& site, Random&) -> std::optional<Change> {
         static const std::regex expression(R"(^ +(\w+)\.\w+ as (\w+) -> (\w+)\.\w+ = \w+( "\w+")?;$)");
         std::smatch match;
         if (!std::regex_search(site.line, match, expression) || match[1] == match[3]) return std::nullopt;
         return Change{replaced(site.line, match, 3, match[1]),
                       static_cast<std::size_t>(match.position(3)),
                       {"expected a target variable in scope, found source '" + match[1].str() + "'"},
                       false};
       }},
      {"unused variable",
       [](const Site& site, Random&) -> std::optional<Change> {
         static const std::regex expression(R"(^ +(\w+)\.\w+( as )\w+( ->) \w+\.\w+ = \w+( "\w+")?;$)");
         std::smatch match;
         if (!std::regex_search(site.line, match, expression)) return std::nullopt;
         std::string line = site.line;
         line.insert(static_cast<std::size_t>(match.position(3)), ", " + match[1].str() + " as nobody");
         return Change{line,
                       static_cast<std::size_t>(match.position(3)) + 2,
                       {"expected a use of variable 'nobody', found none"},
                       true};
       }},
  };
  return rows;
}

// As the parser names a rule: what is written at its end, else its first source.
std::string rule_of(const std::string& line) {
  std::smatch match;
  static const std::regex written(R"re("(\w+)";$)re");
  if (std::regex_search(line, match, written)) return match[1];
  static const std::regex first(R"(^ +(\w+)((\.\w+)*))");
  if (!std::regex_search(line, match, first)) return {};
  const std::string path = match[2];
  return path.empty() ? match[1].str() : path.substr(path.rfind('.') + 1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void add_of_lines(const KindRow& row, const MapText& map, std::size_t index, Random& random, std::vector<Mistake>& to) {
  const std::vector<std::string> lines = lines_of(map.text);
  static const std::regex group_line(R"(^group (\w+)\()");
  std::string group;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (std::regex_search(lines[i], match, group_line)) group = match[1];
    const bool whole_rule = lines[i].starts_with("  ") && lines[i].ends_with(";") &&
                            lines[i].find("->") != std::string::npos && lines[i].find("} ") == std::string::npos;
    const Site site{lines[i], static_cast<std::uint32_t>(i + 1), group, map.file};
    if (group.empty() || !whole_rule || !is_checked(site)) continue;
    const auto change = row.make(site, random);
    if (!change || change->line == site.line) continue;
    std::vector<std::string> changed = lines;
    changed[i] = change->line;
    to.push_back({row.name, index, joined(changed), site.number, static_cast<std::uint32_t>(change->at + 1),
                  rule_of(change->line), change->fragments, change->warning});
  }
}

// ---- mistakes of whole maps

void add_lonely_group(const MapText& map, std::size_t index, std::vector<Mistake>& to) {
  const std::vector<std::string> lines = lines_of(map.text);
  to.push_back({"unreachable group",
                index,
                map.text + "\ngroup Lonely(source a, target b) {\n}\n",
                static_cast<std::uint32_t>(lines.size() + 2),
                1,
                "Lonely",
                {"expected a call of group 'Lonely', found none"},
                true});
}

void add_group_twice(const MapText& map, std::size_t index, std::vector<Mistake>& to) {
  const std::vector<std::string> lines = lines_of(map.text);
  static const std::regex group_line(R"(^group (\w+)\()");
  std::smatch match;
  for (const std::string& line : lines) {
    if (!std::regex_search(line, match, group_line)) continue;
    to.push_back({"group twice",
                  index,
                  map.text + "\ngroup " + match[1].str() + "(source a, target b) {\n}\n",
                  static_cast<std::uint32_t>(lines.size() + 2),
                  1,
                  match[1],
                  {"expected one group of each name, found '" + match[1].str() + "' again"},
                  false});
    return;
  }
}

void add_unknown_import(const MapText& map, std::size_t index, Random& random, std::vector<Mistake>& to) {
  std::vector<std::string> lines = lines_of(map.text);
  static const std::regex import_line(R"re(^imports "(.*/)([a-z-]+)")re");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_search(lines[i], match, import_line)) continue;
    const std::string url = match[1].str() + match[2].str();
    lines[i] = "imports \"" + match[1].str() + mistyped(match[2], random) + "\"";
    to.push_back({"import",
                  index,
                  joined(lines),
                  static_cast<std::uint32_t>(i + 1),
                  1,
                  "",
                  {"expected a map with the url ", meant(url)},
                  false});
    return;
  }
}

void add_name_twice(const MapText& map, std::size_t index, std::vector<Mistake>& to) {
  std::vector<std::string> lines = lines_of(map.text);
  static const std::regex named(R"re(^ +\S.* "(\w+)";$)re");
  std::string first;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("group ")) first.clear();
    std::smatch match;
    if (lines[i].find("->") == std::string::npos || !std::regex_search(lines[i], match, named)) continue;
    const std::string own = rule_of(lines[i].substr(0, lines[i].rfind(" \"")));  // without the name that is written
    if (match[1] == own || first == own) continue;
    if (first.empty() || match[1] == first) {
      first = match[1];
      continue;
    }
    const auto column = static_cast<std::uint32_t>(lines[i].find_first_not_of(' ') + 1);
    lines[i] = replaced(lines[i], match, 1, first);
    to.push_back({"rule name twice",
                  index,
                  joined(lines),
                  static_cast<std::uint32_t>(i + 1),
                  column,
                  first,
                  {"expected a name of its own for each rule of the group, found '" + first + "' again"},
                  true});
    return;
  }
}

constexpr std::array<std::string_view, 4> kOfWholeMaps = {"unreachable group", "group twice", "import",
                                                          "rule name twice"};

}  // namespace

std::vector<std::string_view> mistake_kinds() {
  std::vector<std::string_view> names;
  for (const KindRow& row : kinds()) names.push_back(row.name);
  names.insert(names.end(), kOfWholeMaps.begin(), kOfWholeMaps.end());
  return names;
}

std::vector<Mistake> mistakes_of(std::string_view kind, const std::vector<MapText>& maps, std::uint32_t seed) {
  Random random(seed);
  std::vector<Mistake> all;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const MapText& map = maps[i];
    for (const KindRow& row : kinds()) {
      if (row.name == kind) add_of_lines(row, map, i, random, all);
    }
    // A map that others import is a library: its groups are there to be called from elsewhere.
    const bool imported = map.file == "shared.map" || map.file == "care-team.map";
    if (kind == "unreachable group" && !imported) add_lonely_group(map, i, all);
    if (kind == "group twice") add_group_twice(map, i, all);
    if (kind == "import") add_unknown_import(map, i, random, all);
    if (kind == "rule name twice") add_name_twice(map, i, all);
  }
  return all;
}

}  // namespace bhi::mapping::test
