// FHIRPath within a run: variables are read from a frame, constants once and when needed, references resolved in the
// source documents first (contained resources, entries of a Bundle) and then by whoever asked for the run.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhirpath/expression.h"
#include "mapping/binding.h"
#include "mapping/compiled.h"
#include "mapping/library.h"
#include "mapping/target.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bhi::mapping {

class Tracer;

class Evaluation {
 public:
  Evaluation(const Program& program, const World& world, TargetTree& tree, Arena& arena);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  // Is told of what references were resolved to. May be null.
  void set_tracer(Tracer* tracer) { tracer_ = tracer; }

  // Documents in which references are looked up.
  void add_document(const fhir::Node& root) { documents_.push_back(&root); }

  Result<fhirpath::Collection> evaluate(const CompiledExpression& expression, const Binding& focus, Frame frame,
                                        const CompiledMap& map);
  // A criterion (where, check): empty is false.
  Result<bool> holds(const CompiledExpression& expression, const Binding& focus, Frame frame, const CompiledMap& map);

  Result<fhirpath::Collection> constant(const CompiledMap& map, std::uint32_t index);

  // The value of a variable as FHIRPath sees it; a target as it is at this moment. No node: nothing.
  Result<fhirpath::Item> item_of(const Binding& binding);

 private:
  const fhir::Node* resolve(std::string_view reference);
  void index_documents();

  const World& world_;
  TargetTree& tree_;
  Tracer* tracer_ = nullptr;
  Arena& arena_;
  fhirpath::Environment environment_;
  std::vector<std::vector<std::optional<fhirpath::Collection>>>
      constants_;  // by map and constant; empty until asked for
  const std::size_t maps_;
  SmallList<const fhir::Node*, 4> documents_;
  bool indexed_ = false;
  std::unordered_map<std::string_view, const fhir::Node*> by_url_;
  std::unordered_map<std::string, const fhir::Node*> by_id_;  // "Patient/1"
};

}  // namespace bhi::mapping
