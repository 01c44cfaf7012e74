// Where reader and writer of XML are, for their messages: "Patient.name[1].given[0]". Only names that our definitions
// know stand in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::fhir {

class XmlPath {
 public:
  static constexpr std::size_t kSingle = static_cast<std::size_t>(-1);

  // The name must outlive the path; of a single element the index is kSingle.
  void enter(std::string_view name, std::size_t index = kSingle) { steps_.push_back({name, index}); }
  void leave() { steps_.pop_back(); }
  std::size_t depth() const { return steps_.size(); }

  std::string text() const {
    std::string text;
    for (const Step& step : steps_) {
      if (!text.empty()) text += '.';
      text += step.name;
      if (step.index != kSingle) text += "[" + std::to_string(step.index) + "]";
      if (text.size() > kLongest) return text.substr(0, kLongest) + "..";
    }
    return text;
  }

 private:
  static constexpr std::size_t kLongest = 160;
  struct Step {
    std::string_view name;
    std::size_t index;
  };
  std::vector<Step> steps_;
};

}  // namespace bhi::fhir
