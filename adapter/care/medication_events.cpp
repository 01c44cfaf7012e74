#include "care/medication_events.h"

#include "care/dose.h"
#include "care/text.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace bhi::care {

namespace {

using namespace std::chrono;

constexpr int kSwitchWindowDays = 14;  // one ends, another of its kind begins
constexpr int kRestartAfterDays = 30;  // a gap shorter than this is a renewal

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// Medicines that replace each other are of one kind.
std::string_view kind_of_class(std::string_view drug_class) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kKinds{
      {{"SSRI", "antidepressant"},
       {"SNRI", "antidepressant"},
       {"TCA", "antidepressant"},
       {"MAOI", "antidepressant"},
       {"atypical-antidepressant", "antidepressant"},
       {"SGA", "antipsychotic"},
       {"FGA", "antipsychotic"},
       {"stimulant", "adhd"},
       {"non-stimulant-adhd", "adhd"},
       {"hypnotic-benzodiazepine", "hypnotic"}}};
  const auto found = std::ranges::find(kKinds, drug_class, &std::pair<std::string_view, std::string_view>::first);
  return found == kKinds.end() ? drug_class : found->second;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text;
}

std::string dose_text(const std::optional<Daily>& daily) {
  if (!daily) return {};
  std::string text = number_text(daily->least);
  if (daily->most != daily->least) text += "-" + number_text(daily->most);
  return text + " " + daily->unit;
}

// Positive: more. Empty: the same, or not to be compared.
std::optional<int> compare_doses(const std::optional<Daily>& before, const std::optional<Daily>& after) {
  if (!before || !after || before->unit != after->unit) return std::nullopt;
  const double change = (after->least + after->most) - (before->least + before->most);
  if (std::abs(change) < 1e-6) return std::nullopt;
  return change > 0 ? 1 : -1;
}

MedicationEvent event_of(std::string_view kind, const MedicationTherapy& therapy, std::string on) {
  MedicationEvent event;
  event.kind = kind;
  event.on = std::move(on);
  event.ingredient = joined(therapy.ingredients);
  event.drug_class = therapy.drug_class;
  event.therapies = {therapy.id};
  return event;
}

MedicationEvent dose_event(const MedicationTherapy& before, const MedicationTherapy& after, int direction,
                           std::string on) {
  MedicationEvent event = event_of(direction > 0 ? "dose-increase" : "dose-decrease", after, std::move(on));
  event.from = dose_text(daily_of(before));
  event.to = dose_text(daily_of(after));
  if (before.id != after.id) event.therapies.insert(event.therapies.begin(), before.id);
  event.reason = "daily dose " + event.from + " before, " + event.to + " after";
  return event;
}

std::optional<int> days_between(std::string_view from, std::string_view to) {
  const auto a = date_from(from);
  const auto b = date_from(to);
  if (!a || !b) return std::nullopt;
  return static_cast<int>((sys_days{*b} - sys_days{*a}).count());
}

// A course: the orders of one medicine that follow each other.
struct Course {
  std::string ingredient;
  std::string_view kind;
  std::vector<const MedicationTherapy*> orders;  // by date

  const MedicationTherapy& first() const { return *orders.front(); }
  const MedicationTherapy& last() const { return *orders.back(); }
  std::string begin() const { return first().authored; }
  // When nothing of it is taken any more; empty while it goes on.
  std::string end() const {
    return std::ranges::any_of(orders, [](const auto* order) { return !has_ended(*order); }) ? "" : end_of(last());
  }
};

std::vector<Course> courses_of(std::span<const MedicationTherapy> therapies) {
  std::map<std::string, Course> by_ingredient;
  for (const MedicationTherapy& therapy : therapies) {
    if (!is_psychotropic(therapy) || !is_taken(therapy)) continue;
    Course& course = by_ingredient[joined(therapy.ingredients)];
    course.ingredient = joined(therapy.ingredients);
    course.kind = kind_of_class(therapy.drug_class);
    course.orders.push_back(&therapy);
  }
  std::vector<Course> courses;
  for (auto& [name, course] : by_ingredient) {
    std::ranges::sort(course.orders, [](const auto* a, const auto* b) {
      if (earlier(a->authored, b->authored)) return true;
      return !earlier(b->authored, a->authored) && a->id < b->id;
    });
    courses.push_back(std::move(course));
  }
  return courses;
}

bool is_running_at(const Course& course, std::string_view when) {
  const std::string end = course.end();
  return !earlier(when, course.begin()) && course.begin() != when && (end.empty() || earlier(when, end));
}

// The other course that this one takes the place of: named by the order, or ended within days of its start.
const Course* replaced_by(const Course& course, std::span<const Course> all) {
  for (const Course& other : all) {
    if (&other == &course) continue;
    const bool named = std::ranges::any_of(other.orders, [&](const auto* o) { return o->id == course.first().prior; });
    if (named && !course.first().prior.empty()) return &other;
  }
  for (const Course& other : all) {
    if (&other == &course || other.kind != course.kind || !earlier(other.begin(), course.begin())) continue;
    const auto gap = days_between(other.end(), course.begin());
    if (gap && std::abs(*gap) <= kSwitchWindowDays) return &other;
  }
  return nullptr;
}

void add_start(const Course& course, std::span<const Course> all, std::vector<MedicationEvent>& events) {
  MedicationEvent event = event_of("start", course.first(), course.begin());
  event.to = dose_text(daily_of(course.first()));
  event.reason = "first order of it";
  if (const Course* replaced = replaced_by(course, all)) {
    event.kind = "switch";
    event.from = replaced->ingredient;
    event.therapies.insert(event.therapies.begin(), replaced->last().id);
    event.reason = "in place of " + replaced->ingredient;
  } else {
    for (const Course& other : all) {
      const bool joins = other.kind == course.kind ||
                         (other.kind == "antidepressant" &&
                          is_one_of(course.kind, {"antipsychotic", "mood-stabilizer", "anxiolytic-other"}));
      if (&other == &course || !joins || !is_running_at(other, course.begin())) continue;
      event.kind = "augment";
      event.from += (event.from.empty() ? "" : "+") + other.ingredient;
      event.reason = "added while " + event.from + " goes on";
    }
  }
  events.push_back(std::move(event));
}

}  // namespace

bool is_psychotropic(const MedicationTherapy& therapy) { return !therapy.ingredients.empty(); }

bool has_ended(const MedicationTherapy& therapy) { return is_one_of(therapy.status, {"stopped", "completed"}); }

bool is_taken(const MedicationTherapy& therapy) {
  return !therapy.do_not_perform && !is_one_of(therapy.intent, {"proposal", "plan", "option"}) &&
         is_one_of(therapy.status, {"active", "on-hold", "stopped", "completed"});
}

bool is_current(const MedicationTherapy& therapy) { return is_taken(therapy) && therapy.status == "active"; }

std::string end_of(const MedicationTherapy& therapy) { return has_ended(therapy) ? therapy.source.updated : ""; }

std::vector<MedicationEvent> medication_events(std::span<const MedicationTherapy> therapies) {
  const std::vector<Course> courses = courses_of(therapies);
  std::vector<MedicationEvent> events;
  for (const Course& course : courses) {
    add_start(course, courses, events);
    for (std::size_t i = 1; i < course.orders.size(); ++i) {
      const MedicationTherapy& before = *course.orders[i - 1];
      const MedicationTherapy& after = *course.orders[i];
      const auto gap = days_between(end_of(before), after.authored);
      if (gap && *gap > kRestartAfterDays) {
        MedicationEvent event = event_of("restart", after, after.authored);
        event.to = dose_text(daily_of(after));
        event.therapies.insert(event.therapies.begin(), before.id);
        event.reason = "ordered again " + std::to_string(*gap) + " days after it ended";
        events.push_back(std::move(event));
      } else if (const auto direction = compare_doses(daily_of(before), daily_of(after))) {
        events.push_back(dose_event(before, after, *direction, after.authored));
      }
    }
    if (course.last().status == "on-hold") {
      MedicationEvent event = event_of("hold", course.last(), course.last().source.updated);
      event.approximate = true;
      event.reason = "the order is on hold";
      events.push_back(std::move(event));
    }
    const std::string end = course.end();
    const bool replaced =
        std::ranges::any_of(courses, [&](const Course& other) { return replaced_by(other, courses) == &course; });
    if (!end.empty() && !replaced) {
      MedicationEvent event = event_of("stop", course.last(), end);
      event.approximate = true;
      event.from = dose_text(daily_of(course.last()));
      event.reason = "its last order is " + course.last().status;
      events.push_back(std::move(event));
    }
  }
  std::ranges::stable_sort(events, [](const MedicationEvent& a, const MedicationEvent& b) {
    if (earlier(a.on, b.on)) return true;
    return !earlier(b.on, a.on) && std::pair(a.ingredient, a.kind) < std::pair(b.ingredient, b.kind);
  });
  return events;
}

std::vector<MedicationEvent> events_between(const MedicationTherapy& before, const MedicationTherapy& after) {
  std::vector<MedicationEvent> events;
  if (!is_psychotropic(after) || before.ingredients != after.ingredients) {
    if (is_psychotropic(before) && is_psychotropic(after) && is_taken(before) && is_taken(after)) {
      MedicationEvent event = event_of("switch", after, after.source.updated);
      event.from = joined(before.ingredients);
      event.reason = "the order now names " + joined(after.ingredients);
      events.push_back(std::move(event));
    }
    return events;
  }
  const auto add = [&](std::string_view kind, std::string reason) {
    MedicationEvent event = event_of(kind, after, after.source.updated);
    event.reason = std::move(reason);
    events.push_back(std::move(event));
  };
  const bool was = is_current(before);
  const bool is = is_current(after);
  const std::string change = "status " + before.status + " before, " + after.status + " after";
  if (was && after.status == "on-hold") {
    add("hold", change);
  } else if ((was || before.status == "on-hold") && (has_ended(after) || after.status == "cancelled")) {
    add("stop", change);
  } else if (!was && is) {
    add(before.status == "on-hold" || has_ended(before) ? "restart" : "start", change);
  }
  if (was && is) {
    if (const auto direction = compare_doses(daily_of(before), daily_of(after))) {
      events.push_back(dose_event(before, after, *direction, after.source.updated));
    }
  }
  return events;
}

}  // namespace bhi::care
