// Who is the same person at several sources, worked out from the Patients in memory; they follow the events feed, so
// that a changed identifier counts with the next question. Safe from any thread.
#pragma once

#include "base/result.h"
#include "care/model.h"
#include "flow/identity.h"
#include "flow/ports.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bhi::service {

struct IdentityPicture {
  flow::Identities found;
  std::map<std::string, care::Source, std::less<>> source_of;  // of every care id named in it
};

class IdentityBoard {
 public:
  // `systems`: identity.link_systems; none: nobody is linked and nothing is read.
  IdentityBoard(flow::Store& store, std::vector<std::string> systems) : store_(store), systems_(std::move(systems)) {}

  const std::vector<std::string>& systems() const { return systems_; }
  Result<std::shared_ptr<const IdentityPicture>> now();

 private:
  Result<void> read_all();
  Result<void> read_one(const flow::StoredEntity& row);

  flow::Store& store_;
  std::vector<std::string> systems_;
  std::mutex mutex_;
  std::map<std::string, care::Patient> patients_;  // the rest is guarded by mutex_ too
  std::int64_t seen_ = -1;                         // seq of the last event; -1: nothing was read yet
  std::shared_ptr<const IdentityPicture> picture_;
};

}  // namespace bhi::service
