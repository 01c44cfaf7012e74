#include "tests/store/support/postgres.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <string>

namespace bhi::store::test {

namespace {

// The cluster's keeper: it stops when our end of its input closes, however we end.
class Keeper {
 public:
  Keeper() {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      ::execlp("python3", "python3", BHI_SOURCE_DIR "/tests/e2e/postgres.py", "hold", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    input_ = to[1];
    char byte = 0;
    while (::read(from[0], &byte, 1) == 1 && byte != '\n') folder_ += byte;
    ::close(from[0]);
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() {
    ::close(input_);
    if (pid_ > 0 && owner_ == ::getpid()) ::waitpid(pid_, nullptr, 0);
  }
  const std::string& folder() const { return folder_; }

 private:
  pid_t pid_ = -1;
  pid_t owner_ = ::getpid();
  int input_ = -1;
  std::string folder_;
};

const std::string& folder() {
  static const Keeper kKeeper;
  return kKeeper.folder();
}

std::string url_of(const std::string& database) { return "postgres://bhi@/" + database + "?host=" + folder(); }

}  // namespace

bool has_postgres() { return !folder().empty(); }

std::string maintenance_url() { return url_of("postgres"); }

TempSchema::TempSchema() {
  static std::atomic<int> made = 0;
  name_ = "t" + std::to_string(::getpid()) + "_" + std::to_string(++made);
  url_ = maintenance_url() + "&options=-csearch_path%3D" + name_;
  RawPostgres(maintenance_url()).run("CREATE SCHEMA " + name_);
}

TempSchema::~TempSchema() {
  RawPostgres(maintenance_url()).run("SET client_min_messages = error; DROP SCHEMA " + name_ + " CASCADE");
}

RawPostgres::RawPostgres(const std::string& url) : handle_(PQconnectdb(url.c_str())) {
  EXPECT_EQ(PQstatus(handle_), CONNECTION_OK) << PQerrorMessage(handle_);
}

RawPostgres::~RawPostgres() { PQfinish(handle_); }

void RawPostgres::run(const std::string& sql) { static_cast<void>(ask(sql)); }

std::string RawPostgres::ask(const std::string& sql) {
  PGresult* result = PQexec(handle_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << PQerrorMessage(handle_) << ": " << sql;
  std::string text;
  for (int row = 0; row < PQntuples(result); ++row) {
    if (row > 0) text += '\n';
    for (int column = 0; column < PQnfields(result); ++column) {
      if (column > 0) text += '|';
      text += PQgetisnull(result, row, column) == 1 ? "null" : PQgetvalue(result, row, column);
    }
  }
  PQclear(result);
  return text;
}

}  // namespace bhi::store::test
