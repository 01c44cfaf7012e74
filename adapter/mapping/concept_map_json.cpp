#include "mapping/concept_map_json.h"

#include "mapping/cursor.h"
#include "mapping/node_builder.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace bhi::mapping {

namespace {

using fhir::Member;
using fhir::Node;

// What R4 said of a relation that R5 has no word for; and the other way round: noMap of R5 is R4's "unmatched".
constexpr std::string_view kEquivalenceInR5 =
    "http://hl7.org/fhir/4.0/StructureDefinition/extension-ConceptMap.group.element.target.equivalence";

struct ModeRow {
  UnmappedMode mode;
  std::string_view r4, r5;
};

constexpr std::array kModes = std::to_array<ModeRow>({
    {UnmappedMode::SourceCode, "provided", "use-source-code"},
    {UnmappedMode::Fixed, "fixed", "fixed"},
    {UnmappedMode::OtherMap, "other-map", "other-map"},
});

constexpr std::array<std::string_view, 4> kRefused = {"dependsOn", "product", "valueSet", "property"};

std::string text_of(const Node& object, std::string_view name) { return std::string(object.text_of(name)); }
std::span<const Node> list_of(const Node& object, std::string_view name) { return fhir::each(object.find(name)); }

class Reader {
 public:
  Reader(const Node& resource, Reporter& reporter) : resource_(resource), reporter_(reporter) {}

  ConceptMapText read() {
    made_.id = text_of(resource_, "id");
    made_.url = text_of(resource_, "url");
    for (const Node& group : list_of(resource_, "group")) this->group(group);
    return std::move(made_);
  }

 private:
  void problem(const std::string& text) {
    reporter_.error(Place{}, "concept map '" + (made_.id.empty() ? made_.url : made_.id) + "': " + text);
  }

  void refuse(const Node& object, std::string_view path) {
    for (const std::string_view name : kRefused) {
      if (object.find(name) == nullptr) continue;
      problem("expected no '" + std::string(name) + "' in ConceptMap." + std::string(path) +
              " (not supported: a translation that ignores it would be wrong), found one");
    }
  }

  void group(const Node& group) {
    const std::string source = text_of(group, "source");
    const std::string target = text_of(group, "target");
    for (const Node& element : list_of(group, "element")) {
      refuse(element, "group.element");
      CodeMapping from;
      from.source_system = source;
      from.source_code = text_of(element, "code");
      from.source_display = text_of(element, "display");
      const auto targets = list_of(element, "target");
      const Node* none = element.find("noMap");
      if (targets.empty() || (none != nullptr && none->text() == "true")) {
        from.relation = Relation::Unmatched;
        made_.mappings.push_back(from);
      }
      for (const Node& one : targets) {
        CodeMapping mapping = from;
        refuse(one, "group.element.target");
        mapping.relation = relation(one);
        if (mapping.relation != Relation::Unmatched) {  // else what stands there has no meaning
          mapping.target_system = target;
          mapping.target_code = text_of(one, "code");
          mapping.target_display = text_of(one, "display");
        }
        mapping.comment = clean_lines(one.text_of("comment"));
        std::ranges::replace(mapping.comment, '\n', ' ');
        made_.mappings.push_back(std::move(mapping));
      }
    }
    if (const Node* unmapped = group.find("unmapped")) this->unmapped(*unmapped, source, target);
  }

  Relation relation(const Node& target) {
    std::string_view equivalence = target.text_of("equivalence");
    for (const Node& extension : list_of(target, "extension")) {
      if (extension.text_of("url") == kEquivalenceInR5) equivalence = extension.text_of("valueCode");
    }
    const std::string_view relationship = target.text_of("relationship");
    const Relation* found = !equivalence.empty()    ? find_relation_by_equivalence(equivalence)
                            : !relationship.empty() ? find_relation_by_relationship(relationship)
                                                    : find_relation_by_sign("-");
    if (found != nullptr) return *found;
    problem("expected a known relation of codes, found '" +
            std::string(equivalence.empty() ? relationship : equivalence) + "'");
    return Relation::Disjoint;
  }

  void unmapped(const Node& node, const std::string& source, const std::string& target) {
    refuse(node, "group.unmapped");
    const std::string_view mode = node.text_of("mode");
    const auto row = std::ranges::find_if(kModes, [&](const ModeRow& one) { return one.r4 == mode || one.r5 == mode; });
    if (row == kModes.end()) return problem("expected a known mode of 'unmapped', found '" + std::string(mode) + "'");
    // A code that stays as it is stays in its system.
    const bool stays = row->mode == UnmappedMode::SourceCode;
    Unmapped made{
        row->mode,           source, stays ? std::string() : target, text_of(node, "code"), text_of(node, "display"),
        text_of(node, "url")};
    if (made.other_map.empty()) made.other_map = text_of(node, "otherMap");
    if (made.mode == UnmappedMode::Fixed && made.code.empty()) problem("expected a code of 'unmapped', found none");
    if (made.mode == UnmappedMode::OtherMap && made.other_map.empty())
      problem("expected the url of another map in 'unmapped', found none");
    made_.unmapped.push_back(std::move(made));
  }

  const Node& resource_;
  Reporter& reporter_;
  ConceptMapText made_;
};

class Writer {
 public:
  Writer(const ConceptMapText& map, ResourceForm form, Arena& arena) : map_(map), form_(form), arena_(arena) {}

  Node write() {
    std::vector<Node> groups;
    std::size_t at = 0;
    while (at < map_.mappings.size()) groups.push_back(group(at));
    for (const Unmapped& rule : map_.unmapped) {
      if (!written_.contains({rule.source_system, rule.target_system})) groups.push_back(alone(rule));
    }
    return ObjectBuilder(arena_)
        .text("resourceType", "ConceptMap")
        .text("id", map_.id)
        .text("url", map_.url)
        .text("status", "draft")
        .list("group", groups)
        .node();
  }

 private:
  using Systems = std::pair<std::string, std::string>;

  // Mappings from one system to one other, as far as they stand together; one without a target belongs to any.
  Node group(std::size_t& at) {
    const std::string& source = map_.mappings[at].source_system;
    std::string target;
    std::vector<Node> elements;
    while (at < map_.mappings.size()) {
      const CodeMapping& mapping = map_.mappings[at];
      if (mapping.source_system != source) break;
      if (!mapping.target_system.empty() && !target.empty() && mapping.target_system != target) break;
      if (!mapping.target_system.empty()) target = mapping.target_system;
      elements.push_back(element(at, target));
    }
    ObjectBuilder made(arena_);
    made.text("source", source).text("target", target).list("element", elements);
    for (const Unmapped& rule : map_.unmapped) {
      const bool fits = rule.source_system == source && (rule.target_system == target || rule.target_system.empty());
      if (!fits || written_.contains({rule.source_system, rule.target_system})) continue;
      made.add("unmapped", unmapped(rule));
      written_.insert({rule.source_system, rule.target_system});
      break;
    }
    return made.node();
  }

  Node alone(const Unmapped& rule) {
    return ObjectBuilder(arena_)
        .text("source", rule.source_system)
        .text("target", rule.target_system)
        .add("unmapped", unmapped(rule))
        .node();
  }

  // The mappings of one code that follow each other.
  Node element(std::size_t& at, const std::string& target_system) {
    const CodeMapping& first = map_.mappings[at];
    ObjectBuilder made(arena_);
    made.text("code", first.source_code).text("display", first.source_display);
    if (first.relation == Relation::Unmatched && first.target_code.empty() && form_ == ResourceForm::R5) {
      ++at;
      return made.add("noMap", Node::boolean(true)).node();
    }
    std::vector<Node> targets;
    for (; at < map_.mappings.size(); ++at) {
      const CodeMapping& mapping = map_.mappings[at];
      const bool same = mapping.source_code == first.source_code && mapping.source_system == first.source_system &&
                        mapping.source_display == first.source_display &&
                        (mapping.target_system.empty() || mapping.target_system == target_system);
      const bool none = mapping.relation == Relation::Unmatched && mapping.target_code.empty();
      if (!targets.empty() && (!same || (none && form_ == ResourceForm::R5))) break;
      targets.push_back(target(mapping));
    }
    return made.list("target", targets).node();
  }

  Node target(const CodeMapping& mapping) {
    const RelationRow& row = row_of(mapping.relation);
    ObjectBuilder made(arena_);
    const Relation* read = find_relation_by_relationship(row.relationship);
    if (form_ == ResourceForm::R5 && (read == nullptr || *read != mapping.relation)) {
      made.list("extension",
                {ObjectBuilder(arena_).text("url", kEquivalenceInR5).text("valueCode", row.equivalence).node()});
    }
    made.text("code", mapping.target_code).text("display", mapping.target_display);
    if (form_ == ResourceForm::R4) {
      made.text("equivalence", row.equivalence);
    } else {
      made.text("relationship", row.relationship);
    }
    return made.text("comment", mapping.comment).node();
  }

  Node unmapped(const Unmapped& rule) {
    const auto row = std::ranges::find(kModes, rule.mode, &ModeRow::mode);
    const bool r4 = form_ == ResourceForm::R4;
    return ObjectBuilder(arena_)
        .text("mode", r4 ? row->r4 : row->r5)
        .text("code", rule.code)
        .text("display", rule.display)
        .text(r4 ? "url" : "otherMap", rule.other_map)
        .node();
  }

  const ConceptMapText& map_;
  ResourceForm form_;
  Arena& arena_;
  std::set<Systems> written_;  // systems whose `unmapped` stands already
};

}  // namespace

ConceptMapText read_concept_map(const Node& resource, Reporter& reporter) { return Reader(resource, reporter).read(); }

Node concept_map_node(const ConceptMapText& map, ResourceForm form, Arena& arena) {
  return Writer(map, form, arena).write();
}

}  // namespace bhi::mapping
