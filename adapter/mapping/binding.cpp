#include "mapping/binding.h"

#include <algorithm>
#include <memory>

namespace bhi::mapping {

const fhirpath::Item* document_of(const SourcePlace* place) {
  if (place == nullptr) return nullptr;
  while (place->parent != nullptr) place = place->parent;
  return &static_cast<const RootPlace*>(place)->document;
}

std::string to_text(const SourcePlace* place) {
  if (place == nullptr) return {};
  if (place->parent == nullptr) {
    const fhir::TypeInfo* type = document_of(place)->type;
    return type != nullptr ? std::string(type->name) : "source";
  }
  std::string text = to_text(place->parent) + "." + std::string(place->name->text);
  if (place->index != SourcePlace::kNoIndex) text += "[" + std::to_string(place->index) + "]";
  return text;
}

Frame FrameStack::take(std::size_t slots) {
  constexpr std::size_t kSlotsOfAChunk = 64;
  while (chunk_ < chunks_.size() && used_ + slots > chunks_[chunk_].size()) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t size = std::max(kSlotsOfAChunk, slots);
    chunks_.push_back({arena_.array<Binding>(size), size});
    used_ = 0;
  }
  const Frame frame = chunks_[chunk_].subspan(used_, slots);
  used_ += slots;
  std::ranges::uninitialized_fill(frame, Binding{});
  return frame;
}

}  // namespace bhi::mapping
