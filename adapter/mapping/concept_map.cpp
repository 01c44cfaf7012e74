#include "mapping/concept_map.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::mapping {

namespace {

// In the order of Relation. Where R5 has one word for several of R4, the first row is what it means on its own.
constexpr std::array kRelations = std::to_array<std::pair<Relation, RelationRow>>({
    {Relation::RelatedTo, {"-", "relatedto", "related-to", true}},
    {Relation::Equal, {"=", "equal", "equivalent", true}},
    {Relation::Equivalent, {"==", "equivalent", "equivalent", true}},
    {Relation::Wider, {"<=", "wider", "source-is-narrower-than-target", true}},
    {Relation::Subsumes, {"<-", "subsumes", "source-is-narrower-than-target", true}},
    {Relation::Narrower, {">=", "narrower", "source-is-broader-than-target", false}},
    {Relation::Specializes, {">-", "specializes", "source-is-broader-than-target", false}},
    {Relation::Inexact, {"~", "inexact", "related-to", false}},
    {Relation::Unmatched, {"--", "unmatched", "not-related-to", false}},
    {Relation::Disjoint, {"!=", "disjoint", "not-related-to", false}},
});

const Relation* find(std::string_view word, std::string_view RelationRow::*column) {
  const auto found = std::ranges::find_if(kRelations, [&](const auto& row) { return row.second.*column == word; });
  return found == kRelations.end() ? nullptr : &found->first;
}

}  // namespace

const RelationRow& row_of(Relation relation) { return kRelations[static_cast<std::size_t>(relation)].second; }

const Relation* find_relation_by_sign(std::string_view sign) { return find(sign, &RelationRow::sign); }
const Relation* find_relation_by_equivalence(std::string_view code) { return find(code, &RelationRow::equivalence); }

const Relation* find_relation_by_relationship(std::string_view code) {
  static constexpr Relation kEquivalent = Relation::Equivalent;  // "equal" is R4's alone
  static constexpr Relation kDisjoint = Relation::Disjoint;      // R5 says "no target" by noMap
  if (code == row_of(kEquivalent).relationship) return &kEquivalent;
  if (code == row_of(kDisjoint).relationship) return &kDisjoint;
  return find(code, &RelationRow::relationship);
}

}  // namespace bhi::mapping
