// Our own maps compile without a warning, so that a new one is seen.
#include "tests/mapping/support/our_maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

TEST(CoreMaps, CompileWithoutAWarning) {
  for (const test::MapSet& set : {test::core_maps(), test::small_maps()}) {
    const auto library = Library::compile(set.maps, set.types);
    ASSERT_TRUE(library.ok()) << library.error().message;
    for (const Diagnostic& diagnostic : (*library)->diagnostics()) ADD_FAILURE() << to_text(diagnostic);
  }
}

}  // namespace
}  // namespace bhi::mapping
