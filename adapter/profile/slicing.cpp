// Which slice a value belongs to. https://hl7.org/fhir/R4/profiling.html#discriminator
#include "profile/checker.h"
#include "profile/values.h"

#include <algorithm>
#include <vector>

namespace bhi::profile {

using fhir::Node;
using fhirpath::Item;

namespace {

constexpr std::string_view kResolve = "resolve()";

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

// The next step of a discriminator's path, and what is left. A dot within extension('...') is none of the path.
std::string_view next_step(std::string_view& path) {
  std::size_t end = 0;
  bool quoted = false;
  while (end < path.size() && (quoted || path[end] != '.')) quoted ^= path[end++] == '\'';
  const auto step = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return step;
}

// extension('url') -> url; empty: something else.
std::string_view extension_url(std::string_view step) {
  constexpr std::string_view kBegin = "extension('";
  if (!step.starts_with(kBegin) || !step.ends_with("')")) return {};
  return step.substr(kBegin.size(), step.size() - kBegin.size() - 2);
}

bool is_profile_of(const ElementRule& rule, std::string_view url) {
  return std::ranges::any_of(rule.types, [url](const AllowedType& type) {
    return std::ranges::any_of(type.profiles, [url](const auto& one) { return without_version(one) == url; });
  });
}

bool all(const ElementRule& slice, const auto& test) {
  return !slice.types.empty() && std::ranges::all_of(slice.types, test);
}

}  // namespace

Match Checker::belongs(const Item& item, const ElementRule& sliced, const ElementRule& slice) {
  std::vector<Discriminator> discriminators = sliced.discriminators;
  const auto name = sliced.name->text;
  if (discriminators.empty() && (name == "extension" || name == "modifierExtension")) {
    discriminators.push_back({DiscriminatorType::Value, "url"});
  }
  // "effective[x]:effectivePeriod" says it by its name.
  const bool by_type = slice.slice.starts_with(name) && slice.slice.size() > name.size() && !slice.types.empty();
  if (discriminators.empty() && by_type) discriminators.push_back({DiscriminatorType::Type, "$this"});
  if (discriminators.empty()) return Match::Unknown;
  Match answer = Match::Open;
  for (const Discriminator& one : discriminators) {
    const Match match = fits(item, one, slice);
    if (match == Match::No) return match;
    if (match == Match::Unknown || (match == Match::Yes && answer == Match::Open)) answer = match;
  }
  return answer == Match::Open ? Match::Unknown : answer;
}

Match Checker::fits(const Item& item, const Discriminator& discriminator, const ElementRule& slice) {
  if (discriminator.type == DiscriminatorType::Value) return fits_value(item, discriminator.path, slice);
  // The others speak of an element: go there on both sides.
  const ElementRule* rule = &slice;
  std::vector<Item> items{item};
  bool resolved = false;
  for (std::string_view path = discriminator.path; !path.empty();) {
    const auto step = next_step(path);
    if (step == "$this") continue;
    if (step == kResolve && path.empty()) {
      resolved = true;
      break;
    }
    const auto* name = fhir::find_name(step);
    if (name == nullptr) return Match::Unknown;
    rule = rule->child(step);
    if (rule == nullptr) return Match::Open;
    std::vector<Item> next;
    for (const Item& one : items) fhirpath::children(one, *name, profiles_.types(), next);
    items = std::move(next);
  }
  if (discriminator.type == DiscriminatorType::Exists) {
    if (rule->min.value_or(0) > 0) return items.empty() ? Match::No : Match::Yes;
    return rule->max == 0u ? (items.empty() ? Match::Yes : Match::No) : Match::Unknown;
  }
  if (discriminator.type == DiscriminatorType::Other) return Match::Unknown;
  Match best = Match::No;
  for (const Item& one : items) {
    const Match match = discriminator.type == DiscriminatorType::Type ? fits_type(one, *rule, resolved)
                        : resolved                                    ? Match::Unknown
                                                                      : fits_profile(one, *rule);
    if (match == Match::Yes) return match;
    if (match == Match::Unknown) best = match;
  }
  return best;
}

// A fixed value, a pattern or a required binding at the path, or on the way to it.
Match Checker::fits_value(const Item& item, std::string_view path, const ElementRule& slice) {
  const ElementRule* rule = &slice;
  std::vector<Item> items{item};
  for (;;) {
    if (rule->fixed != nullptr || rule->pattern != nullptr) {
      const bool any = std::ranges::any_of(items, [rule](const Item& one) {
        return rule->fixed != nullptr ? fhir::same(*one.node, *rule->fixed) : fits_pattern(*one.node, *rule->pattern);
      });
      return any ? Match::Yes : Match::No;
    }
    while (path.starts_with("$this")) next_step(path);
    if (path.empty()) break;
    const auto step = next_step(path);
    const auto url = extension_url(step);
    if (url.empty() && step == "url" && !rule->types.empty() && rule->child("url") == nullptr) {
      // The slice is told by the profile of the extension, whose url is its canonical.
      const bool by_profile = all(*rule, [](const AllowedType& type) { return !type.profiles.empty(); });
      if (!by_profile) return Match::Unknown;
      return std::ranges::any_of(items,
                                 [rule](const Item& one) { return is_profile_of(*rule, one.node->text_of("url")); })
                 ? Match::Yes
                 : Match::No;
    }
    const auto* name = fhir::find_name(url.empty() ? step : std::string_view("extension"));
    if (name == nullptr) return Match::Unknown;
    std::vector<Item> next;
    for (const Item& one : items) fhirpath::children(one, *name, profiles_.types(), next);
    if (!url.empty()) std::erase_if(next, [url](const Item& one) { return one.node->text_of("url") != url; });
    items = std::move(next);
    const ElementRule* below = rule->child(name->text);
    if (below != nullptr && !url.empty()) {
      const auto own = std::ranges::find_if(below->slices, [url](const auto& one) {
        const auto* said = one->child("url");
        return is_profile_of(*one, url) || (said != nullptr && said->fixed != nullptr && said->fixed->text() == url);
      });
      below = own == below->slices.end() ? nullptr : own->get();
    }
    if (below == nullptr) return Match::Open;
    rule = below;
  }
  if (rule->value_sets.empty()) return Match::Open;
  Match best = Match::No;
  for (const Item& one : items) {
    const auto member = in_value_set(one, rule->value_sets.front(), environment_);
    if (member == true) return Match::Yes;
    if (!member) best = Match::Unknown;
  }
  return best;
}

Match Checker::fits_type(const Item& item, const ElementRule& rule, bool resolved) {
  if (rule.types.empty()) {
    // "payload.contentString" says the type of "payload.content[x]" by a slice of it.
    Match best = rule.slices.empty() ? Match::Open : Match::No;
    for (const auto& slice : rule.slices) {
      if (fits_type(item, *slice, resolved) == Match::Yes) best = Match::Yes;
    }
    return best;
  }
  const fhir::TypeInfo* type = resolved ? target_type(item) : item.type;
  if (type == nullptr) return Match::Unknown;
  for (const AllowedType& allowed : rule.types) {
    if (!resolved && type->is(*allowed.type)) return Match::Yes;
    if (!resolved) continue;
    for (const auto& target : allowed.targets) {
      const auto* wanted = profiles_.types().find(target);
      if (wanted == nullptr) return Match::Unknown;
      if (type->is(*wanted)) return Match::Yes;
    }
  }
  return Match::No;
}

Match Checker::fits_profile(const Item& item, const ElementRule& rule) {
  Match best = rule.types.empty() ? Match::Unknown : Match::No;
  for (const AllowedType& allowed : rule.types) {
    for (const auto& canonical : allowed.profiles) {
      const Match one = conforms(item, canonical);
      if (one == Match::Yes) return one;
      if (one == Match::Unknown) best = one;
    }
  }
  return best;
}

Match Checker::conforms(const Item& item, std::string_view canonical) {
  const auto* definition = profiles_.find(canonical);
  if (definition == nullptr) {
    const auto* type = profiles_.types().find(canonical);
    const bool plain = type != nullptr && type->url == without_version(canonical) && item.type != nullptr;
    if (!plain) return Match::Unknown;
    // The profiles that come with R4's types: a SimpleQuantity has no comparator.
    const bool quantity = item.type->name == "Quantity" && type->base != nullptr && type->base->name == "Quantity";
    if (quantity && type->name == "SimpleQuantity") {
      return item.node->find("comparator") == nullptr ? Match::Yes : Match::No;
    }
    if (quantity && type->name == "MoneyQuantity") return Match::Unknown;
    return item.type->is(*type) ? Match::Yes : Match::No;
  }
  if (effort_.depth >= Effort::kMostDepth) return Match::Unknown;
  Verdict verdict;
  ++effort_.depth;
  Checker(profiles_, environment_, effort_, verdict).conform(item, *definition, std::string(definition->type->name));
  --effort_.depth;
  if (!verdict.problems.empty()) return Match::No;
  return verdict.undecided.empty() ? Match::Yes : Match::Unknown;
}

}  // namespace bhi::profile
