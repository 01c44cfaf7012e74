// A StructureMap in JSON, R4's or R5's form, read into the same shape as a map in FML; structure_map_json.h is the
// door.
#pragma once

#include "fhir/node.h"
#include "mapping/diagnostic.h"
#include "mapping/structure_map.h"
#include "mapping/words.h"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

class StructureMapReader {
 public:
  explicit StructureMapReader(Reporter& reporter) : reporter_(reporter) {}

  StructureMap map(const fhir::Node& root);

 private:
  using Node = fhir::Node;
  using Member = fhir::Member;
  using Words = std::initializer_list<std::string_view>;

  static std::string text_of(const Node& object, std::string_view name) { return std::string(object.text_of(name)); }
  static std::span<const Node> list_of(const Node& object, std::string_view name) {
    return fhir::each(object.find(name));
  }

  void problem(std::string text) { reporter_.error(Place{}, std::move(text)); }
  void expect_only(const Node& object, std::string_view path, Words known);
  void extensions(const Member& member, std::string_view path);
  void metadata(const std::string& path, const Node& value, StructureMap& map);
  void constant(const Node& node, StructureMap& map);
  void constant_in_r4(const Node& extension, StructureMap& map);
  ExpressionText expression_of(std::string text, std::string_view path);
  std::string name_of(const Node& object, std::string_view name, std::string_view path);
  StructureUse structure(const Node& node);
  void contained(const Node& node, StructureMap& map);
  static std::string documentation_of(const Node& node);
  Group group(const Node& node);

  template <typename Table>
  auto word(const Table& table, std::string_view text, std::string_view path) {
    const auto* found = find_word(table, text);
    if (found == nullptr)
      problem("expected a known code in StructureMap." + std::string(path) + ", found '" + std::string(text) + "'");
    return found == nullptr ? table.front().second : found->second;
  }

  // Rules: structure_map_reader_rules.cpp
  Rule rule(const Node& node);
  std::vector<std::string> path_of(const Node& node);
  RuleSource source(const Node& node);
  void check_members(const Node& source);
  static std::string default_value(const Member& member);
  static std::uint32_t number(std::string_view text, std::uint32_t otherwise);
  RuleTarget target(const Node& node, const std::vector<RuleSource>& sources);
  void transform(std::string_view name, RuleTarget& made);
  Parameter parameter(const Node& node, std::string_view path);
  Parameter expression(const Node& beside, std::string_view path);
  Invocation dependent(const Node& node);

  Reporter& reporter_;
};

}  // namespace bhi::mapping
