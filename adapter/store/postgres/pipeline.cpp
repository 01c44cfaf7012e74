#include "store/postgres/pipeline.h"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <string>

namespace bhi::store::postgres {

namespace {

std::string name_of(const char* sql) {
  std::array<char, 20> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), reinterpret_cast<std::uintptr_t>(sql), 36);
  static_cast<void>(error);
  return "s" + std::string(text.data(), end);
}

}  // namespace

Result<void> Pipeline::enter() {
  if (failed_) return *failed_;
  if (entered_) return {};
  if (connection_.broken_ || PQenterPipelineMode(connection_.handle_) != 1) {
    failed_ = connection_.lost();
    return *failed_;
  }
  entered_ = true;
  connection_.repeat_ = connection_.guard_failed_ = false;
  return {};
}

std::size_t Pipeline::send(Sql sql, const Parameters& parameters) {
  const std::size_t place = next_place();
  ++runs_;
  if (!enter().ok()) return place;
  PGconn* handle = connection_.handle_;
  const int count = static_cast<int>(parameters.values().size());
  const std::string name = name_of(sql.text);
  if (connection_.prepared_.insert(sql.text).second) {
    if (PQsendPrepare(handle, name.c_str(), sql.text, count, parameters.types().data()) != 1)
      failed_ = connection_.lost();
    sent_.push_back({sql.text, true});
  }
  std::vector<const char*> values;
  std::vector<int> lengths, formats(parameters.values().size(), 1);
  for (const std::string& value : parameters.values()) {
    values.push_back(value.data());
    lengths.push_back(static_cast<int>(value.size()));
  }
  if (!failed_ &&
      PQsendQueryPrepared(handle, name.c_str(), count, values.data(), lengths.data(), formats.data(), 1) != 1) {
    failed_ = connection_.lost();
  }
  sent_.push_back({sql.text, false});
  return place;
}

Result<void> Pipeline::sync() {
  if (!failed_ && !entered_) return {};  // nothing was added
  if (!failed_ && PQpipelineSync(connection_.handle_) != 1) failed_ = connection_.lost();
  if (failed_) {
    failed_place_ = answers_.size();
    return *failed_;
  }
  connection_.repeat_ = connection_.guard_failed_ = false;
  auto problem = read_answers();
  sent_.clear();
  runs_ = 0;
  if (problem) return *std::move(problem);
  return {};
}

// Each message has one answer and then none; the sync has one of its own. What comes after a failure did not happen.
std::optional<Error> Pipeline::read_answers() {
  std::optional<Error> problem;
  for (const Message& message : sent_) {
    pg_result* answer = connection_.next_answer();
    Rows kept(answer);
    const ExecStatusType status = PQresultStatus(answer);
    const bool good = answer != nullptr && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    if (!good && message.prepares) connection_.prepared_.erase(message.sql);
    if (!good && !problem) {
      failed_place_ = answers_.size();
      problem = answer == nullptr ? connection_.lost() : connection_.failure(answer);
    }
    if (connection_.broken_) break;
    if (!message.prepares) answers_.push_back(std::move(kept));
    if (answer != nullptr) PQclear(connection_.next_answer());  // the none
  }
  if (!connection_.broken_) PQclear(connection_.next_answer());  // the sync's own
  if (!problem && connection_.broken_) problem = connection_.lost();
  return problem;
}

Pipeline::~Pipeline() {
  if (!entered_) return;
  if (!sent_.empty() && !failed_ && !connection_.broken_) static_cast<void>(sync());
  if (connection_.broken_ || PQexitPipelineMode(connection_.handle_) != 1) connection_.broken_ = true;
}

}  // namespace bhi::store::postgres
