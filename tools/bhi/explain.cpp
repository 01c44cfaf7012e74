// bhi explain: where every element of a write-back request came from, and what an answer went into.
#include "flow/explain.h"

#include "bhi/engine.h"

#include <iostream>

namespace bhi::tools {

int run_explain(const ExplainOptions& options) {
  const auto inputs = read_inputs(options.map);
  if (!inputs.ok()) {
    std::cerr << "bhi explain: " << inputs.error().message << "\n";
    return 2;
  }
  flow::MapTrace trace;
  const flow::MapReport report =
      flow::map_files(*inputs->engine, inputs->texts, options.map.source, inputs->now, &trace);
  auto writes = flow::explain(report, trace);
  const std::size_t blank = std::min(options.from.find(' '), options.from.size());
  flow::ExplainFilter filter{options.element, options.from.substr(0, blank), ""};
  if (blank < options.from.size()) filter.path = options.from.substr(blank + 1);
  const std::string type = filter.document.substr(0, filter.document.find('/'));
  if (!filter.path.empty() && !filter.path.starts_with(type + ".")) filter.path = type + "." + filter.path;
  keep_only(writes, filter);
  std::cout << (options.map.json ? to_json(writes) : to_text(writes));
  if (!has_errors(report.issues)) return 0;
  std::cerr << "bhi explain: some of the input has mistakes; `bhi map` with the same files names them\n";
  return 1;
}

}  // namespace bhi::tools
