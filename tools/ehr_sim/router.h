// Which interaction a URL below the base means. https://hl7.org/fhir/R4/http.html#summary
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace bhi::sim {

inline constexpr std::string_view kBasePath = "/fhir";

enum class Place { System, Metadata, Type, Search, Instance, History, Version };

struct Target {
  Place place = Place::System;
  std::string type;
  std::string id;
  std::string version;

  // Where it is, below the base: "Patient", "Patient/1/_history".
  std::string path() const;
};

// Error kinds: NotFound (no such place, no such type), Incorrect (a broken escape).
Result<Target> route(std::string_view encoded_path);

}  // namespace bhi::sim
