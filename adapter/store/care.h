// Tables care and ledger: the entities of the care model, and what the EHR holds of them.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/sqlite_connection.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store {

// Each replaces the version it states (0: none) and gets the next. Conflict when another version is there.
Result<void> put_entities(Connection& connection, const std::vector<flow::StoredEntity>& entities);
Result<std::vector<flow::StoredEntity>> entities_of_kind(Connection& connection, std::string_view patient,
                                                         std::string_view kind);
Result<std::vector<flow::StoredEntity>> record_of(Connection& connection, std::string_view patient);
Result<std::optional<flow::StoredEntity>> find_entity(Connection& connection, std::string_view kind,
                                                      std::string_view id);
Result<flow::Listing> list_entities(Connection& connection, std::string_view kind, std::string_view after,
                                    std::size_t limit);

Result<void> put_ledger(Connection& connection, const flow::Ledger& entry);
// Conflict when one of them was made from another row than stands there (Ledger::stood).
Result<void> check_stood(Connection& connection, const std::vector<flow::Ledger>& entries);
Result<std::optional<flow::Ledger>> find_ledger(Connection& connection, std::string_view destination,
                                                std::string_view artifact, std::string_view care_id);
Result<std::optional<flow::Ledger>> find_ledger_of(Connection& connection, std::string_view destination,
                                                   std::string_view type, std::string_view id);

// What the delivery of an item begins with.
Result<flow::AtHand> at_hand(Connection& connection, const flow::OutboxItem& item, std::string_view kind,
                             std::span<const std::string> artifacts);

}  // namespace bhi::store
