// One Synthea bundle through the journey: parse alone, parse + map + care without a store, and the whole way with every
// commit on disk (accept, then work off the lanes). The ratio to parsing alone is what to look at.
#include "bench/journey.h"
#include "fhir/json.h"
#include "flow/map_report.h"
#include "flow/receive.h"
#include "flow/work.h"
#include "store/sqlite_store.h"

#include <benchmark/benchmark.h>

#include <filesystem>

namespace {

using namespace bhi;

using bench::bundle;
using bench::engine;
using bench::kNow;

void parse_alone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(fhir::read_json(bundle()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bundle().size()));
}
BENCHMARK(parse_alone)->Unit(benchmark::kMillisecond);

void parse_map_care(benchmark::State& state) {
  const flow::InputText input{"bundle.json", bundle()};
  for (auto _ : state) benchmark::DoNotOptimize(flow::map_files(engine(), {&input, 1}, "bench", kNow));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bundle().size()));
}
BENCHMARK(parse_map_care)->Unit(benchmark::kMillisecond);

void whole_journey(benchmark::State& state) {
  const auto folder = std::filesystem::temp_directory_path() / ("bhi-bench-" + std::to_string(::getpid()));
  std::size_t resources = 0;
  int round = 0;
  for (auto _ : state) {
    const auto path = folder / std::to_string(round++) / "bhi.db";
    auto store = store::open_sqlite(path.string());
    if (!store.ok()) return state.SkipWithError(store.error().message.c_str());
    auto received = flow::receive(bundle(), "bench", "post", kNow, {});
    if (!received.ok()) return state.SkipWithError(received.error().message.c_str());
    resources += received->items.size();
    flow::Accepted accepted;
    accepted.items = std::move(received->items);
    if (!(*store)->accept(accepted).ok()) return state.SkipWithError("accept failed");
    for (;;) {
      const auto lanes = (*store)->pending_lanes(1000);
      if (!lanes.ok() || lanes->empty()) break;
      for (const std::string& lane : *lanes) {
        const auto worked = flow::work_lane(engine(), **store, {}, lane, 10'000, kNow);
        if (!worked.ok()) return state.SkipWithError(worked.error().message.c_str());
      }
    }
  }
  std::filesystem::remove_all(folder);
  state.counters["resources"] = benchmark::Counter(static_cast<double>(resources), benchmark::Counter::kIsRate);
}
BENCHMARK(whole_journey)->Unit(benchmark::kMillisecond);

}  // namespace
