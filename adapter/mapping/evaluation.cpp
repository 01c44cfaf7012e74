#include "mapping/evaluation.h"

#include "fhir/terminology.h"
#include "mapping/tracer.h"

namespace bhi::mapping {

namespace {

using fhir::Node;
using fhirpath::Collection;
using fhirpath::Item;

constexpr std::size_t kUsualVariables = 8;

}  // namespace

Evaluation::Evaluation(const Program& program, const World& world, TargetTree& tree, Arena& arena)
    : world_(world), tree_(tree), arena_(arena), maps_(program.maps.size()), documents_(arena) {
  environment_.types = program.types.get();
  environment_.now = world.now;
  fhirpath::answer_from(program.terminology != nullptr ? *program.terminology : fhir::Terminology::r4(), environment_);
  if (program.conforms_to) {
    environment_.conforms_to = [this, &program](const Item& item, std::string_view definition) {
      return program.conforms_to(item, definition, environment_);
    };
  }
  environment_.resolve = [this](std::string_view reference) { return resolve(reference); };
  if (world.log) {
    environment_.trace = [this](std::string_view name, Collection items) {
      world_.log(std::string(name) + ": " + std::to_string(items.size()) + " items");
    };
  }
}

Result<Item> Evaluation::item_of(const Binding& binding) {
  if (binding.kind == Binding::Kind::Target) return tree_.snapshot(*binding.target);
  return binding.item;
}

Result<Collection> Evaluation::evaluate(const CompiledExpression& expression, const Binding& focus, Frame frame,
                                        const CompiledMap& map) {
  SmallList<fhirpath::Variable, kUsualVariables> variables(arena_);
  for (const VariableUse& use : expression.variables) {
    variables.push_back({use.name, {}});
    Collection& value = variables.back().value;
    if (use.constant != VariableUse::kNone) {
      BHI_TRY(value, constant(map, use.constant));
      continue;
    }
    const Binding& binding = frame[use.slot];
    if (binding.kind == Binding::Kind::Target) {
      BHI_TRY(const Item now, tree_.snapshot(*binding.target));
      if (!now.node->is_null() || now.companion != nullptr) value = {arena_.make<Item>(now), 1};
    } else if (binding.kind == Binding::Kind::Source) {
      value = {&binding.item, 1};
    }
  }
  BHI_TRY(const Item item, item_of(focus));
  const Item* root = document_of(focus.place);
  environment_.resource = root != nullptr ? *root : item;
  environment_.root_resource = environment_.resource;
  environment_.variables = {variables.begin(), variables.size()};
  return expression.expression.evaluate(item, environment_, arena_);
}

Result<bool> Evaluation::holds(const CompiledExpression& expression, const Binding& focus, Frame frame,
                               const CompiledMap& map) {
  BHI_TRY(const Collection found, evaluate(expression, focus, frame, map));
  BHI_TRY(const std::optional<bool> truth, fhirpath::as_boolean(found));
  return truth.value_or(false);
}

Result<Collection> Evaluation::constant(const CompiledMap& map, std::uint32_t index) {
  if (constants_.empty()) constants_.resize(maps_);
  auto& known = constants_[map.index];
  if (known.empty()) known.resize(map.constants.size());
  if (!known[index]) {
    // Circles are refused when a map is compiled.
    BHI_TRY(known[index], evaluate(*map.constants[index].value, Binding{}, Frame{}, map));
  }
  return *known[index];
}

// https://hl7.org/fhir/R4/references.html: "#id" is contained, a Bundle's entries are known by fullUrl or by type and
// id.
const Node* Evaluation::resolve(std::string_view reference) {
  if (reference.starts_with('#') && environment_.resource.node != nullptr) {
    for (const Node& contained : fhir::each(environment_.resource.node->find("contained"))) {
      if (contained.text_of("id") == reference.substr(1)) return &contained;
    }
    return nullptr;
  }
  index_documents();
  if (const auto found = by_url_.find(reference); found != by_url_.end()) return found->second;
  if (const auto found = by_id_.find(std::string(reference)); found != by_id_.end()) return found->second;
  const Node* found = world_.resolve ? world_.resolve(reference) : nullptr;
  if (tracer_ != nullptr && found != nullptr) tracer_->add_document(*found, nullptr);
  return found;
}

void Evaluation::index_documents() {
  if (indexed_) return;
  indexed_ = true;
  for (const Node* document : documents_) {
    for (const Node& entry : fhir::each(document->find("entry"))) {
      const Node* resource = entry.find("resource");
      if (resource == nullptr) continue;
      if (const std::string_view url = entry.text_of("fullUrl"); !url.empty()) by_url_.emplace(url, resource);
      const std::string_view id = resource->text_of("id");
      if (!id.empty()) by_id_.emplace(std::string(fhir::resource_type(*resource)) + "/" + std::string(id), resource);
    }
  }
}

}  // namespace bhi::mapping
