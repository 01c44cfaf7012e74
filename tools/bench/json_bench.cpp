// Reading Synthea bundles: our tree against RapidJSON's own documents, in one run over the same bytes.
//
// Every variant starts from a fresh copy of the text (parsing in place destroys it) and ends with the memory given
// back. Bytes a second are bytes of JSON. Without the fixtures (BHI_FIXTURES) nothing is measured.
#include "fhir/json.h"
#include "fhir/text_scan.h"
#include "fhir/types.h"

#include <benchmark/benchmark.h>

#define RAPIDJSON_NAMESPACE bench_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace bench_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#define RAPIDJSON_SSE2
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace rapid = bench_rapidjson;

const std::vector<std::string>& bundles() {
  static const std::vector<std::string> kept = [] {
    const char* const given = std::getenv("BHI_FIXTURES");
    const std::filesystem::path folder =
        (given != nullptr ? std::filesystem::path(given)
                          : std::filesystem::path(BHI_SOURCE_DIR) / ".." / "shared" / "fixtures") /
        "synthea";
    std::vector<std::string> texts;
    if (!std::filesystem::exists(folder)) return texts;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    std::ranges::sort(texts);  // the same order on every machine
    return texts;
  }();
  return kept;
}

// Runs `read` over all bundles and counts their bytes.
template <typename Read>
void run(benchmark::State& state, Read read) {
  if (bundles().empty()) {
    state.SkipWithError("no fixtures: set BHI_FIXTURES");
    return;
  }
  bhi::fhir::Types::r4();
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& text : bundles()) {
      if (!read(std::string(text))) state.SkipWithError("a bundle was refused");
      bytes += text.size();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void BM_OurTree(benchmark::State& state) {
  run(state, [](std::string text) { return bhi::fhir::read_json(std::move(text)).ok(); });
}

// The pooled document in place, after the same look at the bytes as ours. Numbers become doubles.
void BM_RapidDomInPlaceSameCheck(benchmark::State& state) {
  run(state, [](std::string text) {
    const std::size_t size = text.size();
    text.append(bhi::fhir::kScanPadding, '\0');
    const bhi::fhir::TextScan scan({text.data(), size});
    rapid::Document document;
    return scan.ok() && !document.ParseInsitu(text.data()).HasParseError();
  });
}

// The same with RapidJSON's own check of UTF-8.
void BM_RapidDomInPlaceOwnCheck(benchmark::State& state) {
  run(state, [](std::string text) {
    rapid::Document document;
    return !document.ParseInsitu<rapid::kParseValidateEncodingFlag>(text.data()).HasParseError();
  });
}

// The same without any check.
void BM_RapidDomInPlaceNoCheck(benchmark::State& state) {
  run(state, [](std::string text) {
    rapid::Document document;
    return !document.ParseInsitu(text.data()).HasParseError();
  });
}

void BM_ScanOnly(benchmark::State& state) {
  run(state, [](std::string text) {
    const std::size_t size = text.size();
    text.append(bhi::fhir::kScanPadding, '\0');
    return bhi::fhir::TextScan({text.data(), size}).ok();
  });
}

void BM_OurWriter(benchmark::State& state) {
  if (bundles().empty()) return state.SkipWithError("no fixtures: set BHI_FIXTURES");
  const auto document = bhi::fhir::read_json(bundles().front()).value();
  std::size_t bytes = 0;
  for (auto _ : state) bytes += bhi::fhir::write_json(document->root()).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void BM_RapidWriter(benchmark::State& state) {
  if (bundles().empty()) return state.SkipWithError("no fixtures: set BHI_FIXTURES");
  rapid::Document document;
  document.Parse(bundles().front().c_str());
  std::size_t bytes = 0;
  for (auto _ : state) {
    rapid::StringBuffer buffer;
    rapid::Writer<rapid::StringBuffer> writer(buffer);
    document.Accept(writer);
    bytes += buffer.GetSize();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void BM_ContentHash(benchmark::State& state) {
  if (bundles().empty()) return state.SkipWithError("no fixtures: set BHI_FIXTURES");
  const auto document = bhi::fhir::read_json(bundles().front()).value();
  for (auto _ : state) benchmark::DoNotOptimize(bhi::fhir::content_hash(document->root()));
  state.SetBytesProcessed(static_cast<std::int64_t>(bundles().front().size()) *
                          static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK(BM_OurTree)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RapidDomInPlaceSameCheck)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RapidDomInPlaceOwnCheck)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RapidDomInPlaceNoCheck)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ScanOnly)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OurWriter)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_RapidWriter)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ContentHash)->Unit(benchmark::kMillisecond);

}  // namespace
