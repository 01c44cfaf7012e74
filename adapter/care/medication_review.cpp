#include "care/medication_review.h"

#include "care/dose.h"
#include "care/medication_events.h"
#include "care/medication_rules.h"
#include "care/medication_table.h"
#include "care/text.h"
#include "care/times.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace bhi::care {

namespace {

using namespace std::chrono;

constexpr int kSupplyGraceDays = 7;

const Ingredient* find_ingredient(std::string_view name) {
  const auto found = std::ranges::lower_bound(ingredients(), name, {}, &Ingredient::name);
  return found == ingredients().end() || found->name != name ? nullptr : &*found;
}

bool is_one_of(std::span<const std::string_view> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

bool has_word(std::string_view text, std::string_view word) {
  const auto in_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !in_word(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !in_word(text[at + word.size()]);
    if (begins && ends) return true;
  }
  return false;
}

bool is_member(const MedicationTherapy& therapy, const Group& group) {
  for (const std::string& name : therapy.ingredients) {
    if (is_one_of(group.ingredients, name)) return true;
    const Ingredient* ingredient = find_ingredient(name);
    if (ingredient != nullptr && is_one_of(group.classes, ingredient->drug_class)) return true;
  }
  std::string words = lower(therapy.text);
  for (const Code& code : therapy.codes) words += " | " + lower(code.display);
  return std::ranges::any_of(group.words, [&](std::string_view word) { return has_word(words, word); });
}

// Taken now, or ended less than so many days ago.
bool counts(const MedicationTherapy& therapy, int washout_days, Instant now) {
  if (is_current(therapy)) return true;
  if (washout_days == 0 || !is_taken(therapy) || !has_ended(therapy)) return false;
  const auto days = days_since(end_of(therapy), now);
  // After fluoxetine the way out is longer: it stays for weeks.
  const bool fluoxetine = std::ranges::find(therapy.ingredients, "fluoxetine") != therapy.ingredients.end();
  return days && *days < (fluoxetine ? 35 : washout_days);
}

std::string name_of(const MedicationTherapy& therapy) {
  std::string name;
  for (const std::string& one : therapy.ingredients) name += (name.empty() ? "" : "+") + one;
  return name.empty() ? "another medicine" : name;
}

std::string date_after(std::string_view from, int days_later) {
  const auto date = date_from(from);
  return date ? to_text(year_month_day{sys_days{*date} + days{days_later}}) : std::string();
}

bool is_past(std::string_view date, Instant now) {
  const auto moment = latest_moment(date);
  return moment && *moment < now;
}

// ---- interactions, doses --------------------------------------------------------------------------------------------

void add_pairs(const ReviewInput& input, Instant now, std::vector<MedicationNote>& notes) {
  for (const PairRule& rule : pair_rules()) {
    const Group& one = *find_group(rule.one);
    const Group& other = *find_group(rule.other);
    std::set<std::pair<std::string, std::string>> said;
    for (const MedicationTherapy& a : input.therapies) {
      if (!is_member(a, one) || !counts(a, rule.washout_days, now)) continue;
      for (const MedicationTherapy& b : input.therapies) {
        if (&a == &b || !is_member(b, other) || !counts(b, rule.washout_days, now)) continue;
        if (!is_current(a) && !is_current(b)) continue;
        // Two orders of the same medicine are no pair.
        if (!a.ingredients.empty() && a.ingredients == b.ingredients) continue;
        auto ids = std::minmax(a.id, b.id);
        if (!said.emplace(ids.first, ids.second).second) continue;
        MedicationNote note;
        note.kind = "interaction";
        note.rule = rule.id;
        note.severity = rule.severity;
        note.therapies = {ids.first, ids.second};
        const bool washout = !is_current(a) || !is_current(b);
        note.text = name_of(a) + " with " + name_of(b) + (washout ? " (one ended within the washout time)" : "") +
                    ": " + std::string(rule.why);
        note.confirmed = rule.confirmed;
        notes.push_back(std::move(note));
      }
    }
  }
}

void add_doses(const ReviewInput& input, std::vector<MedicationNote>& notes) {
  for (const MedicationTherapy& therapy : input.therapies) {
    if (!is_current(therapy) || therapy.ingredients.size() != 1) continue;
    const auto daily = daily_of(therapy);
    const Ingredient* ingredient = find_ingredient(therapy.ingredients.front());
    if (!daily || ingredient == nullptr) continue;
    MedicationNote note;
    note.therapies = {therapy.id};
    note.severity = "information";
    if (daily->contradicts) {
      note.kind = "dose-unclear";
      note.rule = "structure-and-text";
      note.confirmed = true;
      note.text = name_of(therapy) + ": the order's structure and its text state different doses";
      notes.push_back(note);
    }
    if (ingredient->max_confirmed && daily->unit == "mg" && daily->most > ingredient->max_daily_mg + 1e-6) {
      note.kind = "dose-above-usual";
      note.rule = "usual-upper-dose";
      note.confirmed = true;
      note.text = name_of(therapy) + ": " + number_text(daily->most) + " mg a day, usual upper end " +
                  number_text(ingredient->max_daily_mg) + " mg";
      notes.push_back(std::move(note));
    }
  }
}

// ---- what is due ----------------------------------------------------------------------------------------------------

struct Use {
  std::string ingredient;
  std::string since;             // first order of the course that still runs
  std::vector<std::string> ids;  // its orders
  std::string changed;           // newest dose change
};

// The medicines taken now, each with the start of what runs: a gap of 30 days begins it anew.
std::vector<Use> uses_of(std::span<const MedicationTherapy> therapies) {
  std::vector<Use> uses;
  const auto events = medication_events(therapies);
  std::set<std::string> current;
  for (const MedicationTherapy& therapy : therapies) {
    if (!is_current(therapy) || !is_psychotropic(therapy)) continue;
    current.insert(name_of(therapy));
  }
  for (const std::string& name : current) {
    Use use;
    use.ingredient = name;
    for (const MedicationEvent& event : events) {
      if (event.ingredient != name) continue;
      const bool begins =
          event.kind == "start" || event.kind == "switch" || event.kind == "augment" || event.kind == "restart";
      if (begins) {
        use.since = event.on;
        use.changed.clear();
      }
      if (event.kind.starts_with("dose-")) use.changed = event.on;
    }
    for (const MedicationTherapy& therapy : therapies) {
      if (is_taken(therapy) && name_of(therapy) == name && !earlier(therapy.authored, use.since)) {
        use.ids.push_back(therapy.id);
      }
    }
    std::ranges::sort(use.ids);
    uses.push_back(std::move(use));
  }
  return uses;
}

bool watches(std::string_view ingredients_joined, std::string_view rule) {
  std::size_t at = 0;
  while (at <= ingredients_joined.size()) {
    const std::size_t end = std::min(ingredients_joined.find('+', at), ingredients_joined.size());
    const Ingredient* ingredient = find_ingredient(ingredients_joined.substr(at, end - at));
    if (ingredient != nullptr) {
      const std::string listed = "," + std::string(ingredient->watch);
      if (listed.find("," + std::string(rule) + ",") != std::string::npos) return true;
    }
    at = end + 1;
  }
  return false;
}

bool applies(const WatchRule& rule, const Use& use, const ReviewInput& input, Instant now) {
  if (!watches(use.ingredient, rule.id)) return false;
  // An ECG is asked of everybody for these only; of the others with a cardiac risk, which we do not know.
  if (rule.id == "qtc-if-flagged") return is_one_of(find_group("qt")->ingredients, use.ingredient);
  if (rule.id != "suicidality-under-25") return true;
  const auto born = date_from(input.birth_date);
  if (!born) return false;
  return floor<days>(now) <
         sys_days{year_month_day{(born->year() + years{25}) / born->month() / std::min(born->day(), day{28})}};
}

// The date on which it next falls due, and empty when nothing is due any more.
std::string next_due(const WatchRule& rule, const Use& use, const std::vector<std::string>& done) {
  // A baseline may be up to 90 days old.
  const auto is_done_for = [&](int offset, int next_offset) {
    const std::string from = date_after(use.since, offset == 0 ? -90 : offset - 14);
    const std::string until = date_after(use.since, next_offset);
    return std::ranges::any_of(
        done, [&](const std::string& on) { return !earlier(on, from) && (next_offset < 0 || earlier(on, until)); });
  };
  for (std::size_t i = 0; i < rule.due_days.size(); ++i) {
    const int next = i + 1 < rule.due_days.size() ? rule.due_days[i + 1] - 14 : -1;
    if (!is_done_for(rule.due_days[i], next)) return date_after(use.since, rule.due_days[i]);
  }
  const std::string newest = done.empty() ? std::string() : done.back();
  if (rule.after_change_days > 0 && !use.changed.empty() && !newest.empty() && earlier(newest, use.changed)) {
    return date_after(use.changed, rule.after_change_days);
  }
  if (rule.repeat_days > 0 && !newest.empty()) return date_after(newest, rule.repeat_days);
  return {};
}

void add_monitoring(const ReviewInput& input, const std::vector<Use>& uses, Instant now,
                    std::vector<MedicationNote>& notes) {
  for (const WatchRule& rule : watch_rules()) {
    std::vector<std::string> done;
    for (const DoneTest& test : input.tests) {
      if (is_one_of(rule.loinc, test.loinc)) done.push_back(test.on);
    }
    std::ranges::sort(done, [](const std::string& a, const std::string& b) { return earlier(a, b); });
    for (const Use& use : uses) {
      if (!applies(rule, use, input, now)) continue;
      const std::string due = next_due(rule, use, done);
      if (due.empty()) continue;
      MedicationNote note;
      note.kind = "monitoring-due";
      note.rule = rule.id;
      note.severity = "information";
      note.therapies = use.ids;
      note.due = due;
      note.overdue = is_past(due, now);
      note.text = std::string(rule.name) + " for " + use.ingredient;
      note.confirmed = rule.confirmed;
      notes.push_back(std::move(note));
    }
  }
}

void add_long_use(const ReviewInput& input, const std::vector<Use>& uses, Instant now,
                  std::vector<MedicationNote>& notes) {
  for (const Use& use : uses) {
    const auto days_taken = days_since(use.since, now);
    if (!days_taken) continue;
    for (const LongUseRule& rule : long_use_rules()) {
      const Group* group = find_group(rule.group);
      const bool is_its = group == nullptr || std::ranges::any_of(input.therapies, [&](const MedicationTherapy& t) {
                            return name_of(t) == use.ingredient && is_member(t, *group);
                          });
      if (!is_its || *days_taken < rule.after_days) continue;
      MedicationNote note;
      note.kind = "long-use";
      note.rule = rule.id;
      note.severity = "information";
      note.therapies = use.ids;
      note.due =
          date_after(use.since, rule.after_days + (*days_taken - rule.after_days) / rule.again_days * rule.again_days);
      note.overdue = true;
      note.text = use.ingredient + " for " + std::to_string(*days_taken) + " days: still needed?";
      note.confirmed = rule.confirmed;
      notes.push_back(std::move(note));
      break;  // the shortest rule speaks
    }
  }
}

std::optional<int> supplied_days(const MedicationTherapy& therapy) {
  if (!therapy.supply_days || *therapy.supply_days <= 0) return std::nullopt;
  return static_cast<int>(std::lround(*therapy.supply_days * (1 + std::max(0, therapy.refills.value_or(0)))));
}

void add_supply(const ReviewInput& input, const std::vector<Use>& uses, Instant now,
                std::vector<MedicationNote>& notes) {
  for (const Use& use : uses) {
    std::string until;
    std::string id;
    for (const MedicationTherapy& therapy : input.therapies) {
      if (!is_current(therapy) || name_of(therapy) != use.ingredient) continue;
      const auto supplied = supplied_days(therapy);
      if (!supplied) {
        until.clear();
        break;  // an order without a known supply may cover any day
      }
      std::string end = date_after(therapy.authored, *supplied);
      if (until.empty() || earlier(until, end)) {
        until = std::move(end);
        id = therapy.id;
      }
    }
    if (until.empty() || !is_past(date_after(until, kSupplyGraceDays), now)) continue;
    MedicationNote note;
    note.kind = "supply-ended";
    note.rule = "refill-gap";
    note.severity = "information";
    note.therapies = {id};
    note.due = until;
    note.overdue = true;
    note.text = use.ingredient + ": the ordered supply ended on " + until + ", and no newer order is known";
    note.confirmed = false;
    notes.push_back(std::move(note));
  }
}

}  // namespace

std::vector<MedicationNote> review_medication(const ReviewInput& input, Instant now) {
  std::vector<MedicationNote> notes;
  const std::vector<Use> uses = uses_of(input.therapies);
  add_pairs(input, now, notes);
  add_doses(input, notes);
  add_monitoring(input, uses, now, notes);
  add_long_use(input, uses, now, notes);
  add_supply(input, uses, now, notes);
  return notes;
}

std::optional<int> days_on(std::span<const MedicationTherapy> therapies, std::string_view ingredient, Instant now) {
  for (const Use& use : uses_of(therapies)) {
    if (use.ingredient == ingredient) return days_since(use.since, now);
  }
  return std::nullopt;
}

std::optional<double> supply_covered(std::span<const MedicationTherapy> therapies, std::string_view ingredient,
                                     Instant now) {
  std::vector<std::pair<sys_days, sys_days>> spans;
  for (const MedicationTherapy& therapy : therapies) {
    const auto date = date_from(therapy.authored);
    const auto supplied = supplied_days(therapy);
    if (!is_taken(therapy) || name_of(therapy) != ingredient || !date || !supplied) continue;
    spans.emplace_back(sys_days{*date}, sys_days{*date} + days{*supplied});
  }
  if (spans.empty()) return std::nullopt;
  std::ranges::sort(spans);
  const sys_days today = floor<days>(now);
  const int wanted = static_cast<int>((today - spans.front().first).count());
  if (wanted <= 0) return std::nullopt;
  int covered = 0;
  sys_days at = spans.front().first;
  for (const auto& [from, until] : spans) {
    // What is left of an earlier supply is used up first.
    at = std::max(at, from);
    const sys_days end = std::min(today, at + (until - from));
    if (end > at) covered += static_cast<int>((end - at).count());
    at = std::max(at, at + (until - from));
    if (at >= today) break;
  }
  return std::min(1.0, static_cast<double>(covered) / wanted);
}

}  // namespace bhi::care
