// All that stands behind the sockets: FHIR below /fhir with its faults and log, and the control side below /_sim.
//
//   GET  /_sim/stats        requests by method, type and status; resources and versions by type
//   GET  /_sim/log?last=N   the newest N requests (100), oldest first: method, path, query, status; no bodies
//   POST /_sim/faults       adds faults (faults.h)
//   POST /_sim/clock        sets the clock (clock.h); GET shows what it says
//   POST /_sim/pages        {"expire": true}: next links given so far are 410
//   POST /_sim/auth         changes the authorisation server (authority.h); GET shows what it gave and refused
//   POST /_sim/bulk         switches of Bulk Data (bulk_export.h); GET shows what was asked
//   POST /_sim/load         a resource or Bundle as the EHR's own people enter it, whatever its interface allows;
//                           ?late_secs=120: seen only then, with the lastUpdated of now
//   POST /_sim/subscriptions  how notifications go wrong (subscriptions.h); GET shows every subscription
//   POST /_sim/reset        forgets faults, log and counts; with {"data": true} also all that was written since the
//   start
//
// The control side answers to loopback only.
#pragma once

#include "ehr_sim/authority.h"
#include "ehr_sim/bulk_export.h"
#include "ehr_sim/clock.h"
#include "ehr_sim/faults.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/request_log.h"
#include "ehr_sim/simulator.h"
#include "ehr_sim/subscriptions.h"

#include <functional>

namespace bhi::sim {

// A response and what the shell shall do to it on its way out.
struct Delivery {
  Response response;
  bool lose_answer = false;
  std::optional<std::size_t> cut_at;
  Stream stream{};  // instead of the response's body
};

class Front {
 public:
  using Now = std::function<Instant()>;
  // Waits, or returns early when the server stops.
  using Wait = std::function<void(std::chrono::milliseconds)>;

  // `forget` tells a journal that a reset made everything after so many versions void.
  Front(Simulator& simulator, Now now, Wait wait, Simulator::Forget forget = {});

  // The data as it is now is where a reset goes back to.
  void mark_start();
  FaultTable& faults() { return faults_; }
  // Off until it has clients: then every FHIR request needs a token.
  Authority& authority() { return authority_; }
  SimClock& clock() { return clock_; }
  BulkServer& bulk() { return bulk_; }

  // Null: none are kept. Lent.
  void set_subscriptions(Subscriptions* subscriptions) { subscriptions_ = subscriptions; }

  Delivery handle(const Request& request);

 private:
  Response control(const Request& request);
  Response show_stats(const Request& request);
  Response show_log(const Request& request);
  Response add_faults(const Request& request);
  Response reset(const Request& request);
  Response load(const Request& request);
  Response show_auth(const Request& request);
  Response change_auth(const Request& request);
  Response show_subscriptions(const Request& request);
  Response change_subscriptions(const Request& request);
  Response show_clock(const Request& request);
  Response set_clock(const Request& request);
  Response end_pages(const Request& request);
  Instant now() const { return clock_.at(now_()); }
  Response answer(const Request& request, const std::string& type, Instant now, const Effect& effect);
  BulkAnswered answer_bulk(const Request& request, const std::string& kind, Instant now);
  Response show_bulk(const Request& request);
  Response change_bulk(const Request& request);

  Simulator& simulator_;  // lent, outlives the front
  const Now now_;
  const Wait wait_;
  const Simulator::Forget forget_;
  FaultTable faults_;
  SimClock clock_;
  Authority authority_;
  BulkServer bulk_;
  Subscriptions* subscriptions_ = nullptr;
  RequestLog log_;
  std::size_t start_count_ = 0;
};

}  // namespace bhi::sim
