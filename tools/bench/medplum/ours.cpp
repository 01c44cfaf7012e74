// Our mapping engine under the same orders as peer.js; the plan and the orders are described in compare.py.
#include "fhir/json.h"
#include "mapping/library.h"
#include "service/files.h"

#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace bhi;

struct Row {
  std::string url;
  fhir::DocumentPtr input;
};

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

class Bench {
 public:
  explicit Bench(const std::string& plan_path) {
    const auto plan = must(fhir::read_json(must(service::read_file(plan_path))));
    std::vector<mapping::MapText> maps;
    for (const fhir::Node& row : fhir::each(plan->root().find("maps"))) {
      const std::string file(row.text_of("map"));
      maps.push_back({file, must(service::read_file(file))});
      rows_.push_back({std::string(row.text_of("url")),
                       must(fhir::read_json(must(service::read_file(std::string(row.text_of("input"))))))});
    }
    library_ = must(mapping::Library::compile(
        maps, std::shared_ptr<const fhir::Types>(std::shared_ptr<const fhir::Types>(), &fhir::Types::r4())));
  }

  std::string answer(std::size_t row) { return fhir::write_json(run(row)); }

  // Again and again for that long, after as many runs as are worth a look at the clock.
  std::string time(std::size_t row, double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    std::size_t runs = 0;
    double passed = 0;
    while (passed < seconds) {
      for (int i = 0; i < 10; ++i) run(row);
      runs += 10;
      passed = std::chrono::duration<double>(Clock::now() - start).count();
    }
    std::ostringstream line;
    line << runs << " " << passed;
    return line.str();
  }

 private:
  fhir::Node run(std::size_t row) {
    arena_.reset();
    const mapping::Input input{"", &rows_[row].input->root(), nullptr};
    return must(library_->run(rows_[row].url, {&input, 1}, world_, arena_)).root;
  }

  std::vector<Row> rows_;
  std::shared_ptr<const mapping::Library> library_;
  mapping::World world_;
  Arena arena_;
};

}  // namespace

int main(int count, char** values) {
  if (count != 2) return std::cerr << "usage: bhi-bench-fml PLAN\n", 2;
  try {
    Bench bench(values[1]);
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string order;
      std::size_t row = 0;
      double seconds = 0;
      words >> order >> row >> seconds;
      std::cout << (order == "answer" ? bench.answer(row) : bench.time(row, seconds)) << std::endl;
    }
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
  return 0;
}
