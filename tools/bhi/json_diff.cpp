#include "bhi/json_diff.h"

#include "fhir/json.h"

#include <algorithm>

namespace bhi::tools {

namespace {

using fhir::Node;
using fhir::NodeKind;

constexpr std::size_t kLongestValue = 160;

std::string shown(const Node* value) {
  if (value == nullptr) return "nothing";
  std::string text = fhir::write_json(*value);
  if (text.size() <= kLongestValue) return text;
  text.resize(kLongestValue);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();  // no half letter
  return text + "...";
}

class Comparison {
 public:
  explicit Comparison(std::size_t most) : most_(most) {}

  void compare(const Node* expected, const Node* found, const std::string& path) {
    if (expected != nullptr && found != nullptr && expected->kind() == found->kind()) {
      if (expected->is_object()) return members(*expected, *found, path);
      if (expected->is_array()) return elements(*expected, *found, path);
      if (expected->text() == found->text()) return;
    }
    if (lines_.size() < most_) {
      lines_.push_back((path.empty() ? "(all)" : path) + ": expected " + shown(expected) + ", found " + shown(found));
    } else {
      ++more_;
    }
  }

  std::vector<std::string> lines() {
    if (more_ > 0) lines_.push_back("... and " + std::to_string(more_) + " more");
    return std::move(lines_);
  }

 private:
  void members(const Node& expected, const Node& found, const std::string& path) {
    const auto at = [&path](const fhir::Member& member) {
      return (path.empty() ? "" : path + ".") + std::string(member.name->text);
    };
    for (const fhir::Member& member : expected.members()) {
      compare(&member.value, found.find(member.name->text), at(member));
    }
    for (const fhir::Member& member : found.members()) {
      if (expected.find(member.name->text) == nullptr) compare(nullptr, &member.value, at(member));
    }
  }

  void elements(const Node& expected, const Node& found, const std::string& path) {
    const auto a = expected.elements();
    const auto b = found.elements();
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      compare(i < a.size() ? &a[i] : nullptr, i < b.size() ? &b[i] : nullptr, path + "[" + std::to_string(i) + "]");
    }
  }

  std::size_t most_;
  std::size_t more_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> differences(const Node& expected, const Node& found, std::size_t most) {
  Comparison comparison(most);
  comparison.compare(&expected, &found, {});
  return comparison.lines();
}

}  // namespace bhi::tools
