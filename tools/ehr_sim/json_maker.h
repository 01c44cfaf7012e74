// Small helper for the documents that the simulator itself says (Bundle, OperationOutcome, CapabilityStatement,
// statistics). All nodes live as long as the maker.
#pragma once

#include "base/arena.h"
#include "fhir/node.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

class JsonMaker {
 public:
  // `name` is one of our own fixed words: it is kept for the life of the process.
  fhir::Member member(std::string_view name, fhir::Node value) { return {&fhir::intern(name), value}; }
  fhir::Node text(std::string_view text) { return fhir::Node::string(arena_.copy(text)); }
  fhir::Node number(std::uint64_t value) { return fhir::Node::number(arena_.copy(std::to_string(value))); }

  fhir::Node object(std::span<const fhir::Member> members) { return fhir::Node::object(arena_.copy(members)); }
  fhir::Node object(std::initializer_list<fhir::Member> members) {
    return object(std::span(members.begin(), members.size()));
  }
  fhir::Node array(std::span<const fhir::Node> elements) { return fhir::Node::array(arena_.copy(elements)); }
  fhir::Node array(std::initializer_list<fhir::Node> elements) {
    return array(std::span(elements.begin(), elements.size()));
  }

  Arena& arena() { return arena_; }

 private:
  Arena arena_;
};

}  // namespace bhi::sim
