// The server without its sockets: takes requests, keeps resources, answers. Safe from any thread; every write happens
// alone.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/interactions.h"
#include "ehr_sim/pages.h"
#include "ehr_sim/versions.h"
#include "fhir/json.h"

#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

namespace bhi::sim {

struct Target;

struct Settings {
  Rules rules;
  std::string seed = "bhi-ehr-sim";  // of the ids given; fixed in tests
  Instant started{};
};

// Called with the new versions of each write before it is answered (a journal); an error takes the write back.
using Keep = std::function<Result<void>(std::span<const VersionPtr>)>;

class Simulator {
 public:
  explicit Simulator(Settings settings, Keep keep = {});

  // FHIR requests: everything below /fhir. Never throws for what a client sent.
  Response handle(const Request& request, Instant now);

  // Puts a document into the store as it is: a resource, or a Bundle. A transaction or batch Bundle is run as such; of
  // every other Bundle each entry is stored under its own id (a new one when it has none). Whole or not at all. Number
  // of versions.
  Result<std::size_t> load(const fhir::Node& document, Instant now);
  void restore(VersionPtr version);  // from the journal

  std::size_t version_count() const;
  // Back to the first `count` versions (a reset between tests); open pages end. `forget` tells a journal, under the
  // same lock.
  using Forget = std::function<Result<void>(std::size_t count)>;
  Result<void> roll_back(std::size_t count, const Forget& forget = {});
  std::vector<Versions::TypeCount> counts() const;

 private:
  struct Call;
  struct Row;
  static std::span<const Row> rows();

  Response answer(const Call& call, const Versions& versions);
  std::optional<Response> refused_by_profile(const Call& call);
  Response show_capabilities(const Call& call);
  Response search(const Call& call);
  Response search_in(const Call& call, const Versions& versions);
  Response history(const Call& call);
  Response next_page(const Call& call, std::string_view cursor);
  Response first_page(List list, bool count_only);
  Response read_one(const Call& call);
  Response create_one(const Call& call);
  Response update_one(const Call& call);
  Response remove_one(const Call& call);
  Response run_bundle(const Call& call);
  // A change under the lock: kept when it succeeds, taken back when the journal fails.
  Response change(const std::function<Response(Versions&)>& act);

  const Settings settings_;
  const Keep keep_;
  mutable std::shared_mutex mutex_;
  Versions versions_;
  OpenLists lists_;
  std::mutex minute_mutex_;
  Instant minute_{};  // that calls are counted in, for a profile with a budget
  int minute_calls_ = 0;
};

}  // namespace bhi::sim
