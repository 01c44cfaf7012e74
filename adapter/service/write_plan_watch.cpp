#include "service/write_plan_watch.h"

#include "fhir/json.h"
#include "flow/fate.h"
#include "service/json_text.h"
#include "service/log.h"

#include <algorithm>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::string_view kCursor = "write-plan";
constexpr std::size_t kMostChanges = 50;
constexpr std::size_t kPage = 500;
constexpr std::string_view kNone = "none";

std::string key_of(const flow::PlannedCase& one) { return one.artifact + " " + std::string(flow::name(one.occasion)); }

std::string shown(const PlanChange& change) {
  return JsonObject()
      .text("at", to_text(change.at))
      .text("artifact", change.artifact)
      .text("occasion", change.occasion)
      .text("before", change.before)
      .text("after", change.after)
      .text_if("why", change.why)
      .str();
}

std::string shown(const std::vector<PlanChange>& changes) {
  std::vector<std::string> rows;
  for (const auto& change : changes) rows.push_back(shown(change));
  return json_array(rows);
}

// Why the rung of this name is not taken, as far as there is a reason but the order.
std::string why_not(const flow::WritePlan& plan, std::string_view rung) {
  for (const auto& judged : plan.ladder) {
    if (judged.rung->name == rung && !judged.fits) return judged.why;
  }
  return {};
}

std::string first_way(std::string_view taken) { return std::string(taken.substr(0, taken.find(' '))); }

}  // namespace

std::string to_json(const KeptPlan& plan) {
  JsonObject ways;
  for (const auto& [key, way] : plan.ways) ways.text(key, way);
  return JsonObject()
      .text("since", to_text(plan.since))
      .raw("ways", ways.str())
      .raw("changes", shown(plan.changes))
      .str();
}

Result<KeptPlan> kept_plan_from(std::string_view json) {
  BHI_TRY(const auto read, fhir::read_json(std::string(json)));
  const auto& root = read->root();
  const auto since = instant_from(root.text_of("since"));
  const auto* ways = root.find("ways");
  if (!since || ways == nullptr) return Error{Kind::Incorrect, "write plan: expected `since` and `ways`"};
  KeptPlan plan;
  plan.since = *since;
  for (const auto& way : ways->members()) plan.ways[std::string(way.name->text)] = way.value.text();
  for (const auto& row : fhir::each(root.find("changes"))) {
    PlanChange change;
    change.at = instant_from(row.text_of("at")).value_or(Instant{});
    change.artifact = row.text_of("artifact");
    change.occasion = row.text_of("occasion");
    change.before = row.text_of("before");
    change.after = row.text_of("after");
    change.why = row.text_of("why");
    plan.changes.push_back(std::move(change));
  }
  return plan;
}

Ways ways_of(std::span<const flow::PlannedCase> cases) {
  Ways ways;
  for (const auto& one : cases) ways[key_of(one)] = flow::rungs_taken(one.plan);
  return ways;
}

std::vector<PlanChange> changes_between(const Ways& before, std::span<const flow::PlannedCase> after, Instant now) {
  std::vector<PlanChange> changes;
  const auto split = [](const std::string& key) {
    const auto blank = key.find(' ');
    return std::pair(key.substr(0, blank), key.substr(blank + 1));
  };
  for (const auto& one : after) {
    const auto was = before.find(key_of(one));
    const std::string old(was == before.end() ? kNone : std::string_view(was->second));
    const std::string taken = flow::rungs_taken(one.plan);
    if (old == taken) continue;
    changes.push_back(
        {now, one.artifact, std::string(flow::name(one.occasion)), old, taken, why_not(one.plan, first_way(old))});
  }
  const Ways now_taken = ways_of(after);
  for (const auto& [key, way] : before) {
    if (now_taken.contains(key) || way == kNone) continue;
    const auto [artifact, occasion] = split(key);
    changes.push_back({now, artifact, occasion, way, std::string(kNone), {}});
  }
  return changes;
}

Result<void> WritePlanWatch::look(Learn learn_it) {
  const auto now = common_.now();
  const auto capabilities = link_.capabilities(now);
  const std::lock_guard lock(mutex_);
  if (!capabilities.ok()) {
    problem_ = capabilities.error().message;
    return {};
  }
  problem_.clear();
  looked_ = now;
  const auto cases = flow::planned_cases(**capabilities, wishes_of(link_.settings().writing));
  auto plan = flow::plans_json(cases);
  if (learn_it == Learn::No) {
    kept_.reset();  // another replica may change it
    learned_ = false;
  }
  if (plan == known_ && (learned_ || learn_it == Learn::No)) return {};
  if (learn_it == Learn::Yes) {
    BHI_CHECK(learn(cases, now));
    learned_ = true;
  }
  known_ = std::move(plan);
  report(cases);
  return {};
}

Result<void> WritePlanWatch::learn(const std::vector<flow::PlannedCase>& cases, Instant now) {
  const auto& destination = link_.settings().name;
  if (!kept_) {
    BHI_TRY(const auto text, common_.store.cursor(destination, kCursor));
    if (text) {
      auto kept = kept_plan_from(*text);
      if (kept.ok()) kept_ = *std::move(kept);
    }
  }
  KeptPlan next{now, ways_of(cases), {}};
  flow::Accepted batch;
  if (!kept_) {
    batch.audit.push_back({"plan", destination, "write-plan", "ok", now});
  } else {
    const auto changes = changes_between(kept_->ways, cases, now);
    if (changes.empty()) return {};  // only the reasons are others
    next.changes = changes;
    for (const auto& older : kept_->changes) {
      if (next.changes.size() < kMostChanges) next.changes.push_back(older);
    }
    for (const auto& change : changes) {
      batch.audit.push_back({"plan-changed", destination, change.artifact + " " + change.occasion,
                             change.before + " -> " + change.after + (change.why.empty() ? "" : ": " + change.why),
                             now});
      log_event(LogLevel::Warn, "write plan changed",
                JsonObject()
                    .text("destination", destination)
                    .text("artifact", change.artifact)
                    .text("occasion", change.occasion)
                    .text("before", change.before)
                    .text("after", change.after)
                    .text_if("why", change.why));
      common_.metrics.count(Metric::PlanChanges, 1, {destination, change.artifact});
      // Before the plan is kept: killed in between, it is done again.
      if (change.after == kNone) continue;
      BHI_TRY(const auto released, release(change.artifact, first_way(change.after), now));
      if (released > 0) {
        log_event(LogLevel::Info, "parked items are taken up again: there is another way",
                  JsonObject()
                      .text("destination", destination)
                      .text("artifact", change.artifact)
                      .number("items", static_cast<std::int64_t>(released)));
      }
    }
  }
  batch.cursor = flow::Cursor{destination, std::string(kCursor), to_json(next)};
  BHI_TRY([[maybe_unused]] const auto kept, common_.store.accept(batch));
  kept_ = std::move(next);
  return {};
}

// What was parked by policy on another rung than this.
Result<std::size_t> WritePlanWatch::release(const std::string& artifact, const std::string& rung, Instant now) {
  const auto& destination = link_.settings().name;
  std::size_t released = 0;
  std::int64_t before = 0;
  for (;;) {
    BHI_TRY(const auto page, common_.store.outbox_in({flow::OutboxState::Parked}, before, kPage));
    for (const auto& item : page) {
      before = item.seq;
      if (item.destination != destination || item.artifact != artifact) continue;
      if (item.trouble != flow::kPolicy || item.rung == rung) continue;
      flow::Settled settled;
      settled.item = item;
      settled.item.state = flow::OutboxState::Planned;
      settled.item.trouble.clear();
      settled.item.reason = "taken up again: " + rung + " is possible now";
      settled.audit.push_back({"release", destination, artifact + "/" + item.care_id, "write plan changed", now});
      const auto done = common_.store.settle(settled);
      if (!done.ok() && done.error().kind == Kind::Conflict) continue;  // somebody else was faster
      BHI_CHECK(done);
      ++released;
    }
    if (page.size() < kPage) return released;
  }
}

void WritePlanWatch::report(const std::vector<flow::PlannedCase>& cases) {
  for (const auto& one : cases) {
    if (one.occasion != flow::Occasion::New) continue;
    common_.metrics.set(Metric::NoWay, one.plan.chosen ? 0 : 1, {link_.settings().name, one.artifact});
  }
}

std::string WritePlanWatch::status() const {
  const std::lock_guard lock(mutex_);
  JsonObject row;
  row.text("destination", link_.settings().name).text("mode", link_.settings().dry_run ? "dry-run" : "write");
  if (looked_) row.text("looked", to_text(*looked_));
  if (kept_) row.text("since", to_text(kept_->since));
  row.raw("plans", known_.empty() ? "[]" : known_)
      .raw("changes", shown(kept_ ? kept_->changes : std::vector<PlanChange>()));
  return row.text_if("problem", problem_).str();
}

}  // namespace bhi::service
