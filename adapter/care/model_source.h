// Where things come from and what they are called: the small shapes that all others of the care model use.
#pragma once

#include <string>

namespace bhi::care {

// Where something came from: a resource of a source ("main-ehr", "QuestionnaireResponse", "123", "2"), or the BHI side
// (system "bhi", the rest empty).
struct Source {
  std::string system;
  std::string type;
  std::string id;
  std::string version;
  std::string updated;  // meta.lastUpdated as given; may be empty
  bool operator==(const Source&) const = default;
};

struct Code {
  std::string system;
  std::string code;
  std::string display;
  bool operator==(const Code&) const = default;
};

// Who entered something and when. Of two versions of the same entry the one recorded later stands.
struct Recorded {
  std::string by;  // id of the team member
  std::string at;  // instant
  bool operator==(const Recorded&) const = default;
};

}  // namespace bhi::care
