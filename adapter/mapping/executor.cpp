#include "mapping/executor.h"

#include "mapping/diagnostic.h"

#include <algorithm>
#include <iterator>

namespace bhi::mapping {

namespace {

using fhirpath::Item;

}  // namespace

Executor::Executor(const Program& program, const World& world, Arena& arena, RunBudget budget)
    : program_(program),
      world_(world),
      arena_(arena),
      budget_(budget),
      bytes_before_(arena.reserved_bytes()),
      tree_(*program.types, arena),
      evaluation_(program, world, tree_, arena) {
  if (world.lineage == nullptr) return;
  tracer_ = &tracer_storage_.emplace(tree_);
  evaluation_.set_tracer(tracer_);
}

Result<Output> Executor::run(const CompiledMap& map, std::span<const Input> sources) {
  if (map.groups.empty()) return Error{Kind::Incorrect, map.file + ": expected a group, found none"};
  const CompiledGroup& entry = map.groups.front();
  const FrameStack::Held held(frames_, entry.slots);
  BHI_CHECK(bind(entry, sources, held.frame()));
  BHI_CHECK(call(entry, held.frame()));
  return finish(entry, held.frame());
}

// Sources by name, else in order; targets are made by the type of their parameter.
Result<void> Executor::bind(const CompiledGroup& group, std::span<const Input> sources, Frame frame) {
  std::size_t next = 0;
  const auto where = [&group] {
    return group.map->file + ":" + std::to_string(group.at.line) + ":" + std::to_string(group.at.column) + ": group '" +
           group.name + "': ";
  };
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    const CompiledGroupParameter& parameter = group.parameters[i];
    if (parameter.mode == ParameterMode::Target) {
      if (parameter.type == nullptr) {
        return Error{Kind::Incorrect,
                     where() + "expected a type for target '" + parameter.name + "' of the first group, found none"};
      }
      frame[i] = Binding::made(*tree_.make(*parameter.type));
      continue;
    }
    const auto named = std::ranges::find(sources, std::string_view(parameter.name), &Input::name);
    const Input* input = named != sources.end() ? &*named : nullptr;
    if (input == nullptr) {
      while (next < sources.size() && !sources[next].name.empty()) ++next;
      if (next < sources.size()) input = &sources[next++];
    }
    if (input == nullptr) {
      return Error{Kind::Incorrect, where() + "expected an input for source '" + parameter.name + "', found none"};
    }
    if (input->node == nullptr) continue;
    Item item = fhirpath::root_item(*input->node, *program_.types, input->type);
    if (item.type == nullptr) item.type = parameter.type;
    // A profile of the type is as good as the type: whether the data keep to it is for validation to say.
    if (parameter.type != nullptr && item.type != nullptr && !item.type->is(*parameter.type) &&
        !parameter.type->is(*item.type)) {
      return Error{Kind::Incorrect, where() + "expected " + std::string(parameter.type->name) + " for source '" +
                                        parameter.name + "', found " + std::string(item.type->name)};
    }
    frame[i] = Binding::source(item, arena_.make<RootPlace>(item));
    evaluation_.add_document(*input->node);
    if (tracer_ != nullptr) tracer_->add_document(*input->node, item.type);
  }
  return {};
}

Result<Output> Executor::finish(const CompiledGroup& group, Frame frame) {
  Output output;
  bool first = true;
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    if (group.parameters[i].mode != ParameterMode::Target) continue;
    BHI_TRY(const fhir::Node node, tree_.finish(*frame[i].target));
    if (first) {
      output.root = node;
      if (tracer_ != nullptr) *world_.lineage = tracer_->finish(*frame[i].target);
    } else {
      output.more.push_back(node);
    }
    first = false;
  }
  output.issues = std::move(issues_);
  return output;
}

Result<void> Executor::call(const CompiledGroup& group, Frame frame) {
  calls_.push_back(&group);
  if (calls_.size() > budget_.max_calls) {
    located_ = true;
    return Error{Kind::Busy, group.map->file + ":" + std::to_string(group.at.line) + ":" +
                                 std::to_string(group.at.column) + ": group '" + group.name + "': expected at most " +
                                 std::to_string(budget_.max_calls) + " groups within groups, found more: " + cycle()};
  }
  BHI_CHECK(spend());
  if (group.extends != nullptr) {
    const FrameStack::Held base(frames_, group.extends->slots);
    for (std::size_t i = 0; i < group.extends_slots.size(); ++i) base.frame()[i] = frame[group.extends_slots[i]];
    BHI_CHECK(call(*group.extends, base.frame()));
  }
  BHI_CHECK(run_rules(group.rules, group, frame));
  calls_.resize(calls_.size() - 1);
  return {};
}

Result<void> Executor::run_rules(const std::vector<CompiledRule>& rules, const CompiledGroup& group, Frame frame) {
  if (rules.empty()) return {};
  ++nesting_;
  for (const CompiledRule& rule : rules) {
    Application application{rule, group, frame, {}};
    if (nesting_ > budget_.max_nesting) {
      return located(application, rule.at,
                     {Kind::Busy, "expected at most " + std::to_string(budget_.max_nesting) +
                                      " rules within rules, found more: " + cycle()});
    }
    BHI_CHECK(run_sources(application, 0));
  }
  --nesting_;
  return {};
}

// Every combination of the sources; a source may look at the variables of those before it.
Result<void> Executor::run_sources(Application& application, std::size_t at) {
  if (at == application.rule.sources.size()) return apply(application);
  const CompiledSource& source = application.rule.sources[at];
  Bindings found(arena_);
  if (Result<void> done = collect(source, application, found); !done) {
    return located(application, source.at, done.error());
  }
  for (const Binding& binding : found) {
    if (Result<void> spent = spend(); !spent) return located(application, source.at, spent.error());
    if (source.slot != VariableUse::kNone) application.frame[source.slot] = binding;
    if (at == 0) application.first = binding;
    BHI_CHECK(run_sources(application, at + 1));
  }
  return {};
}

Result<void> Executor::apply(Application& application) {
  for (const CompiledTarget& target : application.rule.targets) {
    if (target.invocation) {
      BHI_CHECK(run_call(*target.invocation, application));
      if (target.slot != VariableUse::kNone) application.frame[target.slot] = application.frame[target.context.slot];
    } else if (Result<void> done = run_target(target, application); !done) {
      return located(application, target.at, done.error());
    }
  }
  for (const CompiledCall& call : application.rule.calls) BHI_CHECK(run_call(call, application));
  return run_rules(application.rule.rules, application.group, application.frame);
}

Result<void> Executor::run_call(const CompiledCall& given, Application& application) {
  const FrameStack::Held held(frames_, given.group->slots);
  const Frame frame = held.frame();
  for (std::size_t i = 0; i < given.parameters.size(); ++i) {
    const CompiledParameter& argument = given.parameters[i];
    if (argument.variable.slot != VariableUse::kNone) {
      frame[i] = application.frame[argument.variable.slot];
      continue;
    }
    auto items = parameter(argument, application);
    if (!items) return located(application, given.at, items.error());
    if (items->size() > 1) {
      return located(application, given.at,
                     {Kind::Incorrect, "expected one value for '" + given.group->parameters[i].name + "', found " +
                                           std::to_string(items->size())});
    }
    if (items->empty()) continue;
    frame[i] = Binding::source(items->front(), application.first.place);
    if (tracer_ != nullptr) {
      static const CompiledTarget kNoTarget;
      tracer_->begin(application.rule, application.group, kNoTarget, application.first);
      trace_inputs(argument, application);
      tracer_->name(items->front());
    }
  }
  return call(*given.group, frame);
}

Error Executor::over_budget() const {
  if (steps_ > budget_.max_steps) {
    return {Kind::Busy, "expected at most " + std::to_string(budget_.max_steps) + " steps, found more"};
  }
  return {Kind::Busy, "expected at most " + std::to_string(budget_.max_bytes >> 20) + " MiB of values, found more"};
}

// "screening.map:12:7: rule 'score': source QuestionnaireResponse.item[3]: expected ..., found ..."
Error Executor::located(const Application& application, const Place& otherwise, const Error& error) {
  if (located_) return error;
  located_ = true;
  Place at = otherwise;
  std::string_view rest = error.message;
  split_place(error.message, at, rest);
  std::string text = application.group.map->file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                     ": rule '" + application.rule.name + "': ";
  if (application.first.place != nullptr) text += "source " + to_text(application.first.place) + ": ";
  return {error.kind, text + std::string(rest)};
}

// The groups that call each other in a circle: "item -> answer -> item".
std::string Executor::cycle() const {
  const CompiledGroup* const last = calls_[calls_.size() - 1];
  const auto before = std::find(std::reverse_iterator(calls_.end()) + 1, std::reverse_iterator(calls_.begin()), last);
  std::string text;
  for (auto at = before == std::reverse_iterator(calls_.begin()) ? calls_.begin() : before.base() - 1;
       at != calls_.end(); ++at) {
    text += (text.empty() ? "" : " -> ") + (*at)->name;
    if (text.size() > 400) return text + " -> ...";
  }
  return text;
}

}  // namespace bhi::mapping
