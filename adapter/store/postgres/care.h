// Tables care and ledger: the entities of the care model, and what the EHR holds of them.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/postgres/pipeline.h"
#include "store/seal.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

// Each replaces the version it states (0: none) and gets the next.
class Entities {
 public:
  // Guarded: another version is there.
  void write(Pipeline& line, const Keyring& keys, const std::vector<flow::StoredEntity>& entities);
  // After a guard failed: reads the versions; Conflict when another is there.
  void look(Pipeline& line, const std::vector<flow::StoredEntity>& entities);
  std::optional<Error> verdict(const Pipeline& line, const std::vector<flow::StoredEntity>& entities) const;

 private:
  std::size_t looked_ = 0;
};

Result<std::vector<flow::StoredEntity>> record_of(Pipeline& line, const Keyring& keys, std::string_view patient);
Result<std::vector<flow::StoredEntity>> entities_of_kind(Pipeline& line, const Keyring& keys, std::string_view patient,
                                                         std::string_view kind);
Result<std::optional<flow::StoredEntity>> find_entity(Pipeline& line, const Keyring& keys, std::string_view kind,
                                                      std::string_view id);
Result<flow::Listing> list_entities(Pipeline& line, const Keyring& keys, std::string_view kind, std::string_view after,
                                    std::size_t limit);

// Are the rows still those from which these were made (Ledger::stood)? To be asked before any of them is put.
class LedgersStand {
 public:
  // Guarded: another row is there. Locks the rows.
  void write(Pipeline& line, const std::vector<flow::Ledger>& entries);
  void look(Pipeline& line, const std::vector<flow::Ledger>& entries);
  std::optional<Error> verdict(const Pipeline& line, const std::vector<flow::Ledger>& entries) const;

 private:
  std::size_t looked_ = 0;
};

void put_ledger(Pipeline& line, const Keyring& keys, const flow::Ledger& entry);
Result<std::optional<flow::Ledger>> find_ledger(Pipeline& line, const Keyring& keys, std::string_view destination,
                                                std::string_view artifact, std::string_view care_id);
Result<std::optional<flow::Ledger>> find_ledger_of(Pipeline& line, const Keyring& keys, std::string_view destination,
                                                   std::string_view type, std::string_view id);

// What the delivery of an item begins with, in one round trip.
Result<flow::AtHand> at_hand(Pipeline& line, const Keyring& keys, const flow::OutboxItem& item, std::string_view kind,
                             std::span<const std::string> artifacts);

}  // namespace bhi::store::postgres
