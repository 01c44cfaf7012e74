// Builds the tree while a text is read: receives the events of a JSON reader, one after the other, and keeps the open
// objects and arrays on a stack; a closed one moves into the arena in one piece.
//
// A method that returns false stops the reader; fault() then says why.
#pragma once

#include "base/arena.h"
#include "fhir/json.h"
#include "fhir/name_table.h"
#include "fhir/node.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhir {

// Names that only this document uses, each made once, so that equal names are one pointer within a document.
class UnknownNames {
 public:
  explicit UnknownNames(Arena& arena);
  const Name& make(std::string_view text);  // the text must live as long as the arena
  bool any() const { return used_ > 0; }

 private:
  struct Slot {
    const Name* name = nullptr;
    std::uint64_t hash = 0;
  };
  std::uint64_t hash(std::string_view text) const;
  void grow();

  Arena& arena_;
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::uint64_t seed_;
};

class TreeBuilder {
 public:
  // check_texts: unescaped strings may hold NUL or half a surrogate pair and are looked at one by one.
  TreeBuilder(Arena& arena, const ReadLimits& limits, bool check_texts, std::size_t text_bytes);

  bool null() { return add(Node()); }
  bool boolean(bool value) { return add(Node::boolean(value)); }
  bool number(std::string_view digits) { return add(Node::number(digits)); }
  bool string(std::string_view text) { return (!check_texts_ || is_allowed(text)) && add(Node::string(text)); }
  bool name(std::string_view text) {
    if (check_texts_ && !is_allowed(text)) return false;
    const name_table::Entry* const known = name_table::look_up(interned_, text);
    name_ = known != nullptr ? &known->name : &unknown_names_.make(text);
    return true;
  }
  bool start_object() { return open(Node::object({})); }
  bool start_array() { return open(Node::array({})); }
  bool end_object(std::size_t members);
  bool end_array(std::size_t elements);

  const Node& root() const { return entries_[0].value; }
  const std::string& fault() const { return fault_; }  // "expected .., found .."
  // Of the value being read, as far as names are known: "Patient.name[0].family"; empty at the top.
  std::string path() const;

 private:
  bool add(const Node& value) {
    if (used_ == capacity_) grow();
    entries_[used_++] = {name_, value};
    return ++values_ <= limits_.max_values || refuse_values();
  }
  bool open(const Node& placeholder) {
    if (depth_ >= max_depth_) return refuse_depth();
    open_[depth_++] = used_;
    const bool taken = add(placeholder);
    name_ = nullptr;  // nothing inside has been named yet
    return taken;
  }
  bool is_allowed(std::string_view text);
  bool all_different(std::span<const Member> members);
  bool refuse_values();
  bool refuse_depth();
  bool refuse(std::string fault);
  void grow();

  Arena& arena_;
  const ReadLimits& limits_;
  const std::size_t max_depth_;
  const bool check_texts_;
  const name_table::Slots& interned_;
  UnknownNames unknown_names_;
  const Name* name_ = nullptr;         // of the next value; stale (and harmless) inside an array
  std::unique_ptr<Member[]> entries_;  // complete values of the open containers, and a placeholder for each of these
  std::size_t used_ = 0;
  std::size_t capacity_;
  std::unique_ptr<std::size_t[]> open_;  // where the placeholders are
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::string fault_;
};

}  // namespace bhi::fhir
