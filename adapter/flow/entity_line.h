// An entity in one line, for people who look at what a map made.
#pragma once

#include "care/model.h"

#include <string>

namespace bhi::flow {

std::string line_of(const care::Entity& entity);

}  // namespace bhi::flow
