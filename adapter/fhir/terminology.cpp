#include "fhir/terminology.h"

#include "fhir/terminology_table.h"

#include <algorithm>
#include <map>
#include <string>

namespace bhi::fhir {

namespace {

// Yes, no, or not known; and/or as in logic of three values.
using Truth = std::optional<bool>;

constexpr int kDeepest = 16;  // value sets that name value sets

Truth both(Truth a, Truth b) {
  if (a == false || b == false) return false;
  return a && b ? Truth(true) : Truth();
}

Truth either(Truth a, Truth b) {
  if (a == true || b == true) return true;
  return a && b ? Truth(false) : Truth();
}

Truth negated(Truth a) { return a ? Truth(!*a) : a; }

std::pair<std::string_view, std::string_view> split_canonical(std::string_view canonical) {
  const std::size_t bar = canonical.find('|');
  if (bar == std::string_view::npos) return {canonical, {}};
  return {canonical.substr(0, bar), canonical.substr(bar + 1)};
}

// Is `above` among the ancestors of the code at `place`? Circles in the data end.
bool is_below(const CodeSystem& system, std::uint32_t place, std::uint32_t above) {
  std::vector<std::uint32_t> open = system.concepts[place].parents;
  std::vector<bool> seen(system.concepts.size());
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    if (at == above) return true;
    if (seen[at]) continue;
    seen[at] = true;
    open.insert(open.end(), system.concepts[at].parents.begin(), system.concepts[at].parents.end());
  }
  return false;
}

// "a, b" as words
bool lists(std::string_view list, std::string_view wanted) {
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view word = list.substr(0, comma);
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    if (word.substr(0, word.find_last_not_of(' ') + 1) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

bool lists_code(const Part& part, const CodeSystem* system, std::string_view code) {
  if (part.codes.contains(std::string(code))) return true;
  if (system == nullptr || !system->ignores_case) return false;
  return std::ranges::any_of(part.codes, [&](const std::string& one) { return system->key(one) == system->key(code); });
}

// The property of a concept against one or several wanted values.
template <typename Fits>
Truth property_fits(const CodeSystem& system, std::string_view code, std::string_view property, Fits fits) {
  if (property == "concept" || property == "code") return fits(code);
  const Concept* found = system.find(code);
  bool given = false;
  for (const auto& [name, value] : found->properties) {
    if (name != property) continue;
    given = true;
    if (fits(std::string_view(value))) return true;
  }
  return given || system.complete ? Truth(false) : Truth();
}

// The code is known to the system.
Truth filter_holds(const CodeSystem& system, std::string_view code, const Filter& filter) {
  const std::string_view value = filter.value;
  if (filter.op == "=") return property_fits(system, code, filter.property, [&](auto text) { return text == value; });
  if (filter.op == "in")
    return property_fits(system, code, filter.property, [&](auto text) { return lists(value, text); });
  if (filter.op == "not-in")
    return negated(property_fits(system, code, filter.property, [&](auto text) { return lists(value, text); }));
  if (filter.op == "exists") {
    const Truth exists = property_fits(system, code, filter.property, [](auto) { return true; });
    return value == "true" ? exists : value == "false" ? negated(exists) : Truth();
  }
  const bool hierarchy = filter.property == "concept" || filter.property == "code";
  const auto root = system.places.find(system.key(value));
  if (!hierarchy || !system.subsumes || root == system.places.end()) return {};
  const std::uint32_t place = system.places.at(system.key(code));
  const bool same = place == root->second;
  const bool below = is_below(system, place, root->second);
  if (filter.op == "is-a") return same || below;
  if (filter.op == "descendent-of") return below;
  if (filter.op == "is-not-a") return !same && !below;
  if (filter.op == "generalizes") return same || is_below(system, root->second, place);
  return {};
}

}  // namespace

struct Terminology::Loaded {
  const Loaded* below = nullptr;  // R4's, for what was loaded
  std::map<std::string, CodeSystem, std::less<>> systems;
  std::map<std::string, ValueSet, std::less<>> value_sets;
  std::map<std::string, std::string, std::less<>> all_codes;  // value set of all codes of a system -> system

  const CodeSystem* system(std::string_view url) const {
    const auto found = systems.find(url);
    if (found != systems.end()) return &found->second;
    return below == nullptr ? nullptr : below->system(url);
  }

  const ValueSet* value_set(std::string_view url) const {
    const auto found = value_sets.find(url);
    if (found != value_sets.end()) return &found->second;
    return below == nullptr ? nullptr : below->value_set(url);
  }

  Truth has_code(std::string_view url, std::string_view code) const {
    const CodeSystem* known = system(url);
    if (known == nullptr) return {};
    if (known->find(code) != nullptr) return true;
    return known->complete ? Truth(false) : Truth();
  }

  // The part that a system plays: its codes, then its filters. An empty `given` is any system.
  Truth in_system(const Part& part, bool active_only, std::string_view given, std::string_view code) const {
    if (part.system.empty()) return true;
    if (!given.empty() && given != part.system) return false;
    const CodeSystem* known = system(part.system);
    const bool usable =
        known != nullptr && (part.version.empty() || known->version.empty() || part.version == known->version);
    if (!part.codes.empty()) {
      if (!lists_code(part, known, code)) return false;
      if (!active_only) return true;
      return usable && known->find(code) != nullptr ? Truth(!known->find(code)->inactive) : Truth();
    }
    if (!usable) return {};
    const Concept* found = known->find(code);
    if (found == nullptr) return known->complete ? Truth(false) : Truth();
    Truth holds = !(active_only && found->inactive);
    for (const Filter& filter : part.filters) holds = both(holds, filter_holds(*known, code, filter));
    return holds;
  }

  Truth in_part(const Part& part, bool active_only, std::string_view given, std::string_view code, int depth) const {
    Truth holds = in_system(part, active_only, given, code);
    for (const std::string& other : part.value_sets) {
      if (holds == false) break;
      holds = both(holds, member(other, given, code, depth + 1));
    }
    return holds;
  }

  Truth composed(const ValueSet& set, std::string_view given, std::string_view code, int depth) const {
    if (set.includes.empty()) return {};
    Truth in = false;
    for (const Part& part : set.includes) {
      in = either(in, in_part(part, set.active_only, given, code, depth));
      if (in == true) break;
    }
    for (const Part& part : set.excludes) {
      if (in == false) break;
      in = both(in, negated(in_part(part, false, given, code, depth)));
    }
    return in;
  }

  // A plain code against the members of any system.
  static bool lists_plain(const ValueSet& set, std::string_view code) {
    return std::ranges::any_of(set.members, [code](const std::string& key) {
      return key.size() > code.size() && key.ends_with(code) && key[key.size() - code.size() - 1] == '|';
    });
  }

  Truth member(std::string_view canonical, std::string_view given, std::string_view code, int depth) const {
    if (depth > kDeepest || code.empty()) return {};
    const auto [url, version] = split_canonical(canonical);
    const ValueSet* set = value_set(url);
    if (set == nullptr) return in_all_codes(url, version, given, code);
    if (!version.empty() && version != set->version) return {};
    const Truth in = composed(*set, given, code, depth);
    if (in || !set->expanded) return in;
    const bool listed = given.empty() ? lists_plain(*set, code) : set->members.contains(member_key(given, code));
    return listed || set->expansion_complete ? Truth(listed) : Truth();
  }

  // The value set that a CodeSystem names as that of all its codes.
  Truth in_all_codes(std::string_view url, std::string_view version, std::string_view given,
                     std::string_view code) const {
    const auto found = all_codes.find(url);
    if (found == all_codes.end()) return below == nullptr ? Truth() : below->in_all_codes(url, version, given, code);
    if (!version.empty() && version != system(found->second)->version) return {};
    return given.empty() || given == found->second ? has_code(found->second, code) : Truth(false);
  }

  void add(NamedCodeSystem one) {
    if (!one.system.all_codes.empty()) all_codes[one.system.all_codes] = one.url;
    systems[one.url] = std::move(one.system);
  }
};

Terminology::Terminology(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}

Terminology::~Terminology() = default;

const Terminology& Terminology::r4() {
  static const Terminology kept = [] {
    auto loaded = std::make_unique<Loaded>();
    for (const std::string_view row : r4_code_systems()) loaded->add(code_system_of_row(row));
    for (const std::string_view row : r4_value_sets()) {
      NamedValueSet one = value_set_of_row(row);
      loaded->value_sets[one.url] = std::move(one.value_set);
    }
    return Terminology(std::move(loaded));
  }();
  return kept;
}

Result<std::shared_ptr<const Terminology>> Terminology::with(std::span<const Node* const> resources) {
  auto loaded = std::make_unique<Loaded>();
  loaded->below = r4().loaded_.get();
  for (const Node* const resource : resources) {
    const std::string_view type = resource_type(*resource);
    if (type == "CodeSystem") {
      BHI_TRY(NamedCodeSystem one, code_system_of(*resource));
      loaded->add(std::move(one));
    } else if (type == "ValueSet") {
      BHI_TRY(NamedValueSet one, value_set_of(*resource));
      loaded->value_sets[one.url] = std::move(one.value_set);
    } else {
      return Error{Kind::Incorrect, "expected a CodeSystem or ValueSet, found another resource"};
    }
  }
  return std::shared_ptr<const Terminology>(new Terminology(std::move(loaded)));
}

Truth Terminology::member_of(std::string_view value_set, std::string_view system, std::string_view code) const {
  return loaded_->member(value_set, system, code, 0);
}

Truth Terminology::has_code(std::string_view system, std::string_view code) const {
  return loaded_->has_code(system, code);
}

Truth Terminology::subsumes(std::string_view system, std::string_view above, std::string_view below) const {
  const CodeSystem* known = loaded_->system(system);
  if (known == nullptr) return {};
  const auto upper = known->places.find(known->key(above));
  const auto lower = known->places.find(known->key(below));
  if (upper == known->places.end() || lower == known->places.end()) return {};
  if (upper == lower) return true;
  if (!known->subsumes) return {};
  if (is_below(*known, lower->second, upper->second)) return true;
  return known->complete ? Truth(false) : Truth();
}

}  // namespace bhi::fhir
