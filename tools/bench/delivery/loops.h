// The other sides of the delivery bench: what a write costs at the least.
#pragma once

#include <curl/curl.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bhi::bench {

// A libcurl multi loop on kept connections that posts bodies, as many at once as there are connections.
class CurlLoop {
 public:
  CurlLoop(const std::string& base, int connections);
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;
  virtual ~CurlLoop();

  void run(const std::vector<std::string>& bodies);

 protected:
  struct One {
    CURL* handle = nullptr;
    std::size_t number = 0;  // of its body
    std::string answer;
  };
  // Before requests leave and after answers came, of one turn of the loop: here nothing is kept.
  virtual void keep(const std::vector<One*>& leaving, const std::vector<One*>& answered);

  const std::vector<std::string>* bodies_ = nullptr;

 private:
  void start(One& one);
  // Those whose answers are there.
  void collect(std::vector<One*>& answered);

  const std::string url_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<std::unique_ptr<One>> handles_;
};

// The same loop on a bare SQLite (synchronous=FULL): before a request leaves it is on the disk that it does, and with
// which bytes; after the answer, what the EHR holds; with a line of an audit trail each (its hash not computed). One
// transaction for all requests and answers of a turn; no index but the primary keys.
class DurableLoop final : public CurlLoop {
 public:
  DurableLoop(const std::string& base, int connections, const std::string& file);
  ~DurableLoop() override;

  // Items that are planned, numbered as the bodies.
  void fill(std::size_t items);

 protected:
  void keep(const std::vector<One*>& leaving, const std::vector<One*>& answered) override;

 private:
  void script(const char* sql);
  sqlite3_stmt* prepared(const char* sql);
  void step(sqlite3_stmt* statement);
  void note(std::size_t number, const char* action);

  sqlite3* store_ = nullptr;
  sqlite3_stmt *begin_, *commit_, *sent_, *settled_, *held_, *audit_;
  std::int64_t audited_ = 0;
};

}  // namespace bhi::bench
