#include "store/postgres/care.h"

#include "store/rules.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace bhi::store::postgres {

namespace {

Result<std::vector<flow::StoredEntity>> entities_of(const Rows& rows, const Keyring& keys) {
  std::vector<flow::StoredEntity> entities;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    BHI_TRY(auto body, keys.unseal(rows.view(row, 4), kCareBody));
    entities.push_back(
        {rows.text(row, 0), rows.text(row, 1), rows.text(row, 2), rows.integer(row, 3), std::move(body)});
  }
  return entities;
}

Result<std::vector<flow::StoredEntity>> entities_in(Pipeline& line, std::size_t place, const Keyring& keys) {
  BHI_CHECK(line.sync());
  return entities_of(line.rows(place), keys);
}

Result<std::vector<flow::Ledger>> ledgers_of(const Rows& rows, const Keyring& keys) {
  std::vector<flow::Ledger> ledgers;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    flow::Ledger entry{rows.text(row, 0), rows.text(row, 1), rows.text(row, 2),    rows.text(row, 3),
                       rows.text(row, 4), rows.text(row, 5), rows.integer(row, 6), rows.text(row, 7)};
    BHI_TRY(entry.held, keys.unseal(rows.view(row, 8), kLedgerHeld));
    BHI_TRY(entry.rendered, keys.unseal(rows.view(row, 9), kLedgerRendered));
    ledgers.push_back(std::move(entry));
  }
  return ledgers;
}

template <typename T>
std::optional<T> first_of(std::vector<T> all) {
  return all.empty() ? std::optional<T>() : std::optional(std::move(all.front()));
}

Result<std::optional<flow::Ledger>> ledger_in(Pipeline& line, std::size_t place, const Keyring& keys) {
  BHI_CHECK(line.sync());
  BHI_TRY(auto ledgers, ledgers_of(line.rows(place), keys));
  return first_of(std::move(ledgers));
}

}  // namespace

// One statement each and in their order, as an entity may be put twice; they travel together.
void Entities::write(Pipeline& line, const Keyring& keys, const std::vector<flow::StoredEntity>& entities) {
  for (const flow::StoredEntity& entity : entities) {
    const std::string body = keys.seal(entity.body, kCareBody);
    if (entity.version == 0) {
      line.add(R"sql(
          WITH w AS (INSERT INTO care (kind, id, patient, version, body) VALUES ($1, $2, $3, 1, $4)
                     ON CONFLICT DO NOTHING RETURNING 1)
          SELECT 1 / count(*) FROM w)sql",
               entity.kind, entity.id, entity.patient, Blob{body});
    } else {
      line.add(R"sql(
          WITH w AS (UPDATE care SET patient = $3, version = version + 1, body = $4
                     WHERE kind = $1 AND id = $2 AND version = $5 RETURNING 1)
          SELECT 1 / count(*) FROM w)sql",
               entity.kind, entity.id, entity.patient, Blob{body}, entity.version);
    }
  }
}

void Entities::look(Pipeline& line, const std::vector<flow::StoredEntity>& entities) {
  looked_ = line.next_place();
  for (const flow::StoredEntity& entity : entities) {
    line.add("SELECT version FROM care WHERE kind = $1 AND id = $2", entity.kind, entity.id);
  }
}

std::optional<Error> Entities::verdict(const Pipeline& line, const std::vector<flow::StoredEntity>& entities) const {
  std::map<std::pair<std::string_view, std::string_view>, std::int64_t> versions;
  for (std::size_t at = 0; at < entities.size(); ++at) {
    const flow::StoredEntity& entity = entities[at];
    const Rows& found = line.rows(looked_ + at);
    auto& version =
        versions.try_emplace({entity.kind, entity.id}, found.empty() ? 0 : found.integer(0, 0)).first->second;
    if (version++ == entity.version) continue;
    return Error{Kind::Conflict, "store: " + entity.kind + ": expected version " + std::to_string(entity.version) +
                                     ", found another; somebody changed it first"};
  }
  return {};
}

Result<std::vector<flow::StoredEntity>> record_of(Pipeline& line, const Keyring& keys, std::string_view patient) {
  const auto found = line.add(
      "SELECT kind, id, patient, version, body FROM care WHERE patient = $1 ORDER BY patient, kind, id", patient);
  return entities_in(line, found, keys);
}

Result<std::vector<flow::StoredEntity>> entities_of_kind(Pipeline& line, const Keyring& keys, std::string_view patient,
                                                         std::string_view kind) {
  const auto found = line.add(
      "SELECT kind, id, patient, version, body FROM care WHERE patient = $1 AND kind = $2 "
      "ORDER BY id",
      patient, kind);
  return entities_in(line, found, keys);
}

Result<std::optional<flow::StoredEntity>> find_entity(Pipeline& line, const Keyring& keys, std::string_view kind,
                                                      std::string_view id) {
  const auto found =
      line.add("SELECT kind, id, patient, version, body FROM care WHERE kind = $1 AND id = $2", kind, id);
  BHI_TRY(auto entities, entities_in(line, found, keys));
  return first_of(std::move(entities));
}

Result<flow::Listing> list_entities(Pipeline& line, const Keyring& keys, std::string_view kind, std::string_view after,
                                    std::size_t limit) {
  // One more than asked for tells whether there is a next page.
  const auto found = line.add(
      "SELECT kind, id, patient, version, body FROM care WHERE kind = $1 AND id > $2 "
      "ORDER BY id LIMIT $3",
      kind, after, limit + 1);
  BHI_TRY(auto entities, entities_in(line, found, keys));
  flow::Listing listing{std::move(entities), {}};
  if (listing.entities.size() > limit) {
    listing.entities.pop_back();
    if (!listing.entities.empty()) listing.next = listing.entities.back().id;
  }
  return listing;
}

// As flow::mark_of.
void LedgersStand::write(Pipeline& line, const std::vector<flow::Ledger>& entries) {
  for (const flow::Ledger& entry : entries) {
    if (!entry.stood) continue;
    line.add(R"sql(
        WITH held AS (SELECT version || '|' || hash || '|' || care_version::text AS mark FROM ledger
                      WHERE destination = $1 AND artifact = $2 AND care_id = $3 FOR UPDATE)
        SELECT 1 / CASE WHEN coalesce((SELECT mark FROM held), '') = $4 THEN 1 ELSE 0 END)sql",
             entry.destination, entry.artifact, entry.care_id, *entry.stood);
  }
}

void LedgersStand::look(Pipeline& line, const std::vector<flow::Ledger>& entries) {
  looked_ = line.next_place();
  for (const flow::Ledger& entry : entries) {
    if (!entry.stood) continue;
    line.add(
        "SELECT version || '|' || hash || '|' || care_version::text FROM ledger "
        "WHERE destination = $1 AND artifact = $2 AND care_id = $3",
        entry.destination, entry.artifact, entry.care_id);
  }
}

std::optional<Error> LedgersStand::verdict(const Pipeline& line, const std::vector<flow::Ledger>& entries) const {
  std::size_t place = looked_;
  for (const flow::Ledger& entry : entries) {
    if (!entry.stood) continue;
    const Rows& rows = line.rows(place++);
    if ((rows.size() == 0 ? std::string() : rows.text(0, 0)) != *entry.stood) return written_meanwhile(entry);
  }
  return {};
}

void put_ledger(Pipeline& line, const Keyring& keys, const flow::Ledger& entry) {
  const std::string held = keys.seal(entry.held, kLedgerHeld);
  const std::string rendered = keys.seal(entry.rendered, kLedgerRendered);
  line.add(
      "INSERT INTO ledger (destination, artifact, care_id, type, id, version, care_version, hash, held, rendered, "
      "written) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, nextval('written')) "
      "ON CONFLICT (destination, artifact, care_id) DO UPDATE SET "
      "type = excluded.type, id = excluded.id, version = excluded.version, care_version = excluded.care_version, "
      "hash = excluded.hash, held = excluded.held, rendered = excluded.rendered",
      entry.destination, entry.artifact, entry.care_id, entry.type, entry.id, entry.version, entry.care_version,
      entry.hash, Blob{held}, Blob{rendered});
}

Result<std::optional<flow::Ledger>> find_ledger(Pipeline& line, const Keyring& keys, std::string_view destination,
                                                std::string_view artifact, std::string_view care_id) {
  const auto found = line.add(
      "SELECT destination, artifact, care_id, type, id, version, care_version, hash, held, rendered FROM ledger "
      "WHERE destination = $1 AND artifact = $2 AND care_id = $3",
      destination, artifact, care_id);
  return ledger_in(line, found, keys);
}

Result<flow::AtHand> at_hand(Pipeline& line, const Keyring& keys, const flow::OutboxItem& item, std::string_view kind,
                             std::span<const std::string> artifacts) {
  const auto entity =
      line.add("SELECT kind, id, patient, version, body FROM care WHERE kind = $1 AND id = $2", kind, item.care_id);
  const auto patient = line.add(
      "SELECT kind, id, patient, version, body FROM care "
      "WHERE kind = 'Patient' AND id = (SELECT patient FROM care WHERE kind = $1 AND id = $2)",
      kind, item.care_id);
  const auto consents = line.add(
      "SELECT kind, id, patient, version, body FROM care "
      "WHERE kind = 'Consent' AND patient = (SELECT patient FROM care WHERE kind = $1 AND id = $2) ORDER BY id",
      kind, item.care_id);
  const auto ledgers = line.add(
      "SELECT destination, artifact, care_id, type, id, version, care_version, hash, held, rendered FROM ledger "
      "WHERE destination = $1 AND artifact = ANY ($2) AND care_id = $3",
      item.destination, Texts(artifacts), item.care_id);
  BHI_CHECK(line.sync());
  flow::AtHand found;
  BHI_TRY(auto entities, entities_of(line.rows(entity), keys));
  found.entity = first_of(std::move(entities));
  if (!found.entity) return found;
  BHI_TRY(auto patients, entities_of(line.rows(patient), keys));
  found.patient = first_of(std::move(patients));
  BHI_TRY(found.consents, entities_of(line.rows(consents), keys));
  BHI_TRY(found.ledgers, ledgers_of(line.rows(ledgers), keys));
  return found;
}

Result<std::optional<flow::Ledger>> find_ledger_of(Pipeline& line, const Keyring& keys, std::string_view destination,
                                                   std::string_view type, std::string_view id) {
  const auto found = line.add(
      "SELECT destination, artifact, care_id, type, id, version, care_version, hash, held, rendered FROM ledger "
      "WHERE destination = $1 AND type = $2 AND id = $3 ORDER BY written DESC LIMIT 1",
      destination, type, id);
  return ledger_in(line, found, keys);
}

}  // namespace bhi::store::postgres
