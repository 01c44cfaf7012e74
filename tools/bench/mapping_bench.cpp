// The mapping engine: the shape on which the Java reference engine was quadratic (a flat list, copied with a nested
// group), and a Synthea bundle through our core maps.
#include "bench/journey.h"
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhirpath/expression.h"
#include "mapping/lineage.h"

#include <benchmark/benchmark.h>

#include <array>
#include <stdexcept>

namespace {

using namespace bhi;

constexpr std::string_view kList = R"(
map "http://example.org/list" = "list"
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as source
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
group List(source from : Bundle, target to : Bundle) {
  from.type as type -> to.type = type;
  from.entry as entry -> to.entry as made then Entry(entry, made);
}
group Entry(source from, target to) {
  from.fullUrl as url -> to.fullUrl = url;
  from.request as request -> to.request as made then Request(request, made);
}
group Request(source from, target to) {
  from.method as method -> to.method = method;
  from.url as url -> to.url = url;
})";

std::string list_of(std::int64_t entries) {
  std::string text = R"({"resourceType":"Bundle","type":"batch","entry":[)";
  for (std::int64_t i = 0; i < entries; ++i) {
    const std::string id = std::to_string(i);
    text += std::string(i == 0 ? "" : ",") + R"({"fullUrl":"urn:oid:1.2.)" + id +
            R"(","request":{"method":"GET","url":"Patient/)" + id + R"("}})";
  }
  return text + "]}";
}

const mapping::Library& list_map() {
  static const auto library = [] {
    const mapping::MapText map{"list.map", std::string(kList)};
    auto made = mapping::Library::compile({&map, 1}, {std::shared_ptr<const fhir::Types>(), &fhir::Types::r4()});
    if (!made.ok()) throw std::runtime_error(made.error().message);
    return *made;
  }();
  return *library;
}

// Time and memory of one run; the document stands read beforehand.
void map_flat_list(benchmark::State& state) {
  const fhir::ReadLimits limits{.max_bytes = std::size_t{1} << 30, .max_values = 200'000'000};
  const auto document = fhir::read_json(list_of(state.range(0)), limits).value();
  const mapping::Input input{"", &document->root(), nullptr};
  const mapping::World world;
  std::size_t bytes = 0;
  for (auto _ : state) {
    Arena arena;
    const auto output = list_map().run("http://example.org/list", {&input, 1}, world, arena);
    if (!output.ok()) return state.SkipWithError(output.error().message.c_str());
    if (output->root.find("entry")->elements().size() != static_cast<std::size_t>(state.range(0)))
      return state.SkipWithError("entries are missing");
    bytes = arena.reserved_bytes();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_each"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(map_flat_list)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// The same with its lineage kept: what `bhi explain` costs, and nobody else pays.
void map_flat_list_with_lineage(benchmark::State& state) {
  const auto document = fhir::read_json(list_of(state.range(0))).value();
  const mapping::Input input{"", &document->root(), nullptr};
  mapping::World world;
  for (auto _ : state) {
    Arena arena;
    mapping::Lineage lineage;
    world.lineage = &lineage;
    const auto output = list_map().run("http://example.org/list", {&input, 1}, world, arena);
    if (!output.ok()) return state.SkipWithError(output.error().message.c_str());
    benchmark::DoNotOptimize(lineage.entries.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(map_flat_list_with_lineage)->Arg(10'000)->Unit(benchmark::kMillisecond);

struct Row {
  std::string_view type;
  std::string_view map;
};

// What reads a type. Every Observation goes through, also those that the daemon leaves for their code.
constexpr std::array kMaps = std::to_array<Row>({
    {"CarePlan", "http://bhi-adapter.org/fhir/StructureMap/care-plan-to-care"},
    {"EpisodeOfCare", "http://bhi-adapter.org/fhir/StructureMap/episode-to-care"},
    {"MedicationRequest", "http://bhi-adapter.org/fhir/StructureMap/medication-request-to-care"},
    {"Observation", "http://bhi-adapter.org/fhir/StructureMap/observation-to-care"},
    {"Patient", "http://bhi-adapter.org/fhir/StructureMap/patient-to-care"},
});

// The bundle read, every resource that a core map reads mapped, every result written as JSON.
void parse_map_serialise(benchmark::State& state) {
  const mapping::World world;
  std::size_t mapped = 0;
  for (auto _ : state) {
    const auto document = fhir::read_json(bench::bundle()).value();
    Arena arena;
    const auto split = fhir::split(document->root(), arena).value();
    mapped = 0;
    for (const fhir::Entry& entry : split.entries) {
      const auto row = std::ranges::find(kMaps, fhir::resource_type(entry.resource), &Row::type);
      if (row == kMaps.end()) continue;
      const mapping::Input input{"", &entry.resource, nullptr};
      const auto output = bench::engine().maps->run(row->map, {&input, 1}, world, arena);
      if (!output.ok()) return state.SkipWithError(output.error().message.c_str());
      benchmark::DoNotOptimize(fhir::write_json(output->root));
      ++mapped;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bench::bundle().size()));
  state.counters["mapped"] = static_cast<double>(mapped);
}
BENCHMARK(parse_map_serialise)->Unit(benchmark::kMillisecond);

}  // namespace
