// What a site agreed on for writing to one EHR: the ways it wishes, and what confidentiality asks.
#pragma once

#include "base/result.h"
#include "flow/ladder.h"
#include "flow/privacy.h"

#include <cstdint>
#include <functional>
#include <string>

namespace bhi::flow {

// What no rung of the EHR takes, for a person to file by hand.
struct OutboxFile {
  std::string destination;
  std::string artifact;  // of the outbox
  std::string care_id;
  std::int64_t version = 0;  // of the entity
  std::string body;          // a Bundle of type collection: the resources, and the readable document
};

struct Terms {
  WritingWishes writing{};
  Privacy privacy{};
  // Writes such a file, signed and durable, and gives its name; the same again overwrites it. Not set: no folder.
  std::function<Result<std::string>(const OutboxFile&)> file{};
};

}  // namespace bhi::flow
