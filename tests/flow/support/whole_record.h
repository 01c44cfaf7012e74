// A patient, x1, of whom one of every kind of entity is held, some of them twice.
#pragma once

#include "care/model.h"

#include <vector>

namespace bhi::test {

std::vector<care::Entity> whole_record();

}  // namespace bhi::test
