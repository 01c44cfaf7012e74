// The database file as a stranger sees it: plain SQLite, for looking behind the store's back and for meddling.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

namespace bhi::store::test {

class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    sqlite3_wal_autocheckpoint(handle_, 0);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() { sqlite3_close(handle_); }

  void run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle_) << ": " << sql;
  }

  // All cells of all rows, one line a row.
  std::string ask(const std::string& sql) {
    std::string text;
    const auto add = [](void* to, int count, char** cells, char**) {
      auto& line = *static_cast<std::string*>(to);
      for (int i = 0; i < count; ++i)
        line += std::string(i == 0 ? "" : "|") + (cells[i] == nullptr ? "null" : cells[i]);
      line += '\n';
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(handle_, sql.c_str(), add, &text, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle_) << ": " << sql;
    if (!text.empty()) text.pop_back();
    return text;
  }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace bhi::store::test
