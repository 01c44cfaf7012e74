// Objects and lists of the document tree, put together member by member; what is empty is left out.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"

#include <string_view>
#include <vector>

namespace bhi::mapping {

class ObjectBuilder {
 public:
  explicit ObjectBuilder(Arena& arena) : arena_(arena) {}

  ObjectBuilder& text(std::string_view name, std::string_view value) {
    return value.empty() ? *this : add(name, fhir::Node::string(arena_.copy(value)));
  }
  ObjectBuilder& add(std::string_view name, const fhir::Node& value) {
    members_.push_back({&fhir::intern(arena_.copy(name)), value});
    return *this;
  }
  ObjectBuilder& list(std::string_view name, const std::vector<fhir::Node>& values) {
    return values.empty() ? *this : add(name, fhir::Node::array(arena_.copy(std::span<const fhir::Node>(values))));
  }
  fhir::Node node() const { return fhir::Node::object(arena_.copy(std::span<const fhir::Member>(members_))); }

 private:
  Arena& arena_;
  std::vector<fhir::Member> members_;
};

}  // namespace bhi::mapping
