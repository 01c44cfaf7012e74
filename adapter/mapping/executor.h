// Running a compiled map. One Executor is one run: it owns nothing but its place in the arena, its budget
// and, when it was asked for, the lineage it keeps.
//
// A rule applies once for each combination of its sources; for each, targets are made in order, then groups are called,
// then nested rules run. https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html#rules
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "mapping/binding.h"
#include "mapping/compiled.h"
#include "mapping/evaluation.h"
#include "mapping/library.h"
#include "mapping/target.h"
#include "mapping/tracer.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace bhi::mapping {

struct RunBudget {
  std::uint64_t max_steps = 20'000'000;  // source values, targets and calls
  std::size_t max_calls = 200;           // groups within groups
  std::size_t max_nesting = 1000;        // rules within rules, through all groups at work
  std::size_t max_bytes = 1u << 30;      // of the arena
};

class Executor {
 public:
  Executor(const Program& program, const World& world, Arena& arena, RunBudget budget = {});

  Result<Output> run(const CompiledMap& map, std::span<const Input> sources);

  std::uint64_t steps() const { return steps_; }

 private:
  using SharedKey = std::tuple<const TargetNode*, const fhir::Name*, std::string_view>;

  // One rule being applied.
  struct Application {
    const CompiledRule& rule;
    const CompiledGroup& group;
    Frame frame;
    Binding first;  // value of the first source: focus of (expression), and the place that messages name
  };

  Result<void> bind(const CompiledGroup& group, std::span<const Input> sources, Frame frame);
  Result<Output> finish(const CompiledGroup& group, Frame frame);

  Result<void> call(const CompiledGroup& group, Frame frame);
  Result<void> run_rules(const std::vector<CompiledRule>& rules, const CompiledGroup& group, Frame frame);
  Result<void> run_sources(Application& application, std::size_t source);
  Result<void> apply(Application& application);
  Result<void> run_call(const CompiledCall& call, Application& application);

  // Sources: executor_sources.cpp
  Result<void> collect(const CompiledSource& source, Application& application, Bindings& found);
  Result<void> context_of(const CompiledSource& source, const Application& application, Bindings& found);
  void elements(const CompiledSource& source, Bindings& found);
  Result<void> defaults(const CompiledSource& source, Application& application, Bindings& found);
  Result<void> filter(const CompiledSource& source, Application& application, Bindings& found);

  // Targets: executor_targets.cpp
  Result<void> run_target(const CompiledTarget& target, Application& application);
  Result<void> make(const CompiledTarget& target, Application& application, Binding& out);
  Result<TargetNode*> make_plain(const CompiledTarget& target, TargetNode* parent, Application& application);
  Result<TargetNode*> parent_of(const CompiledTarget& target, Frame frame);
  Result<TargetNode*> create(const CompiledTarget& target, TargetNode* parent);
  Result<void> transformed_value(const CompiledTarget& target, TargetNode* parent, Application& application,
                                 Binding& out);
  Result<void> expect_many(const CompiledTarget& target, const TargetNode* parent, std::size_t found) const;
  Result<void> put(const CompiledTarget& target, TargetNode* parent, const Binding& value,
                   const Application& application, Binding& out);
  Result<TargetNode*> put_value(TargetNode& parent, const fhir::Name& name, const Binding& value,
                                const CompiledMap& map, bool by_default);
  Result<std::string> reference_to(const Binding& binding, bool as_pointer);
  Result<fhirpath::Collection> evaluated(const CompiledTarget& target, const Application& application);
  Result<fhirpath::Collection> parameter(const CompiledParameter& parameter, const Application& application);
  const CompiledGroup* default_group(const CompiledMap& map, const fhir::TypeInfo* source, const TargetPlace& place,
                                     const fhir::TypeInfo*& made) const;

  Result<void> spend() {
    const bool fine = ++steps_ <= budget_.max_steps && arena_.reserved_bytes() - bytes_before_ <= budget_.max_bytes;
    return fine ? Result<void>() : over_budget();
  }
  Error over_budget() const;
  void trace_inputs(const CompiledParameter& parameter, const Application& application);
  Error located(const Application& application, const Place& at, const Error& error);
  std::string cycle() const;

  const Program& program_;
  const World& world_;
  Arena& arena_;
  RunBudget budget_;
  std::size_t bytes_before_;
  TargetTree tree_;
  FrameStack frames_{arena_};
  Evaluation evaluation_;
  Issues issues_;
  std::optional<Tracer> tracer_storage_;
  Tracer* tracer_ = nullptr;  // null: nobody asked for the lineage
  std::uint64_t steps_ = 0;
  std::size_t nesting_ = 0;
  bool located_ = false;                               // the error on its way up says its place already
  SmallList<const CompiledGroup*, 32> calls_{arena_};  // the groups at work, outermost first
  std::map<SharedKey, TargetNode*> shared_;
};

}  // namespace bhi::mapping
