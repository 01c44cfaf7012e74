// Layers of maps: what a vendor or a site changes of core, without a copy of it.
//
// In a later layer, a map with the url of a map below takes its place:
// - as a whole; or,
// - when it imports that very url, group by group: a group with the name of one below replaces it for everybody who
//   calls it, and when it also `extends` that name, the one below runs first. A conceptmap of the same name replaces
//   the table. Everything else is inherited, the entry group too.
// A map with a url of its own changes nothing below.
//
// Worked out on maps as written, before compiling: the group below becomes an empty one that extends the overlay's, so
// that compiler and executor know nothing of layers.
#pragma once

#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

struct LayeredMap {
  StructureMap map;
  std::string layer;  // "" is core
};

// The maps that are compiled. Errors: an overlay's group that replaces nothing and is called by nobody, and one whose
// parameters differ from those it replaces. Warning: a url that nearly is one below.
std::vector<StructureMap> lay_over(std::vector<LayeredMap> maps, std::vector<Diagnostic>& problems);

// Is this the url that lay_over() gives to the part of a map that an overlay brings?
bool is_overlay_part(std::string_view url);

}  // namespace bhi::mapping
