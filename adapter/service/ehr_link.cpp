#include "service/ehr_link.h"

#include "base/fibers.h"
#include "ehr/fhir_ehr.h"
#include "service/ehr_auth.h"
#include "service/log.h"

#include <algorithm>
#include <chrono>

namespace bhi::service {

namespace {

constexpr std::chrono::minutes kFresh{60};
constexpr std::chrono::seconds kFirstRest{5};
constexpr std::chrono::seconds kMostRest{300};
constexpr std::chrono::seconds kNotSooner{10};  // than the last time

class StoppableEhr : public flow::Ehr {
 public:
  StoppableEhr(flow::Ehr& ehr, std::function<bool()> stopping) : ehr_(ehr), stopping_(std::move(stopping)) {}

  Result<flow::Capabilities> capabilities() override { return stopping_() ? stop() : ehr_.capabilities(); }
  Result<flow::Page> search(std::string_view type, std::string_view query) override {
    if (stopping_()) return stop();
    return ehr_.search(type, query);
  }
  Result<flow::Page> next(std::string_view link) override {
    if (stopping_()) return stop();
    return ehr_.next(link);
  }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    if (stopping_()) return stop();
    return ehr_.read(type, id);
  }
  flow::Answer create(std::string_view type, std::string_view body, std::string_view if_none_exist) override {
    return ehr_.create(type, body, if_none_exist);
  }
  flow::Answer update(std::string_view type, std::string_view id, std::string_view body,
                      std::string_view if_match) override {
    return ehr_.update(type, id, body, if_match);
  }

 private:
  static Error stop() { return {Kind::Unavailable, "we are stopping"}; }
  flow::Ehr& ehr_;
  std::function<bool()> stopping_;
};

}  // namespace

Result<EhrLink::CapabilitiesPtr> EhrLink::capabilities(Instant now) {
  const std::lock_guard lock(mutex_);
  // Between two tokens nothing is granted; that says nothing.
  const std::string granted = granted_ ? granted_() : std::string();
  const bool other_grant = known_ && !granted.empty() && granted != asked_with_ && now >= asked_ + kNotSooner;
  if (now >= ask_again_ || other_grant) {
    asked_ = now;
    const StayHere here;                         // under the lock
    auto found = ehr_->urgent().capabilities();  // what is urgent cannot go without
    if (found.ok()) {
      known_ = std::make_shared<const flow::Capabilities>(*std::move(found));
      failure_.reset();
      failures_ = 0;
      ask_again_ = now + kFresh;
      asked_with_ = granted_ ? granted_() : std::string();  // of the token that this question fetched
    } else {
      failure_ = found.error();
      ask_again_ = now + std::min<std::chrono::seconds>(kFirstRest * (1 << std::min(failures_, 6)), kMostRest);
      ++failures_;
    }
  }
  if (known_) return known_;
  return failure_.value_or(Error{Kind::Unavailable, "the EHR has not been asked yet"});
}

void EhrLink::ask_again() {
  const std::lock_guard lock(mutex_);
  ask_again_ = Instant{};
}

void EhrLink::doubt_capabilities(Instant now) {
  const std::lock_guard lock(mutex_);
  if (failures_ == 0) ask_again_ = std::min(ask_again_, std::max(now, asked_ + kNotSooner));
}

EhrLink::CapabilitiesPtr EhrLink::known_capabilities() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock.owns_lock() ? known_ : nullptr;
}

void StateLine::failed(const std::string& source, const std::string& what, const std::string& about,
                       const Error& error) {
  const std::lock_guard lock(mutex_);
  if (last_ == error.message) return;
  last_ = error.message;
  log_event(LogLevel::Warn, what + " fails",
            JsonObject()
                .text("source", source)
                .text_if("about", about)
                .text("kind", name(error.kind))
                .text("reason", error.message));
}

void StateLine::worked(const std::string& source, const std::string& what, const std::string& about) {
  const std::lock_guard lock(mutex_);
  if (!last_) return;
  last_.reset();
  log_event(LogLevel::Info, what + " works again", JsonObject().text("source", source).text_if("about", about));
}

std::unique_ptr<flow::Ehr> stoppable(flow::Ehr& ehr, std::function<bool()> stopping) {
  return std::make_unique<StoppableEhr>(ehr, std::move(stopping));
}

std::shared_ptr<ehr::Traffic> traffic_of(const SourceSettings& settings) {
  ehr::TrafficSettings wanted;
  wanted.calls_per_minute = settings.calls_per_minute;
  const auto zone = TimeZone::find(settings.time_zone);
  if (settings.quiet_hours.from != settings.quiet_hours.to && zone) {
    wanted.quiet_until = [hours = settings.quiet_hours, zone = *zone](Instant now) { return hours.end_of(now, zone); };
  }
  return std::make_shared<ehr::Traffic>(std::move(wanted));
}

Result<std::shared_ptr<flow::Ehr>> connect_ehr(const SourceSettings& settings, const LimitSettings& limits,
                                               std::string version, std::shared_ptr<ehr::Traffic> traffic,
                                               const std::shared_ptr<ehr::TokenSource>& tokens) {
  ehr::EhrSettings wanted;
  wanted.name = settings.name;
  wanted.version = std::move(version);
  wanted.http = http_of(settings);
  wanted.limits.max_depth = limits.max_depth;
  wanted.limits.max_values = limits.max_values;
  if (settings.auth.type == AuthType::Bearer) {
    // Read for every request, so that a renewed token needs no restart.
    wanted.token = [file = settings.auth.token_file] { return read_secret(file); };
  }
  wanted.traffic = std::move(traffic);
  if (tokens) {
    wanted.token = [tokens] { return tokens->token(); };
    wanted.token_refused = [tokens](std::string_view token) { tokens->refused(token); };
    wanted.token_worked = [tokens](std::string_view token) { tokens->worked(token); };
    wanted.grant = [tokens] { return tokens->grant(); };
    wanted.scope_version = [tokens] { return tokens->scope_version(); };
  }
  BHI_TRY(auto ehr, ehr::connect(wanted));
  return std::shared_ptr<flow::Ehr>(std::move(ehr));
}

}  // namespace bhi::service
