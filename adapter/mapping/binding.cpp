#include "mapping/binding.h"

namespace bhi::mapping {

std::string to_text(const SourcePlace* place) {
  if (place == nullptr) return {};
  if (place->name == nullptr) {
    const bool typed = place->root != nullptr && place->root->type != nullptr;
    return typed ? std::string(place->root->type->name) : "source";
  }
  std::string text = to_text(place->parent) + "." + std::string(place->name->text);
  if (place->index != SourcePlace::kNoIndex) text += "[" + std::to_string(place->index) + "]";
  return text;
}

}  // namespace bhi::mapping
