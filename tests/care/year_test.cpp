// A year of a caseload of 1,000 patients: states, flags, order, minutes and codes against a second, plainer model. It
// counts in whole minutes and days of a simple calendar of its own and knows nothing of the room's rules but their
// words.
#include "care/caseload.h"

#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace bhi::care::test {
namespace {

using std::chrono::sys_days;

constexpr int kPatients = 1000;
const sys_days kFirst{std::chrono::year{2026} / 1 / 1};
const Instant kEnd = *instant_from("2026-12-31T22:00:00Z");

// Days from the first of January; times are minutes of the day in UTC-5 without clock changes (Jamaica).
struct SimContact {
  int day;
  int minute;
  int minutes;
  std::string role;
  bool reached;
};

struct SimScore {
  int day;
  int total;
};

struct SimPatient {
  std::string id;
  std::vector<std::pair<int, std::string>> acts;  // day and act, all legal
  int enrolled;
  std::vector<SimContact> contacts;
  std::vector<SimScore> scores;
  std::vector<int> reviews;  // days
  bool flagged;
};

std::string date(int day) { return to_text(std::chrono::year_month_day{kFirst + std::chrono::days{day}}); }
std::string moment(int day, int minute) {
  return to_text(Instant{kFirst + std::chrono::days{day}} + std::chrono::minutes{minute + 300});
}

SimPatient simulate(std::mt19937& random, int number) {
  const auto pick = [&random](int from, int to) { return std::uniform_int_distribution<>(from, to)(random); };
  SimPatient patient;
  patient.id = "p" + std::to_string(10000 + number);
  patient.enrolled = pick(0, 330);
  patient.acts = {{patient.enrolled, "enrol"}, {patient.enrolled, "start-treatment"}};
  const int fate = pick(0, 9);
  const int turn = std::min(364, patient.enrolled + pick(1, 300));
  if (fate == 0) patient.acts.emplace_back(turn, "drop");
  if (fate == 1) patient.acts.emplace_back(turn, "hold");
  if (fate == 2) patient.acts.emplace_back(turn, "begin-relapse-prevention");
  if (fate == 3) patient.acts.emplace_back(turn, "complete");
  const char* roles[] = {"care-manager", "care-manager", "care-manager", "psychiatric-consultant"};
  const int intensity = pick(1, 5);
  for (int day = patient.enrolled; day < 364; day += pick(3, 90 / intensity)) {
    // Sometimes two at the same time, sometimes over midnight.
    const int minute = pick(0, 9) == 0 ? 1425 : 540 + 5 * pick(0, 20);
    for (int n = pick(0, 4) == 0 ? 2 : 1; n > 0; --n)
      patient.contacts.push_back({day, minute + 5 * pick(0, 2), pick(5, 60), roles[pick(0, 3)], pick(0, 3) != 0});
  }
  int score = pick(4, 24);
  for (int day = patient.enrolled; day < 364; day += pick(10, 80)) {
    patient.scores.push_back({day, score});
    score = std::clamp(score + pick(-6, 4), 0, 27);
  }
  for (int day = patient.enrolled + pick(5, 60); day < 364; day += pick(14, 120)) patient.reviews.push_back(day);
  patient.flagged = pick(0, 19) == 0;
  return patient;
}

std::vector<Change> changes_of(const SimPatient& patient) {
  std::vector<Change> changes;
  Patient who = patient_of("female");
  who.id = patient.id;
  changes.emplace_back(who);
  int n = 0;
  for (const auto& [day, act] : patient.acts) changes.emplace_back(act_of("a" + std::to_string(n++), act, date(day)));
  changes.emplace_back(consent_of("con", date(patient.enrolled)));
  for (const SimContact& one : patient.contacts) {
    Contact contact = contact_of("k" + std::to_string(n++), moment(one.day, one.minute), one.minutes, one.role);
    if (!one.reached) contact.outcome = "left-message";
    changes.emplace_back(contact);
  }
  for (const SimScore& one : patient.scores)
    changes.emplace_back(score_only("44261-6", one.total, moment(one.day, 600), "s" + std::to_string(n++)));
  for (const int day : patient.reviews) changes.emplace_back(review_of("v" + std::to_string(n++), date(day)));
  if (patient.flagged) changes.emplace_back(CaseFlag{"g", patient.id, "", true, {"cm1", date(patient.enrolled)}});
  return changes;
}

// ---- the plain model ------------------------------------------------------------------------------------------------

std::string plain_state(const SimPatient& patient) {
  const std::string& last = patient.acts.back().second;
  if (last == "drop") return "dropped";
  if (last == "hold") return "on-hold";
  if (last == "complete") return "completed";
  return last == "begin-relapse-prevention" ? "relapse-prevention" : "active";
}

// Every minute of the year that a care manager worked before the episode was over, once.
std::map<std::string, int> plain_minutes(const SimPatient& patient) {
  const std::string state = plain_state(patient);
  const int over = state == "dropped" || state == "completed" ? patient.acts.back().first : 9999;
  std::set<int> worked;
  for (const SimContact& one : patient.contacts) {
    // The end of an episode is the end of its day in UTC, five hours before that of the practice.
    if (one.role != "care-manager" || one.day * 1440 + one.minute + 300 >= (over + 1) * 1440) continue;
    // Before the consent: the day it was given begins in UTC, so every minute of that day at the practice counts.
    for (int i = 0; i < one.minutes; ++i) worked.insert(one.day * 1440 + one.minute + i);
  }
  std::map<std::string, int> months;
  for (const int minute : worked) ++months[date(minute / 1440).substr(0, 7)];
  return months;
}

std::string plain_codes(int minutes, bool first) {
  const int least = first ? 36 : 31;
  const int next = first ? 86 : 76;
  if (minutes < 30) return "";
  if (minutes < least) return "G2214";
  std::string codes = first ? "99492" : "99493";
  int units = 0;
  for (int at = next; at <= minutes; at += 30) ++units;
  return units == 0 ? codes : codes + " 99494x" + std::to_string(units);
}

int band(int total) { return total < 5 ? 0 : total < 10 ? 1 : total < 15 ? 2 : total < 20 ? 3 : 4; }

std::set<std::string> plain_flags(const SimPatient& patient) {
  std::set<std::string> flags;
  if (patient.flagged) flags.insert("for-review");
  if (plain_state(patient) == "on-hold") return flags;
  constexpr int kToday = 364;
  int reached = patient.enrolled;
  for (const SimContact& one : patient.contacts)
    if (one.reached) reached = std::max(reached, one.day);
  const int silent = kToday - reached;
  if (silent > 60) flags.insert("no-contact-60");
  if (silent > 30 && silent <= 60) flags.insert("no-contact-30");
  if (patient.reviews.empty()) flags.insert("never-reviewed");
  if (!patient.reviews.empty() && kToday - patient.reviews.back() > 28) flags.insert("review-old");
  const int baseline = patient.scores.front().total;
  const int last = patient.scores.back().total;
  if (kToday - patient.scores.back().day > 28) flags.insert("score-old");
  if (patient.scores.size() > 1) {
    const int previous = patient.scores[patient.scores.size() - 2].total;
    if (last - previous >= 5 || band(last) > band(previous)) flags.insert("worse");
  }
  const bool improved = patient.scores.size() > 1 && baseline >= 10 && (last < 10 || 2 * last <= baseline);
  if ((kToday - patient.enrolled) / 7 >= 8 && baseline >= 10 && !improved) flags.insert("not-improved");
  if (improved && plain_state(patient) == "active") flags.insert("relapse-prevention");
  return flags;
}

int plain_place(const std::set<std::string>& flags) {
  const std::vector<std::pair<std::string, int>> places{
      {"for-review", 2}, {"never-reviewed", 3}, {"not-improved", 4},
      {"worse", 5},      {"no-contact-60", 6},  {"no-contact-30", 6},
      {"score-old", 6},  {"review-old", 7},     {"relapse-prevention", 8}};
  for (const auto& [flag, place] : places)
    if (flags.contains(flag)) return place;
  return 9;
}

TEST(Year, OfAThousandPatientsEqualsAPlainModel) {
  std::mt19937 random(20260101);
  const Practice practice = cocm_practice("America/Jamaica");
  const TimeZone zone = TimeZone::find(practice.time_zone).value();
  const PayerRule payer = practice.payers.front();
  const CaseloadContext context{practice, zone, payer, {}};
  std::vector<CaseloadRow> rows;
  std::vector<std::tuple<int, int, std::string>> plain_order;
  int codes_seen = 0;
  for (int number = 0; number < kPatients; ++number) {
    const SimPatient patient = simulate(random, number);
    const Applied applied = apply({}, changes_of(patient), {}, kEnd);
    ASSERT_TRUE(applied.refused.empty()) << patient.id;
    const std::string state = plain_state(patient);
    ASSERT_EQ(state_of(applied), state) << patient.id;

    std::string first;
    for (const auto& [month, minutes] : plain_minutes(patient)) {
      if (month > "2026-12") continue;
      if (first.empty()) first = month;
      const auto calendar =
          std::chrono::year{2026} / std::chrono::month{static_cast<unsigned>(std::stoi(month.substr(5)))};
      const BillingMonth bill = billing_month(applied.after, calendar, {practice, zone, payer});
      ASSERT_EQ(bill.minutes, minutes) << patient.id << " " << month;
      std::string codes;
      for (const BillingLine& line : bill.lines)
        codes +=
            (codes.empty() ? "" : " ") + line.code + (line.code == "99494" ? "x" + std::to_string(line.units) : "");
      ASSERT_EQ(codes, plain_codes(minutes, month == first)) << patient.id << " " << month;
      codes_seen += codes.empty() ? 0 : 1;
    }
    auto row = caseload_row(applied.after, context, {}, kEnd);
    ASSERT_EQ(row.has_value(), state != "dropped" && state != "completed") << patient.id;
    if (!row) continue;
    const auto flags = plain_flags(patient);
    ASSERT_EQ(std::set<std::string>(row->flags.begin(), row->flags.end()), flags) << patient.id;
    const int unreviewed = patient.reviews.empty() ? 99999 : 364 - patient.reviews.back();
    plain_order.emplace_back(plain_place(flags), -unreviewed, patient.id);
    rows.push_back(*std::move(row));
  }
  EXPECT_GT(codes_seen, 500) << "the year has months to bill";
  put_in_review_order(rows);
  std::ranges::sort(plain_order);
  ASSERT_EQ(rows.size(), plain_order.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    ASSERT_EQ(rows[i].patient, std::get<2>(plain_order[i])) << "place " << i;
}

}  // namespace
}  // namespace bhi::care::test
