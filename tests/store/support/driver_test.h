// One test, both drivers: a store on SQLite in a folder of its own, or on PostgreSQL in a database of its own.
#pragma once

#include "store/postgres_store.h"
#include "tests/store/support/postgres.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

namespace bhi::store::test {

enum class Driver { Sqlite, Postgres };
inline void PrintTo(Driver driver, std::ostream* to) { *to << (driver == Driver::Sqlite ? "sqlite" : "postgres"); }

// An empty store of one driver: TEST_P(Fixture, ...) with BHI_ON_BOTH_DRIVERS(Fixture) runs a test on both,
// TEST_F(Fixture,
// ...) on SQLite alone.
class DriverTest : public testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    if (prepare()) open();
  }
  // A place for the store; false: the test is skipped.
  bool prepare() {
    if (!on_postgres()) return true;
    if (has_postgres()) database_.emplace();
    if (!database_) skip();
    return database_.has_value();
  }
  void TearDown() override { store_.reset(); }

  static bool on_postgres() {
    return testing::UnitTest::GetInstance()->current_test_info()->value_param() != nullptr &&
           GetParam() == Driver::Postgres;
  }

  void open(const SqliteOptions& options = {}) {
    store_.reset();
    store_ = must(try_open(options));
    ASSERT_NE(store_, nullptr);
  }
  Result<std::unique_ptr<flow::Store>> try_open(const SqliteOptions& options = {}) {
    if (!on_postgres()) return open_sqlite(path(), options);
    PostgresOptions same;
    same.keys = options.keys;
    return open_postgres(url(), same);
  }
  std::string path() const { return folder_.file("store.db"); }
  const std::string& url() const { return database_->url(); }
  flow::Store& store() { return *store_; }

  // The same on either driver.
  Result<StoreReport> audit_report(const std::optional<AuditMark>& known = {}) const {
    return on_postgres() ? verify_postgres_audit(url(), known) : verify_audit(path(), known);
  }
  Result<StoreReport> full_report() const { return on_postgres() ? verify_postgres(url()) : verify_sqlite(path()); }
  std::string ask(const std::string& sql) const {
    return on_postgres() ? RawPostgres(url()).ask(sql) : RawDatabase(path()).ask(sql);
  }
  // What nobody but the store should do; it is closed.
  void meddle(const std::string& sql) {
    store_.reset();
    if (on_postgres())
      RawPostgres(url()).run(sql);
    else
      RawDatabase(path()).run(sql);
  }
  void start_over() {
    store_.reset();
    if (on_postgres())
      database_.emplace();
    else
      std::filesystem::remove(path());
    open();
  }

  static void skip() { GTEST_SKIP() << "PostgreSQL's server is not installed (postgresql-15)"; }

  TempFolder folder_;
  std::optional<TempSchema> database_;
  std::unique_ptr<flow::Store> store_;
};

inline std::string driver_name(const testing::TestParamInfo<Driver>& info) {
  return info.param == Driver::Sqlite ? "sqlite" : "postgres";
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): GoogleTest has no other way
#define BHI_ON_BOTH_DRIVERS(fixture) \
  INSTANTIATE_TEST_SUITE_P(Store, fixture, testing::Values(Driver::Sqlite, Driver::Postgres), driver_name)

}  // namespace bhi::store::test
