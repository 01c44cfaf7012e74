// What follows from the rows of a caseload alone: reminders and statistics.
#include "care/caseload.h"
#include "care/caseload_scores.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace bhi::care {

namespace {

// Flags that remind somebody now.
struct FlagReminder {
  std::string_view flag;
  std::string_view kind;
  std::string_view role;
};

constexpr auto kReminders = std::to_array<FlagReminder>({
    {"safety", "safety", "care-manager"},
    {"no-contact-60", "contact", "care-manager"},
    {"no-contact-30", "contact", "care-manager"},
    {"contact-due", "contact", "care-manager"},
    {"score-old", "score", "care-manager"},
    {"never-reviewed", "review", "psychiatric-consultant"},
    {"review-old", "review", "psychiatric-consultant"},
    {"consent-missing", "consent", "care-manager"},
    {"lab-overdue", "lab", "pcp"},
    {"refill-gap", "refill", "pcp"},
});

bool has_flag(const CaseloadRow& row, std::string_view flag) {
  return std::ranges::find(row.flags, flag) != row.flags.end();
}

}  // namespace

std::vector<Reminder> reminders(std::span<const CaseloadRow> rows, std::string_view until) {
  std::vector<Reminder> out;
  for (const CaseloadRow& row : rows) {
    const auto first = std::ranges::ssize(out);
    const auto remind = [&](std::string_view kind, std::string_view role, std::string due) {
      const bool known = std::find_if(out.begin() + first, out.end(),
                                      [&](const Reminder& held) { return held.kind == kind; }) != out.end();
      if (!known) out.push_back({row.patient, std::string(kind), std::string(role), std::move(due)});
    };
    for (const FlagReminder& one : kReminders) {
      if (has_flag(row, one.flag)) remind(one.kind, one.role, "");
    }
    if (!row.next_contact.empty() && row.next_contact <= until) remind("contact", "care-manager", row.next_contact);
    if (!row.answer_due.empty() && row.answer_due <= until) remind("answer", "pcp", row.answer_due);
  }
  std::ranges::sort(out, {}, [](const Reminder& one) {
    return std::tuple(std::string_view(one.due), std::string_view(one.patient), std::string_view(one.kind));
  });
  return out;
}

CaseloadStatistics statistics(std::span<const CaseloadRow> rows, std::string_view since) {
  CaseloadStatistics sums;
  const auto is_since = [since](std::string_view text) { return !text.empty() && !earlier(text, since); };
  for (const CaseloadRow& row : rows) {
    ++sums.size;
    sums.active += row.state == "active" || row.state == "enrolled" ? 1 : 0;
    sums.on_hold += row.state == "on-hold" ? 1 : 0;
    sums.relapse_prevention += row.state == "relapse-prevention" ? 1 : 0;
    sums.with_baseline += std::ranges::any_of(row.scores, counts_for_improvement) ? 1 : 0;
    sums.improved += row.improved ? 1 : 0;
    sums.contacted += is_since(row.last_contact) ? 1 : 0;
    sums.reviewed += is_since(row.last_review) ? 1 : 0;
    sums.safety_open += has_flag(row, "safety") ? 1 : 0;
    sums.answers_overdue += row.answers == "overdue" ? 1 : 0;
    sums.minutes_this_month += row.minutes_this_month;
  }
  return sums;
}

}  // namespace bhi::care
