// Everything that happened to a patient, in order of time, each in one line.
#pragma once

#include "care/model.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct Happening {
  std::string at;  // as the entry states it; of what states no time, empty
  std::string kind;
  std::string id;
  std::string text;  // for people; results of substance-use instruments and free texts only for who may see them
};

// Oldest first; what states no time stands first.
std::vector<Happening> timeline(const care::Record& record, const std::function<bool(std::string_view right)>& may);

}  // namespace bhi::flow
