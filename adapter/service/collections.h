// What the care model holds of a patient and of the practice, as the API names it: one row per kind with its path and
// the rights (care/team.h) to write and to read it. A new kind of entry needs a row here and nothing else in this room.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bhi::service {

enum class Way : std::uint8_t {
  Read,     // comes from elsewhere: the EHR, rules
  Own,      // posted by a route of its own (screenings, plans)
  Told,     // posted, never changed (acts)
  Entered,  // posted, corrected by PUT with If-Match
};

struct Collection {
  std::string_view path;
  std::string_view kind;
  Way way = Way::Entered;
  std::string_view write;  // right; empty: nobody writes it here
  std::string_view read;
  std::string_view meaning;
};

std::span<const Collection> patient_collections();
std::span<const Collection> practice_collections();
// nullptr: there is none of that path.
const Collection* find_collection(std::span<const Collection> collections, std::string_view path);
const Collection* collection_of(std::span<const Collection> collections, std::string_view kind);

}  // namespace bhi::service
