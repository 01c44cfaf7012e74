// One EHR as the daemon's threads share it: the connection, what it can do, and whether it answers at the moment.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr/token_source.h"
#include "ehr/traffic.h"
#include "flow/ports.h"
#include "service/settings.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace bhi::service {

class EhrLink {
 public:
  // `traffic`: what the connection counts by; null for one without.
  // `granted`: the scopes of the token of the moment; capabilities are asked for anew when they are others.
  EhrLink(SourceSettings settings, std::shared_ptr<flow::Ehr> ehr, std::shared_ptr<ehr::Traffic> traffic,
          std::function<std::string()> granted = {})
      : settings_(std::move(settings)),
        ehr_(std::move(ehr)),
        traffic_(std::move(traffic)),
        granted_(std::move(granted)) {}

  const SourceSettings& settings() const { return settings_; }
  flow::Ehr& ehr() { return *ehr_; }
  const ehr::Traffic* traffic() const { return traffic_.get(); }

  // Asked for when first needed and once an hour; a failure is remembered for a while, so that an EHR that is down is
  // not asked by every thread. What was known before goes on being good.
  using CapabilitiesPtr = std::shared_ptr<const flow::Capabilities>;
  Result<CapabilitiesPtr> capabilities(Instant now);
  // The EHR may be able to do other things by now: it is asked before the next look, unless it was just asked.
  void doubt_capabilities(Instant now);
  // A person wants it asked now.
  void ask_again();
  // Those at hand, without a question to the EHR; null as well while somebody asks.
  CapabilitiesPtr known_capabilities();

 private:
  SourceSettings settings_;
  std::shared_ptr<flow::Ehr> ehr_;
  std::shared_ptr<ehr::Traffic> traffic_;
  std::function<std::string()> granted_;
  std::mutex mutex_;
  CapabilitiesPtr known_;  // the rest is guarded by mutex_ too
  std::optional<Error> failure_;
  Instant ask_again_{};
  Instant asked_{};
  std::string asked_with_;  // what was granted then
  int failures_ = 0;
};

// Says in the log when something goes wrong and when it is right again, not every time in between.
class StateLine {
 public:
  // `what`: "poll", "capabilities"; `about`: type or artifact, may be empty.
  void failed(const std::string& source, const std::string& what, const std::string& about, const Error& error);
  void worked(const std::string& source, const std::string& what, const std::string& about);

 private:
  std::mutex mutex_;
  std::optional<std::string> last_;
};

// An Ehr that refuses to read further once it is time to stop, so that a poll of many pages ends at the next one. What
// a refused read leaves undone is asked for again after the start; writes pass.
std::unique_ptr<flow::Ehr> stoppable(flow::Ehr& ehr, std::function<bool()> stopping);

// Budget, quiet hours and circuit of a source.
std::shared_ptr<ehr::Traffic> traffic_of(const SourceSettings& settings);

// The real connection. Error Incorrect: the base URL.
Result<std::shared_ptr<flow::Ehr>> connect_ehr(const SourceSettings& settings, const LimitSettings& limits,
                                               std::string version, std::shared_ptr<ehr::Traffic> traffic,
                                               const std::shared_ptr<ehr::TokenSource>& tokens);

}  // namespace bhi::service
