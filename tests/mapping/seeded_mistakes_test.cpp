// A hundred mistakes made in our own maps: each is found without running, where it was made, in words that help.
#include "tests/mapping/support/mistakes.h"
#include "tests/mapping/support/our_maps.h"

#include <gtest/gtest.h>

#include <map>

namespace bhi::mapping {
namespace {

constexpr std::uint32_t kSeed = 20261122;
constexpr std::size_t kWanted = 100;

// Everything that compiling says of the maps with the mistake, errors and warnings.
std::vector<std::string> messages_of(const test::MapSet& set, const test::Mistake& mistake) {
  std::vector<MapText> maps = set.maps;
  maps[mistake.map].text = mistake.text;
  // A map that imports nothing stands for itself.
  if (mistake.text.find("imports ") == std::string::npos) maps = {maps[mistake.map]};
  const auto library = Library::compile(maps, set.types);
  std::vector<std::string> messages;
  if (library.ok()) {
    for (const Diagnostic& diagnostic : (*library)->diagnostics()) messages.push_back(to_text(diagnostic));
    return messages;
  }
  std::string_view rest = library.error().message;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    messages.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return messages;
}

bool says(const std::string& message, const test::MapSet& set, const test::Mistake& mistake) {
  std::string beginning = set.maps[mistake.map].file + ":" + std::to_string(mistake.line) + ":" +
                          std::to_string(mistake.column) + ": " + (mistake.warning ? "warning: " : "");
  if (!mistake.rule.empty()) beginning += "rule '" + mistake.rule + "': ";
  return message.starts_with(beginning) && std::ranges::all_of(mistake.fragments, [&](const std::string& fragment) {
           return message.find(fragment) != std::string::npos;
         });
}

struct Chosen {
  const test::MapSet* set;
  test::Mistake mistake;
};

// Round and round through the kinds, so that each has its share; core maps and small ones in turn.
std::vector<Chosen> choose(const std::vector<test::MapSet>& sets) {
  std::map<std::string_view, std::vector<Chosen>> by_kind;
  for (const std::string_view kind : test::mistake_kinds()) {
    for (const test::MapSet& set : sets) {
      for (test::Mistake& mistake : test::mistakes_of(kind, set.maps, kSeed)) {
        by_kind[kind].push_back({&set, std::move(mistake)});
      }
    }
  }
  std::vector<Chosen> chosen;
  for (std::size_t round = 0; chosen.size() < kWanted && round < kWanted; ++round) {
    for (auto& [kind, mistakes] : by_kind) {
      if (round < mistakes.size() && chosen.size() < kWanted) {
        chosen.push_back(mistakes[(round % 2 == 0) ? round / 2 : mistakes.size() - 1 - round / 2]);
      }
    }
  }
  return chosen;
}

TEST(SeededMistakes, EachOfAHundredIsFoundWhereItWasMade) {
  const std::vector<test::MapSet> sets = {test::core_maps(), test::small_maps()};
  std::map<std::string, std::size_t> kinds;
  const auto chosen = choose(sets);
  for (const Chosen& one : chosen) {
    ++kinds[one.mistake.kind];
    const auto messages = messages_of(*one.set, one.mistake);
    const bool found =
        std::ranges::any_of(messages, [&](const std::string& message) { return says(message, *one.set, one.mistake); });
    std::string all;
    for (const std::string& message : messages) all += "\n  " + message;
    std::string wanted;
    for (const std::string& fragment : one.mistake.fragments) wanted += " [" + fragment + "]";
    EXPECT_TRUE(found) << one.mistake.kind << ": expected " << one.set->maps[one.mistake.map].file << ":"
                       << one.mistake.line << ":" << one.mistake.column << " rule '" << one.mistake.rule << "'"
                       << wanted << ", found" << all;
  }
  EXPECT_EQ(chosen.size(), kWanted);
  EXPECT_GE(kinds.size(), 12u);
  for (const auto& [kind, count] : kinds) RecordProperty(kind, static_cast<int>(count));
}

}  // namespace
}  // namespace bhi::mapping
