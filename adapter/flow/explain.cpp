#include "flow/explain.h"

#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/care_steps.h"
#include "flow/record.h"

#include <algorithm>
#include <charconv>

namespace bhi::flow {

namespace {

using fhir::Node;
using mapping::LineageEntry;
using mapping::LineageKind;

constexpr int kMaxDepth = 16;  // a chain is five long; fields of care that lead to each other end here

bool is_within(std::string_view path, std::string_view whole) {
  return path.starts_with(whole) &&
         (path.size() == whole.size() || path[whole.size()] == '.' || path[whole.size()] == '[');
}

void add_leaves(const Node& node, const std::string& path, std::vector<Explained>& to) {
  for (const fhir::Member& member : node.members()) {
    if (member.name->text != "resourceType") add_leaves(member.value, path + "." + std::string(member.name->text), to);
  }
  std::size_t at = 0;
  for (const Node& element : node.elements()) add_leaves(element, path + "[" + std::to_string(at++) + "]", to);
  if (node.is_object() || node.is_array() || node.is_null()) return;
  to.push_back({"", path, fhir::write_json(node), {}});
}

// "Screening.items[3].score" in the document; null when there is no such element.
const Node* find(const Node& root, std::string_view path) {
  const Node* at = &root;
  path.remove_prefix(std::min(path.find_first_of(".["), path.size()));
  while (!path.empty() && at != nullptr) {
    const bool index = path.front() == '[';
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find_first_of(index ? "]" : ".["), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(index ? std::min(end + 1, path.size()) : end);
    if (!index) {
      at = at->find(part);
      continue;
    }
    std::size_t number = 0;
    std::from_chars(part.data(), part.data() + part.size(), number);
    at = number < at->elements().size() ? &at->elements()[number] : nullptr;
  }
  return at;
}

std::string value_at(const Node& root, std::string_view path) {
  const Node* node = find(root, path);
  if (node == nullptr || node->is_object() || node->is_array() || node->is_null()) return {};
  return fhir::write_json(*node);
}

class Explainer {
 public:
  explicit Explainer(const MapTrace& trace) : trace_(trace) {}

  void outbound(Explained& element, const MapTrace::Out& out) {
    if (element.path.find(".meta.security[") != std::string::npos) {
      ExplainedStep label;
      label.how = "derived";
      label.care_rule = "security labels of a " + std::string(care::kind_of(out.entity)) + " (flow/labels.h)";
      element.steps.push_back(std::move(label));
      return;
    }
    for (const LineageEntry& entry : mapping::lineage_of(out.lineage, element.path)) {
      ExplainedStep step = step_of(entry);
      for (const mapping::LineageSource& source : entry.sources) step.from.push_back(care(source, out.entity, 0));
      element.steps.push_back(std::move(step));
    }
  }

 private:
  static ExplainedStep step_of(const LineageEntry& entry) {
    ExplainedStep step;
    step.how = mapping::name(entry.kind);
    step.by = entry.by;
    step.rule = entry.rule;
    step.translation = entry.translation;
    return step;
  }

  // An element of the entity; anything else (the context of the write) has no history.
  Explained care(const mapping::LineageSource& source, const care::Entity& entity, int depth) {
    Arena arena;
    Explained element{source.document, source.path, {}, {}};
    const std::string own = std::string(care::kind_of(entity)) + "/" + std::string(id_of(entity));
    if (source.document != own || depth > kMaxDepth) return element;
    element.value = value_at(to_node(entity, arena), source.path);
    const MapTrace::In* in = received_as(entity);
    if (in == nullptr) return element;
    CareStep step = care_step(entity, in->change, source.path);
    if (step.rule.empty() && step.fields.empty()) {  // handed on as it was received
      for (const std::string& path : step.received) inbound(element, *in, path);
      return element;
    }
    ExplainedStep made;
    made.how = "derived";
    made.care_rule = std::move(step.rule);
    for (std::string& path : step.fields) made.from.push_back(care({own, std::move(path)}, entity, depth + 1));
    for (const std::string& path : step.received) {
      Explained received{path.substr(0, path.find('.')), path, {}, {}};
      inbound(received, *in, path);
      if (!received.steps.empty()) made.from.push_back(std::move(received));
    }
    element.steps.push_back(std::move(made));
    return element;
  }

  // The rules that made the received element, or what lies within it.
  void inbound(Explained& element, const MapTrace::In& in, const std::string& path) {
    std::vector<LineageEntry> entries = mapping::lineage_of(in.lineage, path);
    std::erase_if(entries, [](const LineageEntry& entry) { return entry.kind == LineageKind::Made; });
    if (entries.empty()) {
      for (const LineageEntry& entry : in.lineage.entries) {
        if (entry.kind != LineageKind::Made && is_within(entry.target, path)) entries.push_back(entry);
      }
    }
    for (const LineageEntry& entry : entries) {
      ExplainedStep step = step_of(entry);
      for (const mapping::LineageSource& source : entry.sources) {
        step.from.push_back({source.document, source.path, {}, {}});
      }
      element.steps.push_back(std::move(step));
    }
  }

  // A form with several instruments becomes several entities: "<id>", "<id>-gad-7".
  const MapTrace::In* received_as(const care::Entity& entity) const {
    const std::string_view id = id_of(entity);
    const auto found = std::ranges::find_if(trace_.in, [&](const MapTrace::In& in) {
      return id == in.entity || (id.starts_with(in.entity) && id.substr(in.entity.size()).starts_with('-'));
    });
    return found == trace_.in.end() ? nullptr : &*found;
  }

  const MapTrace& trace_;
};

bool comes_from(const Explained& element, const ExplainFilter& filter) {
  const bool here =
      element.document == filter.document &&
      (filter.path.empty() || is_within(element.path, filter.path) || is_within(filter.path, element.path));
  return here || std::ranges::any_of(element.steps, [&](const ExplainedStep& step) {
           return std::ranges::any_of(step.from, [&](const Explained& from) { return comes_from(from, filter); });
         });
}

}  // namespace

std::vector<ExplainedWrite> explain(const MapReport& report, const MapTrace& trace) {
  std::vector<ExplainedWrite> all;
  for (std::size_t i = 0; i < report.writes.size() && i < trace.out.size(); ++i) {
    ExplainedWrite& one = all.emplace_back();
    one.write = &report.writes[i];
    const auto body = fhir::read_json(one.write->body);
    if (!body.ok()) continue;
    add_leaves((*body)->root(), std::string(fhir::resource_type((*body)->root())), one.elements);
    Explainer explainer(trace);
    for (Explained& element : one.elements) explainer.outbound(element, trace.out[i]);
  }
  return all;
}

void keep_only(std::vector<ExplainedWrite>& writes, const ExplainFilter& filter) {
  for (ExplainedWrite& write : writes) {
    std::erase_if(write.elements, [&](const Explained& element) {
      if (!filter.element.empty() && !is_within(element.path, filter.element)) return true;
      return !filter.document.empty() && !comes_from(element, filter);
    });
  }
  std::erase_if(writes, [](const ExplainedWrite& write) { return write.elements.empty(); });
}

}  // namespace bhi::flow
