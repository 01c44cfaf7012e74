// Makes mistakes in maps, one at a time, as people make them: a letter too many, a name of something else, a call that
// lacks a parameter. For each it knows where the message must point and what it must say.
#pragma once

#include "mapping/library.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping::test {

struct Mistake {
  std::string kind;
  std::size_t map = 0;  // which of the maps
  std::string text;     // of that map, with the mistake
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string rule;                    // of the rule or, outside of rules, the group; empty: of the map
  std::vector<std::string> fragments;  // that the message must have
  bool warning = false;
};

std::vector<std::string_view> mistake_kinds();

// Every mistake of that kind that can be made in the maps, in their order; `seed` decides which letters are mistyped.
std::vector<Mistake> mistakes_of(std::string_view kind, const std::vector<MapText>& maps, std::uint32_t seed);

}  // namespace bhi::mapping::test
