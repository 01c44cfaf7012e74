#include "mapping/lineage.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

// Is `path` the element `whole` or within it? "a.b[1]" is within "a" and "a.b[1]", not within "a.b[10]".
bool is_within(std::string_view path, std::string_view whole) {
  if (whole.empty() || !path.starts_with(whole)) return false;
  return path.size() == whole.size() || path[whole.size()] == '.' || path[whole.size()] == '[';
}

bool leads_on(LineageKind kind) { return kind == LineageKind::Copied; }

}  // namespace

std::string_view name(LineageKind kind) {
  switch (kind) {
    case LineageKind::Made: return "made";
    case LineageKind::Copied: return "copied";
    case LineageKind::Computed: return "computed";
    case LineageKind::Translated: return "translated";
    case LineageKind::Constant: return "constant";
  }
  return "";
}

std::string to_text(const LineageRule& rule) {
  return rule.file + ":" + std::to_string(rule.at.line) + ":" + std::to_string(rule.at.column) + " rule '" + rule.rule +
         "' of " + rule.group;
}

std::vector<LineageEntry> lineage_of(const Lineage& lineage, std::string_view target) {
  std::vector<LineageEntry> found;
  const LineageEntry* nearest = nullptr;
  for (const LineageEntry& entry : lineage.entries) {
    if (entry.target == target) {
      found.push_back(entry);
    } else if (is_within(target, entry.target) && entry.kind != LineageKind::Made &&
               (nearest == nullptr || nearest->target.size() <= entry.target.size())) {
      nearest = &entry;
    }
  }
  if (!found.empty() || nearest == nullptr) return found;
  LineageEntry led = *nearest;
  const std::string_view rest = target.substr(nearest->target.size());
  led.target = target;
  if (leads_on(led.kind)) {
    for (LineageSource& source : led.sources) source.path += rest;
  }
  found.push_back(std::move(led));
  return found;
}

std::vector<const LineageEntry*> targets_of(const Lineage& lineage, std::string_view document, std::string_view path) {
  std::vector<const LineageEntry*> found;
  for (const LineageEntry& entry : lineage.entries) {
    const bool used = std::ranges::any_of(entry.sources, [&](const LineageSource& source) {
      return source.document == document && (is_within(source.path, path) || is_within(path, source.path));
    });
    if (used && entry.kind != LineageKind::Made) found.push_back(&entry);
  }
  return found;
}

}  // namespace bhi::mapping
