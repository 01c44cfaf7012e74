#include "fhir/types.h"

#include "fhir/name_table.h"
#include "fhir/type_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <memory>
#include <unordered_map>

namespace bhi::fhir {

namespace {

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

bool is_canonical(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.starts_with("urn:");
}

std::string choice_text(std::string_view element, std::string_view type) {
  std::string text(element);
  text.append(type);
  char& first = text[element.size()];
  if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
  return text;
}

// OPTIMIZATION: every item that is a resource asks for its type by name.
struct NameHash {
  std::size_t operator()(std::string_view text) const { return name_table::key_of(text).hash; }
};

// The key of an inline type: models that share a name with R4 have inline types of the same path.
std::string inline_key(const TypeRow& row, std::string_view path) {
  return std::string(row.url).append("#").append(path);
}

// Where in a table of that size (a power of two) the search for a name begins. Names are at least 16 bytes apart.
std::size_t place_of(const Name& name, std::size_t size) {
  const auto address = reinterpret_cast<std::uintptr_t>(&name);
  return ((address >> 4) ^ (address >> 12)) & (size - 1);
}

}  // namespace

// One set of types: R4 itself, or what was loaded on top of it.
struct Types::Loaded {
  explicit Loaded(const Loaded* before) : below(before) {}

  const Loaded* below;  // R4, under what was loaded; null for R4 itself
  Arena memory{std::size_t{1} << 16};
  std::vector<TypeInfo*> types;  // in order of definition
  std::unordered_map<std::string_view, const TypeInfo*, NameHash> by_name;
  std::vector<std::string_view> resources;  // that can be instances

  const TypeInfo* find(std::string_view name) const {
    const auto found = by_name.find(name);
    if (found != by_name.end()) return found->second;
    return below == nullptr ? nullptr : below->find(name);
  }
  bool knows(std::string_view name) const { return find(name) != nullptr; }
  void add_name(std::string_view name, const TypeInfo* type) {
    if (!name.empty() && !knows(name)) by_name.emplace(name, type);
  }

  Result<void> add(std::span<const TypeRow> rows);

 private:
  struct Work {
    TypeInfo* type;
    const TypeRow* row;
    enum { New, Begun, Done } state = New;
  };
  std::unordered_map<const TypeInfo*, Work> work_;  // while linking

  Error fault(const TypeRow& row, std::string_view element, std::string_view text) const;
  const TypeInfo* resolve(const TypeRow& row, std::string_view type) const;
  std::span<const std::string_view> targets_of(const ElementRow& row);
  Result<ElementInfo> element_of(const TypeRow& type, const ElementRow& row);
  Result<void> link(TypeInfo& type);
  void index(TypeInfo& type);
};

Error Types::Loaded::fault(const TypeRow& row, std::string_view element, std::string_view text) const {
  std::string message("StructureDefinition ");
  message.append(row.url).append(": ").append(row.name);
  if (!element.empty()) message.append(".").append(element);
  return {Kind::Incorrect, message.append(": ").append(text)};
}

const TypeInfo* Types::Loaded::resolve(const TypeRow& row, std::string_view type) const {
  if (type.find('.') != std::string_view::npos && !is_canonical(type)) {
    if (const TypeInfo* const own = find(inline_key(row, type))) return own;
  }
  if (const TypeInfo* const found = find(type)) return found;
  return find(std::string(kDefinitionPrefix).append(type));  // a model under HL7's own address
}

// Names of resource types. A profile we do not have may stand for any type: then nothing is said.
std::span<const std::string_view> Types::Loaded::targets_of(const ElementRow& row) {
  std::vector<std::string_view> names;
  for (const std::string_view target : row.targets) {
    const TypeInfo* const type = find(target);
    if (type == nullptr || type->name == "Resource") return {};
    if (std::ranges::find(names, type->name) == names.end()) names.push_back(type->name);
  }
  return memory.copy(std::span<const std::string_view>(names));
}

Result<ElementInfo> Types::Loaded::element_of(const TypeRow& type, const ElementRow& row) {
  ElementInfo element;
  element.name = &intern(row.name);
  element.choice = row.choice;
  element.min = row.min;
  element.max = row.max;
  element.strength = row.strength;
  element.value_set = row.value_set;
  const TypeInfo** const allowed = memory.array<const TypeInfo*>(row.types.size());
  for (std::size_t i = 0; i < row.types.size(); ++i) {
    allowed[i] = resolve(type, row.types[i]);
    if (allowed[i] == nullptr) {
      return fault(type, row.name, "expected a known type, found '" + std::string(row.types[i]) + "'");
    }
  }
  element.types = {allowed, row.types.size()};
  element.targets = targets_of(row);
  return element;
}

// Elements of the base first, then its own; an element of the same name takes the inherited one's place.
Result<void> Types::Loaded::link(TypeInfo& type) {
  const auto found = work_.find(&type);
  if (found == work_.end() || found->second.state == Work::Done) return {};
  Work& work = found->second;
  const TypeRow& row = *work.row;
  if (work.state == Work::Begun) return fault(row, {}, "expected a base that is another type, found itself");
  work.state = Work::Begun;

  std::vector<ElementInfo> elements;
  if (!row.base.empty()) {
    const TypeInfo* const base = resolve(row, row.base);
    if (base == nullptr) return fault(row, {}, "expected a known base, found '" + std::string(row.base) + "'");
    if (const auto unlinked = work_.find(base); unlinked != work_.end()) BHI_CHECK(link(*unlinked->second.type));
    type.base = base;
    elements.assign(base->elements.begin(), base->elements.end());
  }
  for (const ElementRow& own : row.elements) {
    BHI_TRY(ElementInfo element, element_of(row, own));
    const auto inherited = std::ranges::find(elements, element.name, &ElementInfo::name);
    if (!own.has_cardinality) {
      if (inherited == elements.end()) return fault(row, own.name, "expected min and max, found none");
      element.min = inherited->min;
      element.max = inherited->max;
    }
    if (element.types.empty() && inherited != elements.end()) element.types = inherited->types;
    if (inherited != elements.end()) {
      *inherited = element;
    } else {
      elements.push_back(element);
    }
  }
  type.elements = memory.copy(std::span<const ElementInfo>(elements));
  index(type);
  work.state = Work::Done;
  return {};
}

void Types::Loaded::index(TypeInfo& type) {
  std::vector<JsonName> names;
  for (const ElementInfo& element : type.elements) {
    names.push_back(
        {element.name, &element, element.types.size() == 1 && !element.choice ? element.types[0] : nullptr});
    if (!element.choice) continue;
    for (const TypeInfo* const chosen : element.types) {
      names.push_back({&intern(choice_text(element.name->text, chosen->name)), &element, chosen});
    }
  }
  // At most half full, so that a search ends after a step or two.
  const std::size_t size = std::bit_ceil(2 * names.size() + 1);
  const std::span<JsonName> table(memory.array<JsonName>(size), size);
  std::ranges::uninitialized_fill(table, JsonName{});
  for (const JsonName& name : names) {
    std::size_t at = place_of(*name.name, size);
    while (table[at].name != nullptr && table[at].name != name.name) at = (at + 1) & (size - 1);
    if (table[at].name == nullptr) table[at] = name;
  }
  type.json_names = table;
}

Result<void> Types::Loaded::add(std::span<const TypeRow> rows) {
  for (const TypeRow& row : rows) {
    TypeInfo* const type = memory.make<TypeInfo>();
    type->name = row.name;
    type->kind = row.kind;
    if (row.kind == TypeKind::Backbone) {
      const std::string_view key = memory.copy(inline_key(row, row.name));
      if (!row.url.empty()) by_name.emplace(key, type);
    } else {
      type->url = row.url;
      intern(row.name);
      if (knows(row.url)) return fault(row, {}, "expected a url of its own, found one that is in use");
      add_name(row.url, type);
    }
    add_name(row.name, type);
    if (row.other_name != row.name) add_name(row.other_name, type);
    if (row.kind == TypeKind::Resource && !row.abstract) resources.push_back(type->name);
    types.push_back(type);
    work_.emplace(type, Work{type, &row});
  }
  for (TypeInfo* const type : types) BHI_CHECK(link(*type));
  work_.clear();
  return {};
}

Types::Types(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}

Types::~Types() = default;

const Types& Types::r4() {
  static const Types kept = [] {
    auto loaded = std::make_unique<Loaded>(nullptr);
    const auto rows = rows_of_table(r4_type_table(), loaded->memory);
    [[maybe_unused]] const auto added = loaded->add(rows);
    assert(added.ok());
    intern("resourceType");
    std::ranges::sort(loaded->resources);
    return Types(std::move(loaded));
  }();
  return kept;
}

Result<std::shared_ptr<const Types>> Types::with(std::span<const Node* const> definitions) {
  auto loaded = std::make_unique<Loaded>(r4().loaded_.get());
  std::vector<TypeRow> rows;
  std::vector<const Node*> profiles;
  for (const Node* const definition : definitions) {
    const std::string_view url = without_version(definition->text_of("url"));
    if (resource_type(*definition) != "StructureDefinition" || url.empty()) {
      return Error{Kind::Incorrect, "expected a StructureDefinition with a url, found another resource or no url"};
    }
    if (definition->text_of("derivation") == "constraint") {
      profiles.push_back(definition);
    } else if (!r4().loaded_->knows(url)) {
      BHI_TRY(auto more, rows_of_definition(*definition, loaded->memory));
      std::ranges::move(more, std::back_inserter(rows));
    }
  }
  // Profiles may narrow profiles or models that come later in the list; targets of references may be profiles.
  std::unordered_map<std::string_view, std::string_view> narrowed;
  for (const Node* const profile : profiles) {
    narrowed.emplace(without_version(profile->text_of("url")), profile->text_of("type"));
  }
  for (TypeRow& row : rows) {
    for (ElementRow& element : row.elements) {
      for (std::string_view& target : element.targets) {
        const auto profile = narrowed.find(target);
        if (profile != narrowed.end()) target = loaded->memory.copy(profile->second);
      }
    }
  }
  BHI_CHECK(loaded->add(rows));
  for (const auto& [url, type] : narrowed) {
    const TypeInfo* const constrained = loaded->find(without_version(type));
    if (constrained == nullptr) {
      return Error{Kind::Incorrect, "StructureDefinition " + std::string(url) +
                                        ": expected a known type to constrain, found '" + std::string(type) + "'"};
    }
    loaded->add_name(loaded->memory.copy(url), constrained);
  }
  return std::shared_ptr<const Types>(new Types(std::move(loaded)));
}

const TypeInfo* Types::find(std::string_view name_or_url) const {
  if (const TypeInfo* const found = loaded_->find(name_or_url)) return found;
  const std::string_view plain = without_version(name_or_url);
  return plain.size() == name_or_url.size() ? nullptr : loaded_->find(plain);
}

std::vector<std::string_view> Types::names() const {
  std::vector<std::string_view> names;
  for (const Loaded* set = loaded_.get(); set != nullptr; set = set->below) {
    for (const TypeInfo* const type : set->types) {
      if (type->kind != TypeKind::Backbone) names.push_back(type->name);
    }
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

const ElementInfo* TypeInfo::element(const Name& given, const TypeInfo** chosen) const {
  if (chosen != nullptr) *chosen = nullptr;
  const Name* const wanted = given.interned ? &given : find_name(given.text);
  if (wanted == nullptr || json_names.empty()) return nullptr;
  for (std::size_t at = place_of(*wanted, json_names.size()); json_names[at].name != nullptr;
       at = (at + 1) & (json_names.size() - 1)) {
    if (json_names[at].name != wanted) continue;
    if (chosen != nullptr) *chosen = json_names[at].type;
    return json_names[at].element;
  }
  return nullptr;
}

bool TypeInfo::is(const TypeInfo& other) const {
  for (const TypeInfo* type = this; type != nullptr; type = type->base) {
    if (type == &other) return true;
  }
  return false;
}

std::span<const std::string_view> resource_type_names() {
  static const std::vector<std::string_view> kept = [] {
    std::vector<std::string_view> names;
    const Types& types = Types::r4();
    for (const std::string_view name : types.names()) {
      const TypeInfo& type = *types.find(name);
      if (type.kind == TypeKind::Resource && name != "Resource" && name != "DomainResource") names.push_back(name);
    }
    return names;
  }();
  return kept;
}

bool is_resource_type(std::string_view name) { return std::ranges::binary_search(resource_type_names(), name); }

const Name& choice_name(const ElementInfo& element, const TypeInfo& type) {
  return intern(choice_text(element.name->text, type.name));
}

}  // namespace bhi::fhir
