// The server without its sockets: takes requests, keeps resources, answers. Safe from any thread; every write happens
// alone.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/async_jobs.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/interactions.h"
#include "ehr_sim/pages.h"
#include "ehr_sim/versions.h"
#include "fhir/json.h"

#include <atomic>
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
  // of versions. `timing`: as in Request.
  Result<std::size_t> load(const fhir::Node& document, Instant now, const Timing& timing = {});
  void restore(VersionPtr version);  // from the journal

  // Ends all open pages, as a server does that restarts or runs out of memory.
  void expire_pages() { lists_.clear(); }

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
  Response page_of_search(const Call& call);
  Response kept_page(std::string_view key, std::size_t offset, std::string_view path, Instant now);
  Response first_page(List list, bool count_only);
  Response read_one(const Call& call);
  Response create_one(const Call& call);
  Response update_one(const Call& call);
  Response remove_one(const Call& call);
  Response run_bundle(const Call& call);
  // A change under the lock: kept when it succeeds, taken back when the journal fails. Of a late request it is done and
  // answered, and nobody sees it yet.
  Response change(const std::function<Response(Versions&)>& act, const Request& request, Instant now);
  void publish_late(Instant now);
  int cost_of(const Call& call) const;
  const Manners& manners() const { return settings_.rules.profile.manners; }

  const Settings settings_;
  const Keep keep_;
  mutable std::shared_mutex mutex_;
  Versions versions_;
  OpenLists lists_;
  struct Late {
    Instant due;
    VersionPtr version;
  };
  std::vector<Late> late_;             // in the order of their writing
  std::atomic<bool> any_late_{false};  // whether there are any, without the lock
  AsyncJobs jobs_;
  std::mutex minute_mutex_;
  Instant minute_{};  // that calls are counted in, for a profile with a budget
  int minute_calls_ = 0;
};

}  // namespace bhi::sim
