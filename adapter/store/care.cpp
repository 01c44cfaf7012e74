#include "store/care.h"

#include "store/rules.h"

#include <string>

namespace bhi::store {

namespace {

constexpr std::string_view kBody = kCareBody, kHeld = kLedgerHeld, kRendered = kLedgerRendered;

flow::StoredEntity entity_row(const Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.integer(3), row.payload(4, kBody)};
}

flow::Ledger ledger_row(const Query& row) {
  return {row.text(0), row.text(1),    row.text(2), row.text(3),           row.text(4),
          row.text(5), row.integer(6), row.text(7), row.payload(8, kHeld), row.payload(9, kRendered)};
}

Result<void> put_entity(Connection& connection, const flow::StoredEntity& entity) {
  const bool fresh = entity.version == 0;
  BHI_TRY(const std::int64_t changed,
          fresh ? connection.run("INSERT INTO care (kind, id, patient, version, body) VALUES (?1, ?2, ?3, 1, ?4) "
                                 "ON CONFLICT DO NOTHING",
                                 entity.kind, entity.id, entity.patient, Payload{entity.body, kBody})
                : connection.run("UPDATE care SET patient = ?3, version = version + 1, body = ?4 "
                                 "WHERE kind = ?1 AND id = ?2 AND version = ?5",
                                 entity.kind, entity.id, entity.patient, Payload{entity.body, kBody}, entity.version));
  if (changed == 1) return {};
  return Error{Kind::Conflict, "store: " + entity.kind + ": expected version " + std::to_string(entity.version) +
                                   ", found another; somebody changed it first"};
}

}  // namespace

Result<void> put_entities(Connection& connection, const std::vector<flow::StoredEntity>& entities) {
  for (const flow::StoredEntity& entity : entities) BHI_CHECK(put_entity(connection, entity));
  return {};
}

Result<std::vector<flow::StoredEntity>> record_of(Connection& connection, std::string_view patient) {
  return all(connection.query("SELECT kind, id, patient, version, body FROM care WHERE patient = ?1 ORDER BY kind, id",
                              patient),
             entity_row);
}

Result<std::vector<flow::StoredEntity>> entities_of_kind(Connection& connection, std::string_view patient,
                                                         std::string_view kind) {
  return all(connection.query("SELECT kind, id, patient, version, body FROM care WHERE patient = ?1 AND kind = ?2 "
                              "ORDER BY id",
                              patient, kind),
             entity_row);
}

Result<std::optional<flow::StoredEntity>> find_entity(Connection& connection, std::string_view kind,
                                                      std::string_view id) {
  return first(
      connection.query("SELECT kind, id, patient, version, body FROM care WHERE kind = ?1 AND id = ?2", kind, id),
      entity_row);
}

Result<flow::Listing> list_entities(Connection& connection, std::string_view kind, std::string_view after,
                                    std::size_t limit) {
  // One more than asked for tells whether there is a next page.
  BHI_TRY(auto rows,
          all(connection.query("SELECT kind, id, patient, version, body FROM care WHERE kind = ?1 AND id > ?2 "
                               "ORDER BY id LIMIT ?3",
                               kind, after, limit + 1),
              entity_row));
  flow::Listing listing{std::move(rows), {}};
  if (listing.entities.size() > limit) {
    listing.entities.pop_back();
    if (!listing.entities.empty()) listing.next = listing.entities.back().id;
  }
  return listing;
}

Result<void> put_ledger(Connection& connection, const flow::Ledger& entry) {
  BHI_CHECK(connection.run(
      "INSERT INTO ledger (destination, artifact, care_id, type, id, version, care_version, hash, held, rendered) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (destination, artifact, care_id) DO UPDATE SET "
      "type = excluded.type, id = excluded.id, version = excluded.version, care_version = excluded.care_version, "
      "hash = excluded.hash, held = excluded.held, rendered = excluded.rendered",
      entry.destination, entry.artifact, entry.care_id, entry.type, entry.id, entry.version, entry.care_version,
      entry.hash, Payload{entry.held, kHeld}, Payload{entry.rendered, kRendered}));
  return {};
}

Result<void> check_stood(Connection& connection, const std::vector<flow::Ledger>& entries) {
  for (const flow::Ledger& entry : entries) {
    if (!entry.stood) continue;
    BHI_TRY(const auto stands, find_ledger(connection, entry.destination, entry.artifact, entry.care_id));
    if (mark_of(stands) != *entry.stood) return written_meanwhile(entry);
  }
  return {};
}

Result<std::optional<flow::Ledger>> find_ledger(Connection& connection, std::string_view destination,
                                                std::string_view artifact, std::string_view care_id) {
  return first(
      connection.query(
          "SELECT destination, artifact, care_id, type, id, version, care_version, hash, held, rendered FROM ledger "
          "WHERE destination = ?1 AND artifact = ?2 AND care_id = ?3",
          destination, artifact, care_id),
      ledger_row);
}

Result<flow::AtHand> at_hand(Connection& connection, const flow::OutboxItem& item, std::string_view kind,
                             std::span<const std::string> artifacts) {
  flow::AtHand found;
  BHI_TRY(found.entity, find_entity(connection, kind, item.care_id));
  if (!found.entity) return found;
  BHI_TRY(found.patient, find_entity(connection, "Patient", found.entity->patient));
  BHI_TRY(found.consents, entities_of_kind(connection, found.entity->patient, "Consent"));
  for (const std::string& artifact : artifacts) {
    BHI_TRY(auto ledger, find_ledger(connection, item.destination, artifact, item.care_id));
    if (ledger) found.ledgers.push_back(*std::move(ledger));
  }
  return found;
}

Result<std::optional<flow::Ledger>> find_ledger_of(Connection& connection, std::string_view destination,
                                                   std::string_view type, std::string_view id) {
  return first(
      connection.query(
          "SELECT destination, artifact, care_id, type, id, version, care_version, hash, held, rendered FROM ledger "
          "WHERE destination = ?1 AND type = ?2 AND id = ?3 ORDER BY rowid DESC LIMIT 1",
          destination, type, id),
      ledger_row);
}

}  // namespace bhi::store
