// The engine as it is shipped: the real logical models and maps of this source tree.
#pragma once

#include "flow/engine.h"

namespace bhi::test {

const flow::Engine& engine();

}  // namespace bhi::test
