// The words of the language and of StructureMap for its closed lists.
#pragma once

#include "mapping/structure_map.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace bhi::mapping {

inline constexpr auto kModelModes = std::to_array<std::pair<std::string_view, ModelMode>>({
    {"source", ModelMode::Source},
    {"queried", ModelMode::Queried},
    {"target", ModelMode::Target},
    {"produced", ModelMode::Produced},
});

inline constexpr auto kSourceListModes = std::to_array<std::pair<std::string_view, SourceListMode>>({
    {"first", SourceListMode::First},
    {"not_first", SourceListMode::NotFirst},
    {"last", SourceListMode::Last},
    {"not_last", SourceListMode::NotLast},
    {"only_one", SourceListMode::OnlyOne},
});

inline constexpr auto kTargetListModes = std::to_array<std::pair<std::string_view, TargetListMode>>({
    {"first", TargetListMode::First},
    {"last", TargetListMode::Last},
    {"share", TargetListMode::Share},
    {"single", TargetListMode::Single},
    {"collate", TargetListMode::Single},  // R4 and R5 called it so
});

// Of StructureMap JSON; FML writes <<types>> and <<type+>>.
inline constexpr auto kTypeModes = std::to_array<std::pair<std::string_view, TypeMode>>({
    {"none", TypeMode::None},
    {"types", TypeMode::Types},
    {"type-and-types", TypeMode::TypeAndTypes},
});

inline constexpr auto kParameterModes = std::to_array<std::pair<std::string_view, ParameterMode>>({
    {"source", ParameterMode::Source},
    {"target", ParameterMode::Target},
});

// The first word for a value; a value that has none (All, None) gives an empty text.
template <typename Table, typename Value>
constexpr std::string_view word_of(const Table& table, Value value) {
  const auto found = std::ranges::find_if(table, [&](const auto& row) { return row.second == value; });
  return found == table.end() ? std::string_view{} : found->first;
}

// Null when the word is not in the table.
template <typename Table>
constexpr auto find_word(const Table& table, std::string_view word) -> const typename Table::value_type* {
  const auto found = std::ranges::find_if(table, [&](const auto& row) { return row.first == word; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace bhi::mapping
