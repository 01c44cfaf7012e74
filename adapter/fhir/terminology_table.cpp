// Reading code systems and value sets: rows of R4's table, and resources.
#include "fhir/terminology_table.h"

#include "fhir/type_table.h"

#include <algorithm>

namespace bhi::fhir {

namespace {

constexpr std::string_view kHl7 = "http://hl7.org/fhir/";
constexpr std::string_view kHl7Terminology = "http://terminology.hl7.org/CodeSystem/";

bool is_whole(std::string_view name) { return name.find("://") != std::string_view::npos || name.starts_with("urn:"); }

std::string system_url(std::string_view name) {
  if (is_whole(name)) return std::string(name);
  if (name.starts_with('@')) return std::string(kHl7Terminology).append(name.substr(1));
  return std::string(kHl7).append(name);
}

// Cuts the text up to the next of `ends`, which is left standing.
std::string_view take_until(std::string_view& text, std::string_view ends) {
  const std::string_view word = text.substr(0, text.find_first_of(ends));
  text.remove_prefix(word.size());
  return word;
}

std::string text_of(const Node& node) { return std::string(node.text()); }

Error fault(std::string_view type, std::string_view url, std::string_view text) {
  return {Kind::Incorrect, std::string(type) + " " + std::string(url) + ": " + std::string(text)};
}

// value[x] of a property as text; a Coding by its code.
std::string property_value(const Node& property) {
  for (const Member& member : property.members()) {
    if (!member.name->text.starts_with("value")) continue;
    return member.value.is_object() ? std::string(member.value.text_of("code")) : text_of(member.value);
  }
  return {};
}

struct Link {
  std::uint32_t child;
  std::string parent;
};

// Reads concept by concept; what properties say of parents is linked when all codes are known.
class ConceptReader {
 public:
  explicit ConceptReader(CodeSystem& system) : system_(system) {}

  void read(std::span<const Node> concepts, const std::uint32_t* parent) {
    for (const Node& node : concepts) {
      const std::string_view code = node.text_of("code");
      if (code.empty()) continue;
      const std::uint32_t place = system_.add(code, parent);
      for (const Node& property : each(node.find("property"))) read_property(property, place);
      read(each(node.find("concept")), &place);
    }
  }

  void link() {
    for (const Link& link : links_) {
      const auto parent = system_.places.find(system_.key(link.parent));
      if (parent != system_.places.end()) system_.concepts[link.child].parents.push_back(parent->second);
    }
    for (const auto& [parent, child] : children_) {
      const auto below = system_.places.find(system_.key(child));
      if (below != system_.places.end()) system_.concepts[below->second].parents.push_back(parent);
    }
  }

 private:
  void read_property(const Node& property, std::uint32_t place) {
    const std::string name(property.text_of("code"));
    std::string value = property_value(property);
    if (name == "parent" || name == "subsumedBy") links_.push_back({place, value});
    if (name == "child") children_.emplace_back(place, value);
    Concept& concept_at = system_.concepts[place];
    if ((name == "inactive" && value == "true") || (name == "status" && (value == "retired" || value == "inactive"))) {
      concept_at.inactive = true;
    }
    concept_at.properties.emplace_back(name, std::move(value));
  }

  CodeSystem& system_;
  std::vector<Link> links_;
  std::vector<std::pair<std::uint32_t, std::string>> children_;
};

Part part_of(const Node& include) {
  Part part;
  part.system = include.text_of("system");
  part.version = include.text_of("version");
  for (const Node& one : each(include.find("concept"))) part.codes.emplace(one.text_of("code"));
  for (const Node& one : each(include.find("filter"))) {
    part.filters.push_back(
        {std::string(one.text_of("property")), std::string(one.text_of("op")), std::string(one.text_of("value"))});
  }
  for (const Node& one : each(include.find("valueSet"))) part.value_sets.push_back(text_of(one));
  return part;
}

void read_members(std::span<const Node> contains, ValueSet& set) {
  for (const Node& one : contains) {
    const Node* abstract = one.find("abstract");
    const bool selectable = abstract == nullptr || abstract->text() != "true";
    const std::string_view code = one.text_of("code");
    if (selectable && !code.empty()) set.members.insert(member_key(one.text_of("system"), code));
    read_members(each(one.find("contains")), set);
  }
}

// Pages, limits and extensions (unclosed and the like) say that there may be more.
bool is_whole_expansion(const Node& expansion, std::size_t listed) {
  const Node* offset = expansion.find("offset");
  if (offset != nullptr && offset->text() != "0") return false;
  if (expansion.find("extension") != nullptr) return false;
  if (const Node* total = expansion.find("total"); total != nullptr && total->text() != std::to_string(listed)) {
    return false;
  }
  return std::ranges::all_of(each(expansion.find("parameter")), [](const Node& parameter) {
    const std::string_view name = parameter.text_of("name");
    return name == "version" || name == "used-codesystem" || name == "used-valueset" || name == "displayLanguage" ||
           name == "includeDesignations" || name == "includeDefinition";
  });
}

}  // namespace

std::string CodeSystem::key(std::string_view code) const {
  std::string key(code);
  if (!ignores_case) return key;
  std::ranges::transform(key, key.begin(), [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return key;
}

const Concept* CodeSystem::find(std::string_view code) const {
  const auto found = places.find(key(code));
  return found == places.end() ? nullptr : &concepts[found->second];
}

std::uint32_t CodeSystem::add(std::string_view code, const std::uint32_t* parent) {
  const auto [found, added] = places.try_emplace(key(code), static_cast<std::uint32_t>(concepts.size()));
  if (added) concepts.emplace_back();
  if (parent != nullptr) concepts[found->second].parents.push_back(*parent);
  return found->second;
}

std::string member_key(std::string_view system, std::string_view code) {
  return std::string(system).append("|").append(code);
}

NamedCodeSystem code_system_of_row(std::string_view row) {
  NamedCodeSystem named{system_url(take_until(row, " ")), {}};
  std::vector<std::uint32_t> open;  // the codes that the place in the row is below
  std::uint32_t last = 0;
  while (!row.empty()) {
    const char c = row.front();
    if (c == ' ' || c == '(' || c == ')') {
      if (c == '(') open.push_back(last);
      if (c == ')') open.pop_back();
      row.remove_prefix(1);
    } else {
      last = named.system.add(take_until(row, " ()"), open.empty() ? nullptr : &open.back());
    }
  }
  return named;
}

NamedValueSet value_set_of_row(std::string_view row) {
  const std::string_view name = take_until(row, " ");
  NamedValueSet named{is_whole(name) ? std::string(name) : std::string(kValueSetPrefix).append(name), {}};
  named.value_set.version = "4.0.1";
  bool begins = true;
  while (!row.empty()) {
    if (row.front() == ' ' || row.front() == '|') {
      begins |= row.front() == '|';
      row.remove_prefix(1);
      continue;
    }
    const std::string_view word = take_until(row, " ");
    if (begins) {
      named.value_set.includes.emplace_back().system = system_url(word);
      begins = false;
    } else {
      named.value_set.includes.back().codes.emplace(word);
    }
  }
  return named;
}

Result<NamedCodeSystem> code_system_of(const Node& resource) {
  NamedCodeSystem named{std::string(resource.text_of("url")), {}};
  if (named.url.empty()) return fault("CodeSystem", {}, "expected a url, found none");
  if (resource.text_of("content") == "supplement") {
    return fault("CodeSystem", named.url, "expected a code system, found a supplement to one");
  }
  CodeSystem& system = named.system;
  system.version = resource.text_of("version");
  system.all_codes = resource.text_of("valueSet");
  system.complete = resource.text_of("content") == "complete";
  const std::string_view meaning = resource.text_of("hierarchyMeaning");
  system.subsumes = meaning.empty() || meaning == "is-a";
  const Node* sensitive = resource.find("caseSensitive");
  system.ignores_case = sensitive != nullptr && sensitive->text() == "false";
  ConceptReader reader(system);
  reader.read(each(resource.find("concept")), nullptr);
  reader.link();
  const Node* count = resource.find("count");
  system.complete &= count == nullptr || count->text() == std::to_string(system.concepts.size());
  return named;
}

Result<NamedValueSet> value_set_of(const Node& resource) {
  NamedValueSet named{std::string(resource.text_of("url")), {}};
  if (named.url.empty()) return fault("ValueSet", {}, "expected a url, found none");
  ValueSet& set = named.value_set;
  set.version = resource.text_of("version");
  if (const Node* compose = resource.find("compose")) {
    const Node* inactive = compose->find("inactive");
    set.active_only = inactive != nullptr && inactive->text() == "false";
    for (const Node& include : each(compose->find("include"))) set.includes.push_back(part_of(include));
    for (const Node& exclude : each(compose->find("exclude"))) set.excludes.push_back(part_of(exclude));
  }
  for (const std::vector<Part>* parts : {&set.includes, &set.excludes}) {
    for (const Part& part : *parts) {
      if (part.system.empty() && (part.value_sets.empty() || !part.codes.empty() || !part.filters.empty())) {
        return fault("ValueSet", named.url, "expected a system or value sets in each part, found neither");
      }
    }
  }
  if (const Node* expansion = resource.find("expansion")) {
    set.expanded = true;
    read_members(each(expansion->find("contains")), set);
    set.expansion_complete = is_whole_expansion(*expansion, set.members.size());
  }
  return named;
}

}  // namespace bhi::fhir
