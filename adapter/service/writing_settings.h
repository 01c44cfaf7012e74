// What a site decides about writing to one EHR: by which ways, and where what has no way is laid down.
#pragma once

#include "flow/ladder.h"

#include <map>
#include <string>
#include <vector>

namespace bhi::service {

struct WritingOptions {
  // By artifact (care-plan, screening-result, safety): names of rungs, in the site's order. None: the ladder as it is.
  std::map<std::string, std::vector<std::string>, std::less<>> rungs{};
  std::vector<std::string> twice{};  // artifacts written as a document beside the structured form
  std::string outbox_folder{};       // for signed files that a person files; empty: none are made
  std::string outbox_key_file{};     // private key that signs them
  bool panel = false;                // of a screening too, where its answers go as a QuestionnaireResponse
  bool parts = false;                // of a plan its parts as resources of their own, where no CarePlan is taken
  bool structured_plan = false;      // in a plan's document: the plan as a resource, too
};

// The same, as planning asks for it.
flow::WritingWishes wishes_of(const WritingOptions& options);

}  // namespace bhi::service
