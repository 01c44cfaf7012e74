#include "mapping/tracer.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

using fhir::Node;

void add_once(std::vector<const Node*>& to, const Node* node) {
  if (std::ranges::find(to, node) == to.end()) to.push_back(node);
}

std::string_view code_of(const Node& node) {
  if (!node.is_object()) return node.text();
  if (const Node* list = node.find("coding")) {
    for (const Node& coding : fhir::each(list)) return coding.text_of("code");
  }
  return node.text_of("code");
}

// "#totals: phq-9 -> http://loinc.org|44261-6"; the mapping that leads from the one code to the other.
std::string translation_of(const CodeTable& table, const Node& from, const Node& to) {
  const std::string source(code_of(from));
  const std::string_view made = code_of(to);
  const auto [first, last] = table.by_code.equal_range(source);
  for (auto at = first; at != last; ++at) {
    if (at->second.target_code != made && at->second.target_system != made) continue;
    return "#" + table.id + ": " + source + " -> " + at->second.target_system + "|" + at->second.target_code;
  }
  return {};
}

}  // namespace

void Tracer::add_document(const Node& root, const fhir::TypeInfo* type) {
  index(root, {});
  if (type != nullptr) types_.emplace(&root, type->name);
}

void Tracer::index(const Node& node, const Position& position) {
  if (!positions_.emplace(&node, position).second) return;
  for (const fhir::Member& member : node.members()) index(member.value, {&node, member.name, 0});
  std::uint32_t at = 0;
  for (const Node& element : node.elements()) index(element, {&node, nullptr, at++});
}

void Tracer::begin(const CompiledRule& rule, const CompiledGroup& group, const CompiledTarget& target,
                   const Binding& first) {
  now_ = {};
  now_.rule = &rule;
  now_.group = &group;
  now_.target = &target;
  now_.because = is_known(first.item.node) ? first.item.node : nullptr;
  if (rule.simple_copy) read(first);
}

void Tracer::add_sources(Addresses& to, const fhirpath::Item& item) const {
  if (item.node == nullptr) return;
  if (is_known(item.node)) return add_once(to, item.node);
  if (item.companion != nullptr && is_known(item.companion)) return add_once(to, item.companion);
  const auto found = computed_.find(item.node);
  if (found == computed_.end()) return;
  for (const Node* node : found->second) add_once(to, node);
}

void Tracer::read(const fhirpath::Item& item) { add_sources(now_.sources, item); }

void Tracer::read(const Binding& binding) {
  if (binding.kind == Binding::Kind::Source) read(binding.item);
  if (binding.kind != Binding::Kind::Target) return;
  const auto found = notes_.find(binding.target);
  if (found == notes_.end()) return;
  for (const Note& note : found->second) {
    for (const Node* node : note.sources) add_once(now_.sources, node);
  }
}

void Tracer::name(const fhirpath::Item& item) {
  // One node stands for every `true` that expressions make.
  if (item.node == nullptr || is_known(item.node) || item.node->kind() == fhir::NodeKind::Boolean) return;
  computed_[item.node] = now_.sources;
}

Tracer::Note Tracer::note(LineageKind kind) const {
  Note note = now_;
  note.kind = kind;
  return note;
}

void Tracer::made(const TargetNode& node) { notes_[&node].push_back(note(LineageKind::Made)); }

void Tracer::put(const TargetNode& node, const Binding& value) {
  if (value.kind == Binding::Kind::Target) {
    if (&node != value.target) copied(node, *value.target);
    return;
  }
  Note made = note(now_.sources.empty() ? LineageKind::Constant : LineageKind::Computed);
  Addresses exact;
  add_sources(exact, value.item);
  const bool stands_there =
      value.item.node != nullptr &&
      (is_known(value.item.node) || (value.item.companion != nullptr && is_known(value.item.companion)));
  if (now_.target->codes != nullptr) {
    made.kind = LineageKind::Translated;
    for (const Node* source : made.sources) {
      if (made.translation.empty()) made.translation = translation_of(*now_.target->codes, *source, *value.item.node);
    }
  } else if (stands_there) {
    made.kind = LineageKind::Copied;
    made.sources = std::move(exact);
  } else if (!exact.empty()) {
    made.kind = LineageKind::Computed;
    made.sources = std::move(exact);
  }
  notes_[&node].push_back(std::move(made));
}

void Tracer::copied(const TargetNode& node, const TargetNode& made_once) {
  Note made = note(LineageKind::Made);
  made.original = &made_once;
  notes_[&node].push_back(std::move(made));
}

LineageSource Tracer::named(const Node* node) const {
  std::string path;
  const Node* root = node;
  for (auto at = positions_.find(node); at != positions_.end() && at->second.parent != nullptr;
       at = positions_.find(root)) {
    const Position& position = at->second;
    path = (position.name != nullptr ? "." + std::string(position.name->text)
                                     : "[" + std::to_string(position.index) + "]") +
           path;
    root = position.parent;
  }
  std::string type(fhir::resource_type(*root));
  if (type.empty()) type = root->text_of("kind");
  if (const auto known = types_.find(root); type.empty() && known != types_.end()) type = known->second;
  if (type.empty()) type = "source";
  const std::string_view id = root->text_of("id");
  return {id.empty() ? type : type + "/" + std::string(id), type + path};
}

LineageEntry Tracer::entry(const Note& note, const std::string& path) const {
  LineageEntry made;
  made.target = path;
  made.kind = note.kind;
  for (const Node* source : note.sources) made.sources.push_back(named(source));
  if (note.because != nullptr) made.because = named(note.because);
  made.translation = note.translation;
  const CompiledTarget& target = *note.target;
  if (target.transform == Transform::Evaluate && target.parameters.back().expression) {
    made.by = "(" + std::string(target.parameters.back().expression->expression.text()) + ")";
  } else if (target.transform) {
    made.by = entry_of(*target.transform).name;
  } else {
    made.by = note.rule->simple_copy ? "copy" : "create";
  }
  const CompiledMap& map = *note.group->map;
  made.rule = {map.url, map.hash, map.file, note.group->name, note.rule->name, target.at};
  return made;
}

void Tracer::write(const TargetNode& node, const std::string& path, Lineage& to) const {
  if (const auto found = notes_.find(&node); found != notes_.end()) {
    for (const Note& note : found->second) {
      if (note.original == nullptr) {
        to.entries.push_back(entry(note, path));
      } else {
        write(*note.original, path, to);
      }
    }
  }
  for (const TargetField* field = node.fields; field != nullptr; field = field->next) {
    if (field->element == nullptr) continue;
    const std::string name = path + "." + std::string(field->json_name->text);
    std::size_t at = 0;
    for (const TargetNode* value = field->first; value != nullptr; value = value->next) {
      if (!tree_.has_value(*value)) continue;
      write(*value, field->element->many() ? name + "[" + std::to_string(at++) + "]" : name, to);
    }
  }
}

Lineage Tracer::finish(const TargetNode& root) const {
  Lineage lineage;
  write(root, std::string(root.type->name), lineage);
  return lineage;
}

}  // namespace bhi::mapping
