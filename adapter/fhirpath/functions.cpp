#include "fhirpath/functions.h"

#include <algorithm>
#include <array>

namespace bhi::fhirpath {

namespace {

std::array<Chapter, 14> chapters() {
  return {existence_functions(),  filtering_functions(), subsetting_functions(), combining_functions(),
          conversion_functions(), string_functions(),    math_functions(),       tree_functions(),
          utility_functions(),    type_functions(),      boundary_functions(),   date_functions(),
          fhir_functions(),       knowledge_functions()};
}

}  // namespace

const Function* find_function(std::string_view name) {
  for (const Chapter& chapter : chapters()) {
    const auto found = std::ranges::lower_bound(chapter, name, {}, &Function::name);
    if (found != chapter.end() && found->name == name) return &*found;
  }
  return nullptr;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const Chapter& chapter : chapters()) {
    for (const Function& function : chapter) names.push_back(function.name);
  }
  return names;
}

}  // namespace bhi::fhirpath
