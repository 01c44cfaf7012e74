#include "store/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::store::postgres {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// https://www.postgresql.org/docs/15/errcodes-appendix.html; the longest entry that fits counts.
constexpr std::array kMeanings = std::to_array<Meaning>({
    // state, kind, repeat, lost, text
    {"08", Kind::Unavailable, false, true, "the connection was lost"},
    {"22012", Kind::Conflict, false, false, "a row is not as it was expected to be"},  // a guard (pipeline.h)
    {"22021", Kind::Incorrect, false, false, "a text holds a NUL or bytes that are no UTF-8, which no column keeps"},
    {"22P05", Kind::Incorrect, false, false, "a text holds a character that the database's encoding does not have"},
    {"23", Kind::Fault, false, false, "a row breaks a constraint"},
    {"23505", Kind::Conflict, true, false, "a row that must be the only one is there already"},
    {"25006", Kind::Unavailable, false, true, "the server is read-only (a standby?)"},
    {"25P03", Kind::Unavailable, true, true, "the transaction stood idle for too long"},
    {"28", Kind::Forbidden, false, false, "the server refused our name or password"},
    {"3D000", Kind::Incorrect, false, false, "there is no such database"},
    {"40", Kind::Conflict, true, false, "the transaction was rolled back"},
    {"40001", Kind::Conflict, true, false, "another transaction was faster"},
    {"40P01", Kind::Conflict, true, false, "two transactions waited for each other"},
    {"42501", Kind::Forbidden, false, false, "the server refused us a right"},
    {"53", Kind::Unavailable, false, false, "the server lacks memory, disk or connections"},
    {"53100", Kind::Unavailable, false, false, "disk full"},
    {"54", Kind::Incorrect, false, false,
     "a value is too large for the server (an indexed text holds some 2,700 bytes)"},
    {"55P03", Kind::Unavailable, true, false, "a lock was not to be had in time"},
    {"57014", Kind::Unavailable, false, false, "the statement took too long and was given up"},
    {"57P", Kind::Unavailable, false, true, "the server is going down or coming up"},
    {"58", Kind::Fault, false, false, "the server's disk failed"},
    {"58030", Kind::Fault, false, false, "the server's disk failed"},
    {"XX", Kind::Fault, false, false, "the server found damage"},
});
constexpr Meaning kOther = {"", Kind::Fault, false, false, "the server refused a statement"};

// Values of the data never stand in our messages; a server's own text may hold some.
Error told(const Meaning& meaning, std::string_view state) {
  return Error{meaning.kind, std::string("store: PostgreSQL: ") + meaning.text +
                                 (state.empty() ? "" : " (SQLSTATE " + std::string(state) + ")")};
}

// Every session alike, whatever the server or the user's settings say. What another engine does not know it may refuse.
constexpr const char* kSession =
    "SET TIME ZONE 'UTC'; SET standard_conforming_strings = on; SET client_min_messages = error; "
    "SET lock_timeout = '10s'; SET statement_timeout = 0; "
    "SET default_transaction_isolation = 'read committed'";
// Every statement of ours has an index to go by; a plan made while a table was still small must not walk it later.
constexpr const char* kWishes =
    "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan";

std::string one_line(const char* text) {
  std::string line(text == nullptr ? "" : text);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::ranges::replace(line, '\n', ' ');
  return line;
}

// libpq tells no SQLSTATE of a connection that was never made; its text names hosts and users, no data.
Error not_connected(const char* message) {
  std::string text = one_line(message);
  const auto says = [&text](std::string_view part) { return text.find(part) != std::string::npos; };
  Kind kind = Kind::Unavailable;
  if (says("authentication failed") || says("no pg_hba.conf") || says("no password supplied") ||
      says("permission denied"))
    kind = Kind::Forbidden;
  if (says("invalid") || (says("database") && says("does not exist")) || says("missing \"=\"")) kind = Kind::Incorrect;
  return Error{kind, "store: PostgreSQL: " + std::move(text)};
}

}  // namespace

const Meaning& meaning_of(std::string_view sqlstate) {
  const Meaning* best = &kOther;
  for (const Meaning& meaning : kMeanings) {
    if (sqlstate.starts_with(meaning.state) && meaning.state.size() > best->state.size()) best = &meaning;
  }
  return *best;
}

Result<void> check_address(const std::string& where) {
  if (!where.starts_with("postgres://") && !where.starts_with("postgresql://")) {
    return Error{Kind::Incorrect, "store: expected postgres://user@host/database"};
  }
  char* why = nullptr;
  PQconninfoOption* options = PQconninfoParse(where.c_str(), &why);
  if (options == nullptr) {
    PQfreemem(why);  // it may repeat a part of the address
    return Error{Kind::Incorrect,
                 "store: expected an address as libpq reads it (postgres://user@host/database?option=value)"};
  }
  bool password = false, lax = false;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    const std::string_view name = option->keyword;
    const std::string_view value = option->val == nullptr ? "" : option->val;
    password = password || ((name == "password" || name == "sslpassword") && !value.empty());
    lax = lax || (name == "options" && value.find("synchronous_commit") != std::string_view::npos);
  }
  PQconninfoFree(options);
  if (password) {
    return Error{Kind::Incorrect,
                 "store: the address holds a password; put it into a file for our user alone (mode 0600) and "
                 "say passfile=FILE in the address, or use ~/.pgpass"};
  }
  if (lax) return Error{Kind::Incorrect, "store: the address sets synchronous_commit; the store decides it (on)"};
  return {};
}

// ---- Rows -----------------------------------------------------------------------------------------------------------

void ResultCloser::operator()(pg_result* result) const noexcept { PQclear(result); }

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::int64_t Rows::changed() const {
  const std::string_view text(PQcmdTuples(result_.get()));
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string_view Rows::view(std::size_t row, int column) const {
  const int at = static_cast<int>(row);
  return {PQgetvalue(result_.get(), at, column), static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
}

std::int64_t Rows::integer(std::size_t row, int column) const {
  const std::string_view bytes = view(row, column);
  std::uint64_t value =
      !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

bool Rows::null(std::size_t row, int column) const {
  return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}

// ---- Connection -----------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Connection>> Connection::open(const std::string& where, const Times& times) {
  BHI_CHECK(check_address(where));
  const std::string seconds = std::to_string(std::max<std::int64_t>(2, times.connect.count() / 1000));  // libpq's least
  const std::string silence = std::to_string(times.answer.count());
  const std::array<const char*, 8> keywords = {
      "target_session_attrs", "connect_timeout", "dbname",           "application_name",
      "client_encoding",      "keepalives_idle", "tcp_user_timeout", nullptr};
  // What stands before dbname can be said otherwise in the address, what stands behind it cannot.
  const std::array<const char*, 8> values = {"read-write", seconds.c_str(), where.c_str(), "bhi-adapter", "UTF8",
                                             "30",         silence.c_str(), nullptr};
  std::unique_ptr<Connection> made(new Connection(PQconnectdbParams(keywords.data(), values.data(), 1), times));
  if (made->handle_ == nullptr) return Error{Kind::Unavailable, "store: out of memory"};
  if (PQstatus(made->handle_) != CONNECTION_OK) return not_connected(PQerrorMessage(made->handle_));
  BHI_CHECK(made->prepare_session());
  return made;
}

Connection::~Connection() { PQfinish(handle_); }

Result<void> Connection::prepare_session() {
  BHI_TRY([[maybe_unused]] const auto set,
          script(std::string(kSession) + "; SET idle_in_transaction_session_timeout = '" +
                 std::to_string(times_.idle.count()) + "ms'"));
  if (const auto granted = script(kWishes); !granted && broken_) return granted.error();
  BHI_TRY(const auto promise,
          script("SELECT current_setting('synchronous_commit', true), current_setting('fsync', true)"));
  if (promise.text(0, 0) != "on" && promise.text(0, 0) != "remote_apply") {  // which is more than on
    BHI_TRY([[maybe_unused]] const auto strict, script("SET synchronous_commit = on"));
  }
  if (promise.text(0, 1) == "off") {
    return Error{Kind::Incorrect, "store: PostgreSQL: fsync is off on this server: it would not keep what it confirms"};
  }
  return {};
}

bool Connection::hung_up() {
  pollfd socket{PQsocket(handle_), POLLIN | POLLRDHUP, 0};
  if (poll(&socket, 1, 0) > 0 && (socket.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) broken_ = true;
  return broken_;
}

bool Connection::in_transaction() const { return PQtransactionStatus(handle_) != PQTRANS_IDLE; }

Result<Rows> Connection::script(const std::string& sql) {
  if (broken_) return lost();
  if (PQsendQuery(handle_, sql.c_str()) != 1) return lost();
  Rows last;
  std::optional<Error> problem;
  while (pg_result* answer = next_answer()) {
    Rows kept(answer);
    const ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !problem) problem = failure(answer);
    last = std::move(kept);
    if (broken_) break;
  }
  if (!problem && broken_) problem = lost();
  if (problem) return *std::move(problem);
  return last;
}

pg_result* Connection::next_answer() {
  const auto end = steady_clock::now() + times_.answer;
  while (PQisBusy(handle_) == 1) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now()).count();
    pollfd wait{PQsocket(handle_), POLLIN, 0};
    const int ready = left > 0 ? poll(&wait, 1, static_cast<int>(std::min<std::int64_t>(left, 1000))) : 0;
    if ((ready == 0 && left <= 0) || (ready > 0 && PQconsumeInput(handle_) != 1)) {
      broken_ = true;
      return nullptr;
    }
  }
  return PQgetResult(handle_);
}

Error Connection::failure(const pg_result* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field == nullptr ? std::string_view() : field;
  if (state.empty() || PQstatus(handle_) != CONNECTION_OK) return lost();
  const Meaning& meaning = meaning_of(state);
  answered_ = true;
  repeat_ = meaning.repeat;
  guard_failed_ = state == "22012";
  broken_ = broken_ || meaning.lost;
  return told(meaning, state);
}

Error Connection::lost() {
  broken_ = true;
  repeat_ = guard_failed_ = answered_ = false;
  return told(meaning_of("08000"), {});
}

}  // namespace bhi::store::postgres
