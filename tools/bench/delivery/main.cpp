// Delivery, the whole lane: what is due is rendered, sent and settled on a store with synchronous=FULL, against a
// libcurl multi loop on kept connections that posts the same bodies to the same simulator, and against that loop with
// the least that must be on a disk before and after. Compares the CPU of this process for each write; the simulator
// runs in another.
//
//   bhi-bench-delivery SIMULATOR [ROUNDS [WRITES [WORKERS [ABREAST]]]]
#include "base/fibers.h"
#include "bench/delivery/loops.h"
#include "ehr/fhir_ehr.h"
#include "flow/binding.h"
#include "flow/deliver.h"
#include "flow/inbound.h"
#include "service/assets.h"
#include "store/sqlite_store.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bhi {
namespace {

constexpr Instant kNow{std::chrono::milliseconds(1'795'000'000'000)};
constexpr int kPatients = 64;

double cpu_now() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <typename T>
T or_throw(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bhi-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// The simulator as a process of its own.
class SimulatorProcess {
 public:
  explicit SimulatorProcess(const std::string& program) {
    const std::string port_file = folder_.file("port");
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      execl(program.c_str(), program.c_str(), "--listen", "127.0.0.1:0", "--port-file", port_file.c_str(), nullptr);
      _exit(127);
    }
    for (int tries = 0; tries < 500; ++tries) {
      std::ifstream file(port_file);
      if (file >> port_) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    throw std::runtime_error("the simulator does not start");
  }
  SimulatorProcess(const SimulatorProcess&) = delete;
  SimulatorProcess& operator=(const SimulatorProcess&) = delete;
  ~SimulatorProcess() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  std::string base() const { return "http://127.0.0.1:" + std::to_string(port_) + "/fhir"; }

 private:
  Folder folder_;
  pid_t pid_ = 0;
  int port_ = 0;
};

struct Spent {
  double cpu = 0, wall = 0;  // seconds
};

template <typename Act>
Spent spent_by(Act act) {
  const auto wall = std::chrono::steady_clock::now();
  const double cpu = cpu_now();
  act();
  return {cpu_now() - cpu, std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count()};
}

std::string patient_id(int n) { return flow::care_id("main", "Patient", std::to_string(n % kPatients)); }

// The score of a screening whose answers came from this EHR: one Observation.
care::Screening screening(const std::string& id, int n) {
  care::Screening made;
  made.id = id;
  made.patient = patient_id(n);
  made.instrument = "phq-9";
  made.authored = "2026-11-21T10:00:00Z";
  made.status = "completed";
  made.source = {"main", "QuestionnaireResponse", "r" + id, "1", ""};
  for (int item = 1; item <= 9; ++item) made.items.push_back({item, "", "LA6569-3", 1});
  made.total = 9;
  made.severity = "mild";
  made.complete = true;
  return made;
}

class Lane {
 public:
  Lane(const flow::Engine& engine, flow::Ehr& ehr, const std::string& round, int writes)
      : engine_(engine), ehr_(ehr), capabilities_(or_throw(ehr.capabilities())), writes_(writes) {
    store_ = or_throw(store::open_sqlite(folder_.file("store.db")));
    for (int n = 0; n < kPatients; ++n) {
      care::Patient patient;
      patient.id = patient_id(n);
      patient.source = {"main", "Patient", std::to_string(n), "1", ""};
      put(patient, patient.id, false);
    }
    for (int n = 0; n < writes; ++n) put(screening(round + "-" + std::to_string(n), n), patient_id(n), true);
    flush();
  }

  // As the daemon does it: what is due goes to workers, one item of a patient at a time.
  void run(int workers, std::size_t abreast) {
    std::vector<std::jthread> threads;
    for (int n = 0; n < workers; ++n) threads.emplace_back([this, abreast] { work(abreast); });
  }
  std::atomic<int> verified{0};

 private:
  void work(std::size_t abreast) {
    Fibers fibers;
    for (;;) {
      while (fibers.open() < abreast) {
        auto item = next();
        if (!item) break;
        fibers.start([this, item = *std::move(item)] {
          deliver(item);
          const std::lock_guard lock(mutex_);
          busy_.erase(item.patient);
        });
      }
      if (fibers.open() == 0 && verified == writes_) return;
      fibers.turn(std::chrono::milliseconds(1));
    }
  }

  std::optional<flow::OutboxItem> next() {
    const std::lock_guard lock(mutex_);
    if (due_.empty()) {
      for (auto& item : or_throw(store_->due(kNow, 1000))) {
        if (!busy_.contains(item.patient)) due_.push_back(std::move(item));
      }
    }
    if (due_.empty()) return std::nullopt;
    auto item = std::move(due_.back());
    due_.pop_back();
    busy_.insert(item.patient);
    return item;
  }

  void deliver(const flow::OutboxItem& item) {
    const auto settled = flow::deliver(engine_, *store_, ehr_, capabilities_, item, kNow);
    if (settled.ok() && settled->state == flow::OutboxState::Verified) {
      ++verified;
      return;
    }
    std::fprintf(stderr, "%s\n", (settled.ok() ? settled->reason : settled.error().message).c_str());
    std::abort();
  }
  void put(const care::Entity& entity, const std::string& patient, bool write) {
    flow::StoredEntity row;
    row.kind = care::kind_of(entity);
    row.id = std::visit([](const auto& value) { return value.id; }, entity);
    row.patient = patient;
    row.body = flow::to_json(entity);
    if (write) {
      flow::OutboxItem item;
      item.destination = "main";
      item.patient = patient;
      item.artifact = "screening-result";
      item.care_id = row.id;
      item.care_version = 1;
      item.created = kNow;
      worked_.outbox.push_back(std::move(item));
    }
    worked_.entities.push_back(std::move(row));
  }
  void flush() {
    const auto done = store_->commit(worked_);
    if (!done.ok()) throw std::runtime_error(done.error().message);
  }

  const flow::Engine& engine_;
  flow::Ehr& ehr_;
  flow::Capabilities capabilities_;
  Folder folder_;
  std::unique_ptr<flow::Store> store_;
  flow::Worked worked_;
  const int writes_;
  std::mutex mutex_;
  std::vector<flow::OutboxItem> due_;
  std::set<std::string> busy_;
};

// What the lane would send, made beforehand.
std::vector<std::string> bodies(const flow::Engine& engine, const std::string& round, int writes) {
  std::vector<std::string> made;
  Arena arena;
  for (int n = 0; n < writes; ++n) {
    care::Patient patient;
    patient.source = {"main", "Patient", std::to_string(n % kPatients), "1", ""};
    const fhir::Node home = flow::to_node(patient, arena);
    const fhir::Node entity = flow::to_node(screening(round + "-" + std::to_string(n), n), arena);
    made.push_back(or_throw(flow::plan_writes(engine, "screening-result", entity, &home, kNow)).at(0).body);
  }
  return made;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void run(const std::string& program, int rounds, int writes, int workers, int abreast) {
  const auto engine = or_throw(flow::make_engine(
      "bench", care::Policy{}, or_throw(service::load_texts(or_throw(service::find_assets(BHI_SOURCE_DIR))))));
  SimulatorProcess simulator(program);
  ehr::EhrSettings connection;
  connection.name = "main";
  connection.version = "bench";
  connection.http.base_url = simulator.base();
  const auto ehr = or_throw(ehr::connect(connection));
  struct Side {
    const char* name;
    std::vector<double> cpu{}, rate{};  // us a write, writes a second
  };
  Side lanes{"the lane"}, curls{"libcurl loop"}, durables{"and bare SQLite"};
  std::vector<double> ratios, durable_ratios;
  for (int round = 0; round <= rounds; ++round) {
    Lane lane(*engine, *ehr, "ours" + std::to_string(round), writes);
    const auto posts = bodies(*engine, "bare" + std::to_string(round), writes);
    const auto again = bodies(*engine, "durable" + std::to_string(round), writes);
    const Spent ours = spent_by([&] { lane.run(workers, static_cast<std::size_t>(abreast)); });
    // One after the other: the simulator has a thread for each connection, and not many.
    const Spent theirs = [&] {
      bench::CurlLoop loop(simulator.base(), workers * abreast);
      return spent_by([&] { loop.run(posts); });
    }();
    const Spent limit = [&] {
      const Folder folder;
      bench::DurableLoop loop(simulator.base(), workers * abreast, folder.file("bare.db"));
      loop.fill(again.size());
      return spent_by([&] { loop.run(again); });
    }();
    if (lane.verified != writes) throw std::runtime_error("not everything was written");
    if (round == 0) continue;  // warms caches up
    ratios.push_back(ours.cpu / theirs.cpu);
    durable_ratios.push_back(limit.cpu / theirs.cpu);
    for (const auto& [side, spent] :
         {std::pair(&lanes, ours), std::pair(&curls, theirs), std::pair(&durables, limit)}) {
      side->cpu.push_back(spent.cpu * 1e6 / writes);
      side->rate.push_back(writes / spent.wall);
    }
  }
  std::printf("delivery, %d writes by %d workers, %d abreast each, medians of %d rounds\n", writes, workers, abreast,
              rounds);
  for (const Side* side : {&lanes, &curls, &durables}) {
    std::printf("  %-15s %7.0f writes/s  %7.1f us of CPU a write\n", side->name, median(side->rate), median(side->cpu));
  }
  std::printf("  CPU ratio       %7.2f (goal: at most 3); of libcurl and bare SQLite %.2f\n", median(ratios),
              median(durable_ratios));
}

}  // namespace
}  // namespace bhi

int main(int count, char** given) {
  const auto number = [&](int at, int usual) { return count > at ? std::atoi(given[at]) : usual; };
  if (count < 2) {
    std::fprintf(stderr, "bhi-bench-delivery SIMULATOR [ROUNDS [WRITES [WORKERS [ABREAST]]]]\n");
    return 2;
  }
  try {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bhi::run(given[1], number(2, 7), number(3, 1000), number(4, 1), number(5, 16));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
