#include "store/copies.h"

namespace bhi::store {

namespace {

flow::ResourceCopy copy_row(const Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3),
          row.text(4), row.text(5), row.text(6), row.payload(7, kBodyText)};
}

}  // namespace

Result<std::optional<Held>> held_of(Connection& connection, const flow::ResourceCopy& copy) {
  return first(connection.query("SELECT version, updated, hash, body, own_body FROM resource "
                                "WHERE source = ?1 AND type = ?2 AND id = ?3",
                                copy.source, copy.type, copy.id),
               [](const Query& row) {
                 Held held{row.text(0), row.text(1), row.text(2), row.null(3), {}};
                 if (!held.deleted && row.integer(4) != 0) held.own_body = row.integer(3);
                 return held;
               });
}

Result<std::optional<std::int64_t>> add_body(Connection& connection, const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>();
  BHI_CHECK(connection.run("INSERT INTO body (text) VALUES (?1)", Payload{text, kBodyText}));
  return std::optional(connection.last_row());
}

Result<void> replace_copy(Connection& connection, const flow::ResourceCopy& copy, const std::optional<Held>& held,
                          std::optional<std::int64_t> shared_body) {
  auto body = shared_body;
  if (!shared_body) {
    BHI_TRY(body, add_body(connection, copy.body));
  }
  BHI_CHECK(connection.run(
      "INSERT INTO resource (source, type, id, version, updated, hash, url, body, own_body) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (source, type, id) DO UPDATE SET "
      "version = excluded.version, updated = excluded.updated, hash = excluded.hash, "
      "url = excluded.url, body = excluded.body, own_body = excluded.own_body",
      copy.source, copy.type, copy.id, copy.version, copy.updated, copy.hash, copy.url, body, !shared_body));
  if (held && held->own_body) BHI_CHECK(connection.run("DELETE FROM body WHERE id = ?1", *held->own_body));
  return {};
}

Result<void> put_copy(Connection& connection, const flow::ResourceCopy& copy) {
  BHI_TRY(const auto held, held_of(connection, copy));
  if (held && is_older(copy, *held)) return {};
  return replace_copy(connection, copy, held, std::nullopt);
}

Result<std::optional<flow::ResourceCopy>> find_copy(Connection& connection, std::string_view source,
                                                    std::string_view type, std::string_view id) {
  return first(connection.query("SELECT r.source, r.type, r.id, r.version, r.updated, r.hash, r.url, b.text "
                                "FROM resource r LEFT JOIN body b ON b.id = r.body "
                                "WHERE r.source = ?1 AND r.type = ?2 AND r.id = ?3",
                                source, type, id),
               copy_row);
}

Result<std::optional<flow::ResourceCopy>> find_canonical(Connection& connection, std::string_view source,
                                                         std::string_view url) {
  if (url.empty()) return std::optional<flow::ResourceCopy>();
  return first(connection.query("SELECT r.source, r.type, r.id, r.version, r.updated, r.hash, r.url, b.text "
                                "FROM resource r JOIN body b ON b.id = r.body "
                                "WHERE r.source = ?1 AND r.url = ?2 AND r.url <> '' ORDER BY r.body DESC LIMIT 1",
                                source, url),
               copy_row);
}

Result<void> move_cursor(Connection& connection, const flow::Cursor& cursor) {
  if (cursor.value.empty()) {
    BHI_CHECK(connection.run("DELETE FROM cursor WHERE source = ?1 AND name = ?2", cursor.source, cursor.name));
    return {};
  }
  BHI_CHECK(
      connection.run("INSERT INTO cursor (source, name, value) VALUES (?1, ?2, ?3) "
                     "ON CONFLICT (source, name) DO UPDATE SET value = excluded.value",
                     cursor.source, cursor.name, cursor.value));
  return {};
}

Result<std::optional<std::string>> find_cursor(Connection& connection, std::string_view source, std::string_view name) {
  return first(connection.query("SELECT value FROM cursor WHERE source = ?1 AND name = ?2", source, name),
               [](const Query& row) { return row.text(0); });
}

// By the primary key: no name that begins so lies outside [prefix, prefix + the greatest character).
Result<std::vector<flow::Cursor>> cursors_named(Connection& connection, std::string_view source,
                                                std::string_view prefix) {
  return all(connection.query("SELECT source, name, value FROM cursor WHERE source = ?1 AND name >= ?2 AND "
                              "name < ?2 || char(1114111) ORDER BY name",
                              source, prefix),
             [](const Query& row) {
               return flow::Cursor{row.text(0), row.text(1), row.text(2)};
             });
}

}  // namespace bhi::store
