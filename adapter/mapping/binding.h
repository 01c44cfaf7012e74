// What the variables of a running group hold, and where in the source it came from.
#pragma once

#include "fhirpath/expression.h"
#include "mapping/small_list.h"
#include "mapping/target.h"

#include <cstdint>
#include <span>
#include <string>

namespace bhi::mapping {

// Where a source value stands: a chain of element names up to the document it is part of. Lies in the arena of the run.
struct SourcePlace {
  static constexpr std::uint32_t kNoIndex = 0xffffffff;

  const SourcePlace* parent = nullptr;
  const fhir::Name* name = nullptr;  // null at the root, which is a RootPlace
  std::uint32_t index = kNoIndex;    // in a list
};

struct RootPlace : SourcePlace {
  explicit RootPlace(const fhirpath::Item& item) : document(item) {}
  fhirpath::Item document;
};

// The document that a place is part of; null for a null place.
const fhirpath::Item* document_of(const SourcePlace* place);

// "QuestionnaireResponse.item[3].answer[0]"; empty for null.
std::string to_text(const SourcePlace* place);

struct Binding {
  enum class Kind : std::uint8_t { Nothing, Source, Target };

  static Binding source(const fhirpath::Item& item, const SourcePlace* place) {
    return {Kind::Source, item, place, nullptr};
  }
  static Binding made(TargetNode& node) { return {Kind::Target, {}, nullptr, &node}; }

  Kind kind = Kind::Nothing;  // Nothing: an input that is absent, a value that an expression did not give
  fhirpath::Item item;
  const SourcePlace* place = nullptr;
  TargetNode* target = nullptr;
};

using Bindings = SmallList<Binding, 2>;

// The variables of one call of a group.
using Frame = std::span<Binding>;

// The frames of the groups at work, one above the other. They lie in the arena.
class FrameStack {
 public:
  explicit FrameStack(Arena& arena) : arena_(arena) {}

  // A frame of empty variables; its room is given back when this object goes.
  class Held {
   public:
    Held(FrameStack& stack, std::size_t slots) : stack_(stack), chunk_(stack.chunk_), used_(stack.used_) {
      frame_ = stack.take(slots);
    }
    ~Held() {
      stack_.chunk_ = chunk_;
      stack_.used_ = used_;
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    Frame frame() const { return frame_; }

   private:
    FrameStack& stack_;
    std::size_t chunk_, used_;
    Frame frame_;
  };

 private:
  Frame take(std::size_t slots);

  Arena& arena_;
  SmallList<Frame, 4> chunks_{arena_};
  std::size_t chunk_ = 0;  // in use up to `used_`; those above stand ready
  std::size_t used_ = 0;
};

}  // namespace bhi::mapping
