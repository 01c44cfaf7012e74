#include "bench/delivery/loops.h"

#include <algorithm>
#include <cstdlib>

namespace bhi::bench {

namespace {

std::size_t take(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

// As long as a SHA-256 in hexadecimal digits.
constexpr const char* kHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

constexpr const char* kTables = R"sql(
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000;
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, state TEXT NOT NULL, attempts INTEGER NOT NULL, sent TEXT NOT NULL);
CREATE TABLE ledger (item INTEGER PRIMARY KEY, held TEXT NOT NULL);
CREATE TABLE audit (seq INTEGER PRIMARY KEY, action TEXT NOT NULL, subject INTEGER NOT NULL, hash TEXT NOT NULL);
)sql";

}  // namespace

CurlLoop::CurlLoop(const std::string& base, int connections) : url_(base + "/Observation"), multi_(curl_multi_init()) {
  for (const char* line : {"Accept: application/fhir+json", "Content-Type: application/fhir+json",
                           "Prefer: return=representation", "Expect:"}) {
    headers_ = curl_slist_append(headers_, line);
  }
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
  for (int n = 0; n < connections; ++n) {
    handles_.push_back(std::make_unique<One>());
    handles_.back()->handle = curl_easy_init();
  }
}

CurlLoop::~CurlLoop() {
  for (const auto& one : handles_) curl_easy_cleanup(one->handle);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

void CurlLoop::keep(const std::vector<One*>&, const std::vector<One*>&) {}

void CurlLoop::run(const std::vector<std::string>& bodies) {
  bodies_ = &bodies;
  std::size_t next = 0, open = 0;
  std::vector<One*> free, answered;
  for (const auto& one : handles_) free.push_back(one.get());
  while (open > 0 || next < bodies.size() || !answered.empty()) {
    std::vector<One*> leaving;
    while (next < bodies.size() && !free.empty()) {
      leaving.push_back(free.back());
      free.pop_back();
      leaving.back()->number = next++;
    }
    if (!leaving.empty() || !answered.empty()) keep(leaving, answered);
    free.insert(free.end(), answered.begin(), answered.end());
    answered.clear();
    for (One* one : leaving) start(*one), ++open;
    // Until nothing more comes at once, so that what is kept together is much.
    for (std::size_t before = answered.size() + 1; open > 0 && answered.size() != before;) {
      before = answered.size();
      collect(answered);
      open -= answered.size() - before;
    }
    if (open > 0 && answered.empty()) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
  }
}

void CurlLoop::collect(std::vector<One*>& answered) {
  int running = 0, left = 0;
  curl_multi_perform(multi_, &running);
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    long status = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    if (message->data.result != CURLE_OK || status != 201) std::abort();
    const auto one = std::ranges::find_if(
        handles_, [handle = message->easy_handle](const auto& each) { return each->handle == handle; });
    curl_multi_remove_handle(multi_, message->easy_handle);
    answered.push_back(one->get());
  }
}

void CurlLoop::start(One& one) {
  const std::string& body = (*bodies_)[one.number];
  one.answer.clear();
  curl_easy_setopt(one.handle, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(one.handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(one.handle, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(one.handle, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(one.handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(one.handle, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(one.handle, CURLOPT_WRITEDATA, &one.answer);
  curl_multi_add_handle(multi_, one.handle);
}

DurableLoop::DurableLoop(const std::string& base, int connections, const std::string& file)
    : CurlLoop(base, connections) {
  if (sqlite3_open(file.c_str(), &store_) != SQLITE_OK) std::abort();
  script(kTables);
  begin_ = prepared("BEGIN IMMEDIATE");
  commit_ = prepared("COMMIT");
  sent_ = prepared("UPDATE outbox SET state = 'sent', attempts = attempts + 1, sent = ?2 WHERE seq = ?1");
  settled_ = prepared("UPDATE outbox SET state = 'verified', sent = '' WHERE seq = ?1");
  held_ = prepared("INSERT INTO ledger VALUES (?1, ?2)");
  audit_ = prepared("INSERT INTO audit VALUES (?1, ?2, ?3, ?4)");
}

DurableLoop::~DurableLoop() {
  for (sqlite3_stmt* one : {begin_, commit_, sent_, settled_, held_, audit_}) sqlite3_finalize(one);
  sqlite3_close(store_);
}

void DurableLoop::fill(std::size_t items) {
  script("BEGIN");
  sqlite3_stmt* insert = prepared("INSERT INTO outbox VALUES (?1, 'planned', 0, '')");
  for (std::size_t n = 0; n < items; ++n) {
    sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(n));
    step(insert);
  }
  sqlite3_finalize(insert);
  script("COMMIT");
}

void DurableLoop::keep(const std::vector<One*>& leaving, const std::vector<One*>& answered) {
  step(begin_);
  for (const One* one : answered) {
    sqlite3_bind_int64(settled_, 1, static_cast<sqlite3_int64>(one->number));
    step(settled_);
    sqlite3_bind_int64(held_, 1, static_cast<sqlite3_int64>(one->number));
    sqlite3_bind_text(held_, 2, one->answer.data(), static_cast<int>(one->answer.size()), SQLITE_STATIC);
    step(held_);
    note(one->number, "settle");
  }
  for (const One* one : leaving) {
    const std::string& body = (*bodies_)[one->number];
    sqlite3_bind_int64(sent_, 1, static_cast<sqlite3_int64>(one->number));
    sqlite3_bind_text(sent_, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
    step(sent_);
    note(one->number, "send");
  }
  step(commit_);
}

void DurableLoop::note(std::size_t number, const char* action) {
  sqlite3_bind_int64(audit_, 1, ++audited_);
  sqlite3_bind_text(audit_, 2, action, -1, SQLITE_STATIC);
  sqlite3_bind_int64(audit_, 3, static_cast<sqlite3_int64>(number));
  sqlite3_bind_text(audit_, 4, kHash, -1, SQLITE_STATIC);
  step(audit_);
}

void DurableLoop::script(const char* sql) {
  if (sqlite3_exec(store_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
}

sqlite3_stmt* DurableLoop::prepared(const char* sql) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v3(store_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK) std::abort();
  return made;
}

void DurableLoop::step(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) std::abort();
  sqlite3_reset(statement);
}

}  // namespace bhi::bench
