// PostgreSQL for tests: one private cluster for the whole test program (tests/e2e/postgres.py), a schema for each test,
// which is to a store what a database would be and costs a tenth, and the tables as a stranger sees them.
#pragma once

#include <memory>
#include <optional>
#include <string>

struct pg_conn;

namespace bhi::store::test {

// The server's programs are there. When not, tests that need them are skipped, and say so.
bool has_postgres();

// One empty schema, gone with it.
class TempSchema {
 public:
  TempSchema();
  TempSchema(const TempSchema&) = delete;
  TempSchema& operator=(const TempSchema&) = delete;
  ~TempSchema();
  const std::string& url() const { return url_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_, url_;
};

// The address of the server's own database, for what concerns the server as a whole.
std::string maintenance_url();

// Plain libpq, for looking behind the store's back and for meddling.
class RawPostgres {
 public:
  explicit RawPostgres(const std::string& url);
  RawPostgres(const RawPostgres&) = delete;
  RawPostgres& operator=(const RawPostgres&) = delete;
  ~RawPostgres();

  void run(const std::string& sql);
  // All cells of all rows, one line a row.
  std::string ask(const std::string& sql);

 private:
  pg_conn* handle_;
};

}  // namespace bhi::store::test
