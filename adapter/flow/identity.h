// Is a patient of one source the same person as a patient of another? Only identifiers that the site has named for it
// say so (`identity.link_systems`), and only when nothing speaks against it.
//
// A link is worked out from the Patients as they are now and is kept nowhere: nothing is moved or joined by it, and
// when an identifier changes it is gone with the next look. Each record stays what its own source says, writes go to
// the source they came from.
#pragma once

#include "care/model.h"

#include <span>
#include <string>
#include <vector>

namespace bhi::flow {

struct SamePerson {
  std::vector<std::string> patients;  // care ids, one of each source, in order
};

// Records that share an identifier and are not linked: a person has to look.
struct IdentityReview {
  std::string reason;                 // in our words, nothing of the people
  std::string system;                 // of an identifier they share
  std::vector<std::string> patients;  // care ids, in order
};

struct Identities {
  std::vector<SamePerson> links;
  std::vector<IdentityReview> reviews;
};

// Records that were merged into another do not count. Those who share an identifier, directly or through a third, are
// linked unless two of them are of one source, or birth date, gender (male, female) or every word of the name differ.
Identities identities_of(std::span<const care::Patient> patients, std::span<const std::string> systems);

}  // namespace bhi::flow
