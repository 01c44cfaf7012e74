// Tables resource, body and cursor: our picture of what the EHR holds, and how far we have read.
// Functions on a connection; who calls them holds a transaction open when they write.
#pragma once

#include "base/result.h"
#include "flow/ports.h"
#include "store/rules.h"
#include "store/sqlite_connection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::store {

Result<std::optional<Held>> held_of(Connection& connection, const flow::ResourceCopy& copy);

// The id of the kept text; none for a deletion.
Result<std::optional<std::int64_t>> add_body(Connection& connection, const std::string& text);

// Makes `copy` the one at hand. shared_body: its text, when an inbox row keeps it too.
Result<void> replace_copy(Connection& connection, const flow::ResourceCopy& copy, const std::optional<Held>& held,
                          std::optional<std::int64_t> shared_body);

// The same for a copy that no inbox row brought, unless it is older than the one at hand.
Result<void> put_copy(Connection& connection, const flow::ResourceCopy& copy);

Result<std::optional<flow::ResourceCopy>> find_copy(Connection& connection, std::string_view source,
                                                    std::string_view type, std::string_view id);
// The one received last when several resources state the url; deleted ones do not count.
Result<std::optional<flow::ResourceCopy>> find_canonical(Connection& connection, std::string_view source,
                                                         std::string_view url);

// An empty value forgets it.
Result<void> move_cursor(Connection& connection, const flow::Cursor& cursor);
Result<std::optional<std::string>> find_cursor(Connection& connection, std::string_view source, std::string_view name);
Result<std::vector<flow::Cursor>> cursors_named(Connection& connection, std::string_view source,
                                                std::string_view prefix);

}  // namespace bhi::store
