#include "flow/bhi_act.h"

#include "flow/held_back.h"

#include <algorithm>

namespace bhi::flow {

namespace {

constexpr int kConflictTries = 5;

Issues errors_of(const Issues& issues) {
  Issues errors;
  std::ranges::copy_if(issues, std::back_inserter(errors),
                       [](const Issue& issue) { return issue.severity <= Severity::Error; });
  return errors;
}

}  // namespace

Result<Written> run_act(const Engine& engine, Store& store, const Destinations& destinations, const ActOn& on,
                        const Actor& actor, Instant now, const Decide& decide) {
  Written written;
  for (int attempt = 1;; ++attempt) {
    BHI_TRY(const auto before, load_record(store, on.patient));
    BHI_TRY(const auto changes, decide(before, written.refused));
    if (!written.refused.empty()) return written;
    const care::Applied applied = care::apply(before.record, changes, engine.policy, now);
    if (has_errors(applied.issues) || !applied.refused.empty()) {
      written.refused = errors_of(applied.issues);
      if (written.refused.empty()) written.refused = applied.issues;
      written.refused = in_words_of_the_model(std::move(written.refused));
      return written;
    }
    Worked worked;
    const std::string source = before.record.patient ? before.record.patient->source.system : std::string();
    add_applied(worked, applied, before, destinations, source, now);
    worked.reason = std::string(on.action);
    worked.audit.push_back(
        {worked.reason, actor.name_in_audit(), std::string(on.kind) + "/" + std::string(on.id), "ok", now});
    written.changed = !worked.entities.empty();
    written.issues = in_words_of_the_model(applied.issues);
    const auto committed = store.commit(worked);
    if (committed.ok()) {
      BHI_TRY(written.released, release_for(engine, store, worked.entities, now));
      break;
    }
    if (committed.error().kind != Kind::Conflict || attempt == kConflictTries) return committed.error();
  }
  BHI_TRY(written.entity, store.entity(on.kind, on.id));
  if (!written.entity) return Error{Kind::Fault, "the " + std::string(on.kind) + " just written is not there"};
  return written;
}

Issues in_words_of_the_model(Issues issues) {
  for (Issue& issue : issues) {
    std::string& path = issue.path;
    // Behind the last point; before it an id may hold anything.
    auto at = path.rfind('.');
    while (at != std::string::npos && (at = path.find('_', at)) != std::string::npos && at + 1 < path.size()) {
      path.erase(at, 1);
      if (path[at] >= 'a' && path[at] <= 'z') path[at] = static_cast<char>(path[at] - 'a' + 'A');
    }
  }
  return issues;
}

Result<void> known_patient(const LoadedRecord& before) {
  if (!before.record.patient) return Error{Kind::NotFound, "no such patient"};
  if (!before.record.patient->replaced_by.empty()) {
    return Error{Kind::Conflict,
                 "this record was merged at its source; the patient is now " + before.record.patient->replaced_by};
  }
  return {};
}

}  // namespace bhi::flow
