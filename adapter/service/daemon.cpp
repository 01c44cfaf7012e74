#include "service/daemon.h"

#include "service/access.h"
#include "service/api.h"
#include "service/audit_seal.h"
#include "service/bulk_work.h"
#include "service/delivery_work.h"
#include "service/drop_folder.h"
#include "service/ehr_link.h"
#include "service/http/server.h"
#include "service/lane_work.h"
#include "service/log.h"
#include "service/on_call_work.h"
#include "service/poller.h"
#include "service/provenance_work.h"
#include "service/replica_work.h"
#include "service/retention_work.h"
#include "service/shell.h"
#include "service/subscription_work.h"
#include "service/tick_work.h"
#include "service/watched_store.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace bhi::service {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSilenceAllowed{60'000};
constexpr int kDeliveryThreads = 2;  // per destination: one may be held up by the disk or by a token

flow::Destinations destinations_of(const Settings& settings) {
  flow::Destinations destinations;
  for (const auto& source : settings.sources) {
    if (source.write_back) destinations.writable.push_back(source.name);
  }
  return destinations;
}

}  // namespace

// Declared so that what is used is older, and ends later, than what uses it.
struct Daemon::Inside {
  Inside(Settings settings_given, DaemonParts parts)
      : settings(std::move(settings_given)),
        version(std::move(parts.version)),
        connect(std::move(parts.connect)),
        granted(std::move(parts.granted)),
        store(
            std::move(parts.store), metrics, [this](const Error& error) { fail("store", error); },
            [this] {
              board.bell().ring();
              on_call.wake();
            }),
        engine(std::move(parts.engine)),
        maps(engine, metrics, std::move(parts.maps)),
        common{store, metrics, engine, destinations_of(settings), std::move(parts.now), store.leases()},
        replicas(common, {[this] { wake_all(); }, [this] { changed_elsewhere(); }}),
        board(store, common.now),
        subscriptions(settings),
        on_call({common, settings.on_call, settings.instance_id,
                 [this](const auto& contact, auto text) { return tell(contact, settings.on_call, text, version); }}),
        seal(store),
        lanes(common, {[this] { wake_deliveries(); }, [this](auto source, const auto& form) { want(source, form); },
                       [this](auto source, const auto& missing) { fill_in(source, missing); }}),
        ticks(common, std::chrono::hours(settings.tick_interval_hours), [this] { wake_deliveries(); }),
        retention(common, {std::chrono::days(settings.store_keep_days),
                           static_cast<std::uint64_t>(settings.store_max_mib) << 20}),
        api({store, settings, metrics, engine, board, common.destinations, common.now, [this] { lanes.wake(); },
             [this] { wake_deliveries(); }, version, [this] { return sources(); }, &subscriptions,
             [this](auto source) { wake_subscriptions(source); }, writing(), [this] { return replicas.status(); }}),
        access(settings.tokens) {}

  Settings settings;
  std::string version;
  decltype(DaemonParts::connect) connect;
  decltype(DaemonParts::granted) granted;
  Metrics metrics;
  WatchedStore store;
  LiveEngine engine;
  MapWatch maps;
  Common common;
  ReplicaWork replicas;
  CareBoard board;
  SubscriptionBook subscriptions;
  OnCallWork on_call;
  AuditSeal seal;
  std::vector<std::unique_ptr<EhrLink>> links;
  std::vector<std::unique_ptr<BulkWork>> bulks;
  std::vector<std::unique_ptr<Poller>> pollers;
  std::vector<std::unique_ptr<SubscriptionWork>> subscription_works;
  std::vector<std::unique_ptr<ProvenanceWork>> provenances;
  std::vector<std::unique_ptr<DeliveryWork>> deliveries;
  std::vector<std::unique_ptr<DropFolder>> drops;
  LaneWork lanes;
  TickWork ticks;
  RetentionWork retention;
  Api api;
  Access access;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> management;

  std::atomic<bool> broken{false};
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable thread_ended;
  std::size_t running = 0;            // threads, without that of the management server; guarded by mutex
  std::vector<std::jthread> threads;  // last: they end first
  std::jthread management_thread;

  Result<void> open();
  void start_threads();
  void start_thread(const char* what, std::function<void(std::stop_token)> body);
  void wake_all();
  void changed_elsewhere();
  void wake_deliveries();
  void wake_subscriptions(std::string_view source);
  void want(std::string_view source, const std::string& form);
  void fill_in(std::string_view source, const flow::Missing& missing);
  void fail(const char* what, const Error& error);
  std::string why_not_ready();
  std::string scrape();
  std::vector<std::string> sources();
  WritingParts writing();
  Result<DeliveryWork*> delivery_to(const std::string& destination);
};

Result<void> Daemon::Inside::open() {
  BHI_TRY(const auto interrupted, store.recover());
  BHI_TRY(const auto strays, park_strays(common));
  BHI_TRY([[maybe_unused]] const auto rehearsed, tell_of_rehearsed(common, settings));
  BHI_CHECK(subscriptions.remember(store));
  for (const auto& source : settings.sources) {
    if (!source.drop_folder.empty())
      drops.push_back(std::make_unique<DropFolder>(common, source, settings.limits, [this] { lanes.wake(); }));
    if (source.base_url.empty()) continue;
    auto traffic = traffic_of(source);
    BHI_TRY(auto ehr, connect(source, traffic));
    auto& link = *links.emplace_back(std::make_unique<EhrLink>(
        source, std::move(ehr), std::move(traffic),
        granted ? std::function<std::string()>([this, name = source.name] { return granted(name); }) : nullptr));
    pollers.push_back(std::make_unique<Poller>(common, link, [this] { lanes.wake(); }));
    if (source.bulk.use != BulkUse::Off) {
      bulks.push_back(std::make_unique<BulkWork>(common, link, settings.limits, [this] { lanes.wake(); }));
      pollers.back()->leave_to(*bulks.back());
    }
    if (const auto ours = subscriptions.of(source.name); !ours.empty()) {
      auto& poller = *pollers.back();
      const SubscriptionWork::Parts work{
          common, link, poller.hurry(), [&poller] { poller.wake(); }, [this] { lanes.wake(); }, settings.instance_id};
      subscription_works.push_back(std::make_unique<SubscriptionWork>(work, ours));
    }
    if (!source.write_back) continue;
    if (source.provenance) provenances.push_back(std::make_unique<ProvenanceWork>(common, link));
    deliveries.push_back(std::make_unique<DeliveryWork>(
        common, link, [this](auto event) { on_call.wake(event); },
        source.provenance ? provenances.back().get() : nullptr));
    on_call.watch(link);
  }
  replicas.offer(settings);
  BHI_TRY(server, http::Server::open(settings.listen, settings.limits, api_application(api, access)));
  auto small = settings.limits;
  small.max_connections = 8;
  Health health{[this] { return why_not_ready(); }, [this] { return scrape(); }, [this] { return on_call.remarks(); }};
  BHI_TRY(management,
          http::Server::open(settings.management, small, management_application(std::move(health), metrics)));
  metrics.set(Metric::StartTime, std::chrono::duration<double>(common.now().time_since_epoch()).count());
  log_event(LogLevel::Info, "opened",
            JsonObject()
                .text("version", version)
                .number("port", server->port())
                .number("management_port", management->port())
                .number("connections", static_cast<std::int64_t>(links.size()))
                .number("sends_of_unknown_outcome", static_cast<std::int64_t>(interrupted))
                .number("parked_strays", static_cast<std::int64_t>(strays)));
  return {};
}

void Daemon::Inside::start_threads() {
  start_thread("replicas", [this](auto stop) { replicas.run(stop); });
  start_thread("lanes", [this](auto stop) { lanes.dispatch(stop); });
  for (int i = 0; i < settings.workers; ++i) start_thread("worker", [this](auto stop) { lanes.work(stop); });
  for (auto& bulk : bulks) start_thread("bulk", [&bulk](auto stop) { bulk->run(stop); });
  for (auto& poller : pollers) start_thread("poller", [&poller](auto stop) { poller->run(stop); });
  for (auto& work : subscription_works) start_thread("subscriptions", [&work](auto stop) { work->run(stop); });
  for (auto& delivery : deliveries) {
    start_thread("deliveries", [&delivery](auto stop) { delivery->dispatch(stop); });
    const int senders = std::min(settings.delivery_workers, kDeliveryThreads);
    const int at_once = (settings.delivery_workers + senders - 1) / senders;
    for (int i = 0; i < senders; ++i) {
      start_thread("delivery",
                   [&delivery, at_once](auto stop) { delivery->work(stop, static_cast<std::size_t>(at_once)); });
    }
  }
  for (auto& work : provenances) start_thread("provenance", [&work](auto stop) { work->run(stop); });
  for (auto& drop : drops) start_thread("drop folder", [&drop](auto stop) { drop->run(stop); });
  start_thread("audit seal", [this](auto stop) {
    seal.log("start");
    for (Bell day; !stop.stop_requested();) {
      day.wait(stop, std::chrono::hours(24));
      if (!stop.stop_requested()) seal.log("day");
    }
  });
  start_thread("on call", [this](auto stop) { on_call.run(stop); });
  start_thread("ticks", [this](auto stop) { ticks.run(stop); });
  start_thread("retention", [this](auto stop) { retention.run(stop); });
  start_thread("board", [this](auto stop) { board.keep(stop, settings.events_keep_days); });
  if (maps.watches()) start_thread("maps", [this](auto stop) { maps.run(stop); });
  start_thread("api", [this](auto) { server->run(); });
  // Health and metrics answer until the very end.
  management_thread = std::jthread([this] { management->run(); });
}

void Daemon::Inside::start_thread(const char* what, std::function<void(std::stop_token)> body) {
  {
    const std::lock_guard lock(mutex);
    ++running;
  }
  threads.emplace_back([this, what, body = std::move(body)](std::stop_token stop) {
    try {
      body(stop);
    } catch (const std::exception&) {  // what it says could hold patient data
      fail(what, {Kind::Fault, "a thread ended by an exception"});
    }
    const std::lock_guard lock(mutex);
    --running;
    thread_ended.notify_all();
  });
}

void Daemon::Inside::wake_all() {
  lanes.wake();
  wake_deliveries();
  for (auto& poller : pollers) poller->wake();
}

void Daemon::Inside::changed_elsewhere() {
  board.forget_practice();
  board.bell().ring();
  on_call.wake();
}

void Daemon::Inside::wake_deliveries() {
  for (auto& delivery : deliveries) delivery->wake();
}

void Daemon::Inside::wake_subscriptions(std::string_view source) {
  for (auto& work : subscription_works) {
    if (work->source() == source) work->wake();
  }
}

void Daemon::Inside::want(std::string_view source, const std::string& form) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i]->settings().name == source) pollers[i]->want(form);
  }
}

void Daemon::Inside::fill_in(std::string_view source, const flow::Missing& missing) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (links[i]->settings().name == source) pollers[i]->fill_in(missing);
  }
}

void Daemon::Inside::fail(const char* what, const Error& error) {
  broken = true;
  log_event(LogLevel::Error, "failed; the daemon ends", JsonObject().text("part", what).text("reason", error.message));
}

std::string Daemon::Inside::why_not_ready() {
  if (broken) return "a part has failed; the daemon is ending";
  if (draining) return "stopping";
  const auto checked = store.check();
  return checked.ok() ? std::string() : "the store cannot be written: " + checked.error().message;
}

std::vector<std::string> Daemon::Inside::sources() {
  std::vector<std::string> states;
  for (const auto& poller : pollers) {
    auto& state = states.emplace_back(poller->status());
    for (const auto& work : subscription_works) {
      if (work->source() != poller->source()) continue;
      state.pop_back();
      state += ",\"subscriptions\":" + work->status() + "}";
    }
  }
  for (const auto& drop : drops) {  // of a source that is asked, too, a line of its own
    states.push_back(JsonObject().text("name", drop->source()).raw("drop_folder", drop->status()).str());
  }
  return states;
}

WritingParts Daemon::Inside::writing() {
  WritingParts parts;
  parts.plans = [this] {
    std::vector<std::string> plans;
    for (const auto& delivery : deliveries) plans.push_back(delivery->plan_status());
    return plans;
  };
  parts.plan_anew = [this] {
    for (auto& delivery : deliveries) delivery->plan_anew();
  };
  parts.preview = [this](const flow::OutboxItem& item) -> Result<flow::Preview> {
    BHI_TRY(auto* const delivery, delivery_to(item.destination));
    return delivery->preview(item);
  };
  parts.resolve = [this](const flow::OutboxItem& item, flow::Keep keep,
                         std::string_view by) -> Result<flow::OutboxItem> {
    BHI_TRY(auto* const delivery, delivery_to(item.destination));
    return delivery->resolve(item, keep, by);
  };
  return parts;
}

Result<DeliveryWork*> Daemon::Inside::delivery_to(const std::string& destination) {
  for (const auto& delivery : deliveries) {
    if (delivery->destination() == destination) return delivery.get();
  }
  return Error{Kind::Unsupported, "the configuration does not allow writing to this destination"};
}

// Figures that are looked up when somebody asks for them.
std::string Daemon::Inside::scrape() {
  for (const auto& poller : pollers) poller->report(metrics);
  for (const auto& work : subscription_works) work->report(metrics);
  for (const auto& drop : drops) drop->report(metrics);
  replicas.report(metrics);
  api.report_identities(metrics);
  if (const auto counts = store.counts(common.now()); counts.ok()) {
    const auto set = [this](Metric metric, std::size_t value, const char* state) {
      metrics.set(metric, static_cast<double>(value), {state});
    };
    set(Metric::InboxItems, counts->inbox_pending, "pending");
    set(Metric::InboxItems, counts->inbox_waiting, "waiting");
    set(Metric::InboxItems, counts->inbox_quarantined, "quarantined");
    set(Metric::OutboxItems, counts->outbox_open, "open");
    set(Metric::OutboxItems, counts->outbox_unknown, "unknown");
    set(Metric::OutboxItems, counts->outbox_parked, "parked");
    set(Metric::OutboxItems, counts->outbox_dead, "dead");
    metrics.set(Metric::InboxOldest, static_cast<double>(counts->oldest_pending_ms) / 1000);
  }
  if (const auto pending = store.pending_lanes(1000); pending.ok()) {
    metrics.set(Metric::LanesPending, static_cast<double>(pending->size()));
  }
  return metrics.text();
}

Daemon::Daemon(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Daemon::~Daemon() {
  drain(milliseconds(0));
  inside_->threads.clear();  // joins
  inside_->management->stop();
}

Result<std::unique_ptr<Daemon>> Daemon::start(Settings settings, DaemonParts parts) {
  auto inside = std::make_unique<Inside>(std::move(settings), std::move(parts));
  BHI_CHECK(inside->open());
  inside->start_threads();
  return std::unique_ptr<Daemon>(new Daemon(std::move(inside)));
}

std::uint16_t Daemon::port() const { return inside_->server->port(); }
std::uint16_t Daemon::management_port() const { return inside_->management->port(); }
bool Daemon::failed() const { return inside_->broken; }
bool Daemon::alive() const { return !failed() && inside_->lanes.silent_for() < kSilenceAllowed; }

void Daemon::reload_maps() { inside_->maps.reload(); }

bool Daemon::drain(milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  const auto left = [&until] {
    return std::max(milliseconds(0),
                    std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now()));
  };
  inside_->draining = true;
  inside_->board.bell().close();
  inside_->server->stop();
  bool ended = inside_->server->wait_idle(left());
  for (auto& thread : inside_->threads) thread.request_stop();
  for (auto& link : inside_->links) link->ehr().stop_waiting();
  std::unique_lock lock(inside_->mutex);
  ended = inside_->thread_ended.wait_for(lock, left(), [this] { return inside_->running == 0; }) && ended;
  if (inside_->running == 0) inside_->seal.log("stop");
  return ended;
}

}  // namespace bhi::service
