#include "mapping/code_table.h"

#include <algorithm>

namespace bhi::mapping {

namespace {

constexpr int kMaxOtherMaps = 8;  // one after another

// R5 may name a code system with its version.
std::string without_version(const std::string& system) { return system.substr(0, system.find('|')); }

bool applies(std::string_view wanted, std::string_view stated) {
  return wanted.empty() || stated.empty() || wanted == stated;
}

Result<std::optional<Translation>> mapped(const CodeTable& table, const SourceCode& code) {
  std::optional<Translation> found;
  const auto [first, last] = table.by_code.equal_range(std::string(code.code));
  for (auto at = first; at != last; ++at) {
    const CodeMapping& mapping = at->second;
    if (!row_of(mapping.relation).usable || !applies(mapping.source_system, code.system)) continue;
    if (!found) {
      found = Translation{mapping.target_system, mapping.target_code, mapping.target_display};
    } else if (found->code != mapping.target_code || found->system != mapping.target_system) {
      return Error{Kind::Incorrect, "expected one translation by concept map '" +
                                        (table.id.empty() ? table.url : table.id) + "', found several"};
    }
  }
  return found;
}

Result<std::optional<Translation>> translate(const CodeTable& table, std::span<const SourceCode> codes, int depth) {
  for (const SourceCode& code : codes) {
    BHI_TRY(const auto found, mapped(table, code));
    if (found) return found;
  }
  for (const SourceCode& code : codes) {
    for (std::size_t i = 0; i < table.unmapped.size(); ++i) {
      const Unmapped& rule = table.unmapped[i];
      if (!applies(rule.source_system, code.system)) continue;
      // A code that the table names, if only to say that nothing fits it, is not unmapped.
      const auto [first, last] = table.by_code.equal_range(std::string(code.code));
      const bool named =
          std::any_of(first, last, [&](const auto& entry) { return applies(entry.second.source_system, code.system); });
      if (named) continue;
      switch (rule.mode) {
        case UnmappedMode::SourceCode:
          return std::optional<Translation>({code.system.empty() ? rule.source_system : code.system, code.code, {}});
        case UnmappedMode::Fixed: return std::optional<Translation>({rule.target_system, rule.code, rule.display});
        case UnmappedMode::OtherMap: break;
      }
      if (depth >= kMaxOtherMaps || table.other_maps[i] == nullptr) {
        return Error{Kind::Incorrect, "expected at most " + std::to_string(kMaxOtherMaps) +
                                          " concept maps that name each other for unmapped codes, found more"};
      }
      return translate(*table.other_maps[i], {&code, 1}, depth + 1);
    }
  }
  return std::optional<Translation>();
}

}  // namespace

CodeTable::CodeTable(const ConceptMapText& text)
    : id(text.id), url(without_version(text.url)), unmapped(text.unmapped), other_maps(unmapped.size()) {
  for (CodeMapping mapping : text.mappings) {
    mapping.source_system = without_version(mapping.source_system);
    mapping.target_system = without_version(mapping.target_system);
    by_code.emplace(mapping.source_code, mapping);
  }
  for (Unmapped& rule : unmapped) {
    rule.source_system = without_version(rule.source_system);
    rule.target_system = without_version(rule.target_system);
  }
}

Result<std::optional<Translation>> translate_codes(const CodeTable& table, std::span<const SourceCode> codes) {
  return translate(table, codes, 0);
}

}  // namespace bhi::mapping
