// The transforms of the mapping language: names and how many parameters each takes.
// https://build.fhir.org/ig/HL7/mapping-language-ig/transforms.html
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bhi::mapping {

enum class Transform : std::uint8_t {
  Create,
  Copy,
  Truncate,
  Escape,
  Cast,
  Append,
  Translate,
  Reference,
  DateOp,
  Uuid,
  Pointer,
  Evaluate,
  CodeableConcept,
  Coding,
  Quantity,
  Identifier,
  ContactPoint,
  ToDateTime,
  ToDate,
  ToTime,
  UnixToDateTime,
  UnixToDate,
  UnixToTime,
};

struct TransformEntry {
  std::string_view name;
  Transform transform;
  std::uint8_t least, most;  // parameters
};

inline constexpr std::uint8_t kAnyNumber = 255;

inline constexpr std::array kTransforms = std::to_array<TransformEntry>({
    {"append", Transform::Append, 1, kAnyNumber},
    {"c", Transform::Coding, 2, 3},
    {"cast", Transform::Cast, 1, 2},
    {"cc", Transform::CodeableConcept, 1, 3},
    {"copy", Transform::Copy, 1, 1},
    {"cp", Transform::ContactPoint, 1, 2},
    {"create", Transform::Create, 0, 1},
    {"dateOp", Transform::DateOp, 2, 3},
    {"escape", Transform::Escape, 2, 3},
    {"evaluate", Transform::Evaluate, 1, 2},
    {"id", Transform::Identifier, 2, 3},
    {"pointer", Transform::Pointer, 1, 1},
    {"qty", Transform::Quantity, 1, 4},
    {"reference", Transform::Reference, 1, 1},
    {"toDate", Transform::ToDate, 1, 2},
    {"toDateTime", Transform::ToDateTime, 1, 2},
    {"toTime", Transform::ToTime, 1, 2},
    {"translate", Transform::Translate, 2, 3},
    {"truncate", Transform::Truncate, 2, 2},
    {"unixToDate", Transform::UnixToDate, 1, 2},
    {"unixToDateTime", Transform::UnixToDateTime, 1, 2},
    {"unixToTime", Transform::UnixToTime, 1, 2},
    {"uuid", Transform::Uuid, 0, 0},
});

// Null when there is no transform of that name.
constexpr const TransformEntry* find_transform(std::string_view name) {
  for (const TransformEntry& entry : kTransforms) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

constexpr const TransformEntry& entry_of(Transform transform) {
  for (const TransformEntry& entry : kTransforms) {
    if (entry.transform == transform) return entry;
  }
  return kTransforms[0];  // not reached: every transform stands in the table
}

}  // namespace bhi::mapping
