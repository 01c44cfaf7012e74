#include "store/postgres/copies.h"

#include <utility>

namespace bhi::store::postgres {

namespace {

struct Rowful {  // columns of many rows of `resource`
  Texts sources, types, ids, versions, updateds, hashes, urls;
  Numbers bodies;
  Flags owns;

  void add(const flow::ResourceCopy& copy, std::optional<std::int64_t> body, bool own) {
    sources.add(copy.source);
    types.add(copy.type);
    ids.add(copy.id);
    versions.add(copy.version);
    updateds.add(copy.updated);
    hashes.add(copy.hash);
    urls.add(copy.url);
    bodies.add(body);
    owns.add(own);
  }
};

Result<std::optional<flow::ResourceCopy>> copy_in(const Rows& rows, const Keyring& keys) {
  if (rows.empty()) return std::optional<flow::ResourceCopy>();
  flow::ResourceCopy copy{rows.text(0, 0), rows.text(0, 1), rows.text(0, 2), rows.text(0, 3),
                          rows.text(0, 4), rows.text(0, 5), rows.text(0, 6), {}};
  BHI_TRY(copy.body, keys.unseal(rows.view(0, 7), kBodyText));
  return std::optional(std::move(copy));
}

}  // namespace

std::string key_of(const flow::ResourceCopy& copy) {
  // A length before each part, so that no two keys are alike.
  return std::to_string(copy.source.size()) + ':' + copy.source + std::to_string(copy.type.size()) + ':' + copy.type +
         copy.id;
}

void CopyBook::ask(Pipeline& line, const std::vector<const flow::ResourceCopy*>& copies) {
  entries_.clear();
  numbers_.clear();
  used_ = 0;
  body_ids_ = dead_bodies_ = Numbers();
  body_texts_ = Blobs();
  Texts sources, types, ids;
  for (const flow::ResourceCopy* copy : copies) {
    if (!entries_.try_emplace(key_of(*copy)).second) continue;
    sources.add(copy->source);
    types.add(copy->type);
    ids.add(copy->id);
  }
  asked_ = line.add(R"sql(
      SELECT r.source, r.type, r.id, r.version, r.updated, r.hash, r.body, r.own_body
      FROM unnest($1, $2, $3) AS n (source, type, id)
      JOIN resource r ON r.source = n.source AND r.type = n.type AND r.id = n.id
      ORDER BY r.source, r.type, r.id FOR UPDATE OF r)sql",
                    sources, types, ids);
  line.add("SELECT nextval('received') FROM generate_series(1, $1)", copies.size());
}

void CopyBook::hear(const Pipeline& line) {
  const Rows& found = line.rows(asked_);
  for (std::size_t row = 0; row < found.size(); ++row) {
    flow::ResourceCopy copy;
    copy.source = found.text(row, 0);
    copy.type = found.text(row, 1);
    copy.id = found.text(row, 2);
    Entry& entry = entries_[key_of(copy)];
    entry.stored = true;
    entry.held = Held{found.text(row, 3), found.text(row, 4), found.text(row, 5), found.null(row, 6), {}};
    if (!entry.held->deleted && found.flag(row, 7)) entry.held->own_body = found.integer(row, 6);
  }
  const Rows& given = line.rows(asked_ + 1);
  for (std::size_t row = 0; row < given.size(); ++row) numbers_.push_back(given.integer(row, 0));
}

std::optional<Held> CopyBook::held(const flow::ResourceCopy& copy) const {
  const auto found = entries_.find(key_of(copy));
  return found == entries_.end() ? std::nullopt : found->second.held;
}

std::optional<std::int64_t> CopyBook::add_body(std::int64_t number, const flow::ResourceCopy& copy) {
  if (copy.body.empty()) return std::nullopt;
  body_ids_.add(number);
  if (keys_.seals())
    body_texts_.add(keys_.seal(copy.body, kBodyText));
  else
    body_texts_.add(copy.body);
  return number;
}

void CopyBook::replace(const flow::ResourceCopy& copy, std::optional<std::int64_t> shared) {
  Entry& entry = entries_[key_of(copy)];
  if (entry.held && entry.held->own_body) dead_bodies_.add(*entry.held->own_body);
  entry.copy = &copy;
  entry.body = shared || copy.body.empty() ? shared : add_body(next_number(), copy);
  entry.own_body = !shared;
  entry.held = Held{copy.version, copy.updated, copy.hash, copy.body.empty(), {}};
  if (entry.own_body) entry.held->own_body = entry.body;
}

void CopyBook::write(Pipeline& line) {
  Rowful fresh, changed;
  for (const auto& [key, entry] : entries_) {
    if (entry.copy != nullptr) (entry.stored ? changed : fresh).add(*entry.copy, entry.body, entry.own_body);
  }
  if (!body_ids_.empty()) {
    line.add("INSERT INTO body (id, text) SELECT * FROM unnest($1, $2)", body_ids_, body_texts_);
  }
  if (!fresh.ids.empty()) {
    line.add(R"sql(
        WITH w AS (
          INSERT INTO resource (source, type, id, version, updated, hash, url, body, own_body)
          SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING 1)
        SELECT 1 / CASE WHEN count(*) = $10 THEN 1 ELSE 0 END FROM w)sql",
             fresh.sources, fresh.types, fresh.ids, fresh.versions, fresh.updateds, fresh.hashes, fresh.urls,
             fresh.bodies, fresh.owns, fresh.ids.size());
  }
  if (!changed.ids.empty()) {
    line.add(R"sql(
        WITH w AS (
        UPDATE resource SET version = n.version, updated = n.updated, hash = n.hash, url = n.url, body = n.body,
                            own_body = n.own_body
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
             AS n (source, type, id, version, updated, hash, url, body, own_body)
        WHERE resource.source = n.source AND resource.type = n.type AND resource.id = n.id RETURNING 1)
        SELECT 1 / CASE WHEN count(*) = $10 THEN 1 ELSE 0 END FROM w)sql",
             changed.sources, changed.types, changed.ids, changed.versions, changed.updateds, changed.hashes,
             changed.urls, changed.bodies, changed.owns, changed.ids.size());
  }
  if (!dead_bodies_.empty()) line.add("DELETE FROM body WHERE id = ANY ($1)", dead_bodies_);
}

void move_cursors(Pipeline& line, const std::vector<const flow::Cursor*>& cursors) {
  // The last word on each counts.
  std::map<std::pair<std::string_view, std::string_view>, std::string_view> last;
  for (const flow::Cursor* cursor : cursors) last[{cursor->source, cursor->name}] = cursor->value;
  Texts sources, names, values, gone_sources, gone_names;
  for (const auto& [key, value] : last) {
    (value.empty() ? gone_sources : sources).add(key.first);
    (value.empty() ? gone_names : names).add(key.second);
    if (!value.empty()) values.add(value);
  }
  if (!sources.empty()) {
    line.add(
        "INSERT INTO cursor (source, name, value) SELECT * FROM unnest($1, $2, $3) "
        "ON CONFLICT (source, name) DO UPDATE SET value = excluded.value",
        sources, names, values);
  }
  if (!gone_sources.empty()) {
    line.add(
        "DELETE FROM cursor USING unnest($1, $2) AS n (source, name) "
        "WHERE cursor.source = n.source AND cursor.name = n.name",
        gone_sources, gone_names);
  }
}

Result<std::optional<flow::ResourceCopy>> find_copy(Pipeline& line, const Keyring& keys, std::string_view source,
                                                    std::string_view type, std::string_view id) {
  const auto found = line.add(
      "SELECT r.source, r.type, r.id, r.version, r.updated, r.hash, r.url, b.text "
      "FROM resource r LEFT JOIN body b ON b.id = r.body "
      "WHERE r.source = $1 AND r.type = $2 AND r.id = $3",
      source, type, id);
  BHI_CHECK(line.sync());
  return copy_in(line.rows(found), keys);
}

Result<std::optional<flow::ResourceCopy>> find_canonical(Pipeline& line, const Keyring& keys, std::string_view source,
                                                         std::string_view url) {
  if (url.empty()) return std::optional<flow::ResourceCopy>();
  const auto found = line.add(
      "SELECT r.source, r.type, r.id, r.version, r.updated, r.hash, r.url, b.text "
      "FROM resource r JOIN body b ON b.id = r.body "
      "WHERE r.source = $1 AND r.url = $2 AND r.url <> '' ORDER BY r.body DESC LIMIT 1",
      source, url);
  BHI_CHECK(line.sync());
  return copy_in(line.rows(found), keys);
}

Result<std::optional<std::string>> find_cursor(Pipeline& line, std::string_view source, std::string_view name) {
  const auto found = line.add("SELECT value FROM cursor WHERE source = $1 AND name = $2", source, name);
  BHI_CHECK(line.sync());
  if (line.rows(found).empty()) return std::optional<std::string>();
  return std::optional(line.rows(found).text(0, 0));
}

// By the primary key: no name that begins so lies outside [prefix, prefix + the greatest character).
Result<std::vector<flow::Cursor>> cursors_named(Pipeline& line, std::string_view source, std::string_view prefix) {
  const auto found = line.add(
      "SELECT source, name, value FROM cursor WHERE source = $1 AND name >= $2 AND "
      "name < $2 || chr(1114111) ORDER BY name",
      source, prefix);
  BHI_CHECK(line.sync());
  std::vector<flow::Cursor> cursors;
  const Rows& rows = line.rows(found);
  for (std::size_t row = 0; row < rows.size(); ++row)
    cursors.push_back({rows.text(row, 0), rows.text(row, 1), rows.text(row, 2)});
  return cursors;
}

}  // namespace bhi::store::postgres
