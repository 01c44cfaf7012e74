#include "care/crisis.h"

#include "care/safety.h"
#include "care/team.h"
#include "care/times.h"

#include <algorithm>

namespace bhi::care {

namespace {

constexpr std::string_view kFollowUp = "follow-up";
constexpr std::string_view kNoProtocol = "no-protocol";

const CrisisStep* step_for(std::span<const CrisisStep> steps, std::string_view event, std::string_view action) {
  const CrisisStep* found = nullptr;
  for (const CrisisStep& step : steps) {
    if (step.event != event || step.action != action) continue;
    if (step.outcome == "done") return &step;
    found = &step;
  }
  return found;
}

// Whoever has acknowledged an `answered` or closed event still owes the actions; only these need none at all.
bool asks_for_actions(const SafetyEvent& event) { return event.level == "positive" || pages(event); }

class Tasks {
 public:
  Tasks(const SafetyEvent& event, std::span<const CrisisStep> steps, Instant now)
      : event_(event), steps_(steps), now_(now), raised_(instant_from(event.raised).value_or(now)) {}

  void add(CrisisTask task, std::chrono::minutes within) {
    const Instant due = raised_ + within;
    task.event = event_.id;
    task.due = to_text(due);
    const CrisisStep* step = step_for(steps_, event_.id, task.action);
    task.state = step != nullptr ? step->outcome : due < now_ ? "overdue" : "due";
    if (step != nullptr) task.step = step->id;
    tasks_.push_back(std::move(task));
  }

  std::vector<CrisisTask> done() && {
    std::ranges::stable_sort(tasks_, {}, &CrisisTask::due);
    return std::move(tasks_);
  }

 private:
  const SafetyEvent& event_;
  std::span<const CrisisStep> steps_;
  Instant now_;
  Instant raised_;
  std::vector<CrisisTask> tasks_;
};

}  // namespace

const CrisisProtocol* protocol_at(std::span<const CrisisProtocol> protocols, std::string_view raised) {
  const auto moment = instant_from(raised);
  const CrisisProtocol* found = nullptr;
  for (const CrisisProtocol& protocol : protocols) {
    const auto from = instant_from(protocol.in_force);
    if (!moment || !from || *from > *moment) continue;
    if (found == nullptr || !earlier(protocol.in_force, found->in_force)) found = &protocol;
  }
  return found;
}

const CrisisTier* tier_for(const CrisisProtocol& protocol, const SafetyEvent& event) {
  for (const CrisisTier& tier : protocol.tiers) {
    for (const std::string& trigger : tier.triggers) {
      if (trigger == event.rule || trigger == event.rule + "=" + event.level) return &tier;
    }
  }
  return nullptr;
}

std::vector<CrisisTask> crisis_tasks(std::span<const CrisisProtocol> protocols, const SafetyEvent& event,
                                     std::span<const CrisisStep> steps, std::string_view fallback_role, Instant now) {
  if (!asks_for_actions(event)) return {};
  Tasks tasks(event, steps, now);
  const CrisisProtocol* protocol = protocol_at(protocols, event.raised);
  const CrisisTier* tier = protocol == nullptr ? nullptr : tier_for(*protocol, event);
  if (tier == nullptr) {
    CrisisTask task;
    task.action = kNoProtocol;
    task.text = "no crisis protocol covers this event: a clinician decides now";
    task.role = fallback_role;
    tasks.add(std::move(task), std::chrono::minutes{0});
    return std::move(tasks).done();
  }
  const auto task_of = [&](std::string_view action, std::string text) {
    CrisisTask task;
    task.protocol = protocol->id;
    task.protocol_version = protocol->version;
    task.tier = tier->id;
    task.action = action;
    task.text = std::move(text);
    return task;
  };
  for (const CrisisAction& action : tier->actions) {
    CrisisTask task = task_of(action.id, action.text);
    task.role = action.role;
    task.backup_role = action.backup_role;
    task.backup_member = action.backup_member;
    tasks.add(std::move(task), std::chrono::minutes{action.within_minutes});
  }
  if (tier->follow_up_hours > 0) {
    CrisisTask task = task_of(kFollowUp, "follow up with the patient and document it");
    task.role = fallback_role;
    tasks.add(std::move(task), std::chrono::hours{tier->follow_up_hours});
  }
  return std::move(tasks).done();
}

Issues check(const CrisisProtocol& protocol, std::span<const CommunityPartner> partners) {
  Issues issues;
  const auto say = [&](Severity severity, const std::string& path, std::string text) {
    issues.push_back({severity, "value", "CrisisProtocol/" + protocol.id + path, std::move(text)});
  };
  if (!instant_from(protocol.in_force)) say(Severity::Error, ".in_force", "expected a date or a time");
  for (const CrisisTier& tier : protocol.tiers) {
    const std::string path = ".tiers." + tier.id;
    if (tier.triggers.empty()) say(Severity::Error, path + ".triggers", "expected at least one");
    if (tier.actions.empty()) say(Severity::Error, path + ".actions", "expected at least one");
    for (const CrisisAction& action : tier.actions) {
      const std::string at = path + ".actions." + action.id;
      if (action.within_minutes <= 0) say(Severity::Error, at + ".within_minutes", "expected more than 0");
      if (!is_role(action.role))
        say(Severity::Error, at + ".role", "expected a role of the vocabulary, found another word");
      if (!is_role(action.backup_role))
        say(Severity::Error, at + ".backup_role", "expected a role of the vocabulary, found another word");
      if (action.role == action.backup_role && action.backup_member.empty())
        say(Severity::Warning, at + ".backup_role", "the backup is the same role: name a person");
    }
    for (const std::string& partner : tier.partners) {
      if (std::ranges::find(partners, partner, &CommunityPartner::id) == partners.end())
        say(Severity::Error, path + ".partners", "expected a partner of the referral list");
    }
  }
  return issues;
}

}  // namespace bhi::care
