// A store in a folder of its own that goes with the test, and short ways to make what is put into it.
#pragma once

#include "flow/ports.h"
#include "store/sqlite_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::store::test {

inline Instant at(std::int64_t ms) { return Instant(std::chrono::milliseconds(ms)); }

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bhi-store-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = pattern;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// The value, or a failure of the test that tells the error.
template <typename T>
T must(Result<T> result) {
  if (result) return std::move(result).value();
  ADD_FAILURE() << name(result.error().kind) << ": " << result.error().message;
  return T{};
}
inline void must(const Result<void>& result) {
  if (!result) ADD_FAILURE() << name(result.error().kind) << ": " << result.error().message;
}

template <typename T>
std::string kind_of(const Result<T>& result) {
  return result ? "ok" : std::string(name(result.error().kind));
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open(const SqliteOptions& options = {}) {
    store_.reset();
    store_ = must(open_sqlite(path(), options));
    ASSERT_NE(store_, nullptr);
  }
  std::string path() const { return folder_.file("store.db"); }
  flow::Store& store() { return *store_; }

  TempFolder folder_;
  std::unique_ptr<flow::Store> store_;
};

inline flow::ResourceCopy copy_of(std::string id, std::string hash, std::string updated = {}) {
  flow::ResourceCopy copy;
  copy.source = "clinic";
  copy.type = "QuestionnaireResponse";
  copy.id = std::move(id);
  copy.updated = std::move(updated);
  copy.body = R"({"resourceType":"QuestionnaireResponse","hash":")" + hash + "\"}";
  copy.hash = std::move(hash);
  return copy;
}

inline flow::InboxItem item_of(flow::ResourceCopy copy, std::string lane = "clinic|Patient/1",
                               std::string channel = "poll") {
  flow::InboxItem item;
  item.lane = std::move(lane);
  item.channel = std::move(channel);
  item.received = at(1000);
  item.resource = std::move(copy);
  return item;
}

inline flow::Accepted batch_of(std::vector<flow::InboxItem> items) { return {std::move(items), {}, {}}; }

inline flow::AuditEntry audit_of(std::string action, std::string subject = "Patient/1") {
  return {std::move(action), "clinic", std::move(subject), "ok", at(5000)};
}

inline flow::OutboxItem intent_of(std::string patient, std::string care_id, bool urgent = false,
                                  std::string destination = "clinic") {
  flow::OutboxItem item;
  item.destination = std::move(destination);
  item.patient = std::move(patient);
  item.artifact = urgent ? "safety" : "screening-result";
  item.care_id = std::move(care_id);
  item.care_version = 1;
  item.urgent = urgent;
  item.created = at(2000);
  return item;
}

inline std::vector<std::int64_t> seqs(const std::vector<flow::InboxItem>& items) {
  std::vector<std::int64_t> numbers;
  for (const auto& item : items) numbers.push_back(item.seq);
  return numbers;
}

inline std::vector<std::string> care_ids(const std::vector<flow::OutboxItem>& items) {
  std::vector<std::string> ids;
  for (const auto& item : items) ids.push_back(item.care_id);
  return ids;
}

}  // namespace bhi::store::test
