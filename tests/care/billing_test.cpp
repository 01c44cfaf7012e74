#include "care/billing.h"

#include "care/billing_minutes.h"
#include "care/billing_table.h"
#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace bhi::care::test {
namespace {

using std::chrono::year_month;

// A practice in a place, and a patient enrolled there with consent.
struct Clinic {
  explicit Clinic(std::string_view zone_name = "America/New_York", std::string_view care_model = "cocm")
      : practice(cocm_practice(zone_name)), zone(TimeZone::find(zone_name).value()) {
    practice.care_model = care_model;
    payer = practice.payers.front();
  }

  BillingContext context() const { return {practice, zone, payer, other_codes, meetings}; }

  Record record(std::vector<Contact> contacts, std::string_view enrolled = "2026-01-02") const {
    std::vector<Change> changes{act_of("a1", "enrol", enrolled), act_of("a2", "start-treatment", enrolled),
                                consent_of("con1", enrolled)};
    for (Contact& contact : contacts) changes.emplace_back(std::move(contact));
    const Applied applied = apply_all(changes);
    EXPECT_TRUE(applied.refused.empty());
    return applied.after;
  }

  BillingMonth month(const Record& held, year_month calendar) const { return billing_month(held, calendar, context()); }

  Practice practice;
  TimeZone zone;
  PayerRule payer;
  std::vector<std::string> other_codes;
  std::vector<std::string> meetings;
};

// At so many minutes after midnight of that day at the practice.
std::string local(const Clinic& clinic, std::string_view day, int minutes) {
  return to_text(clinic.zone.start_of(*date_from(day)) + std::chrono::minutes{minutes});
}

std::string codes_of(const BillingMonth& month) {
  std::string text;
  for (const BillingLine& line : month.lines) {
    text += (text.empty() ? "" : " ") + line.code + (line.code == "99494" ? " x" + std::to_string(line.units) : "");
  }
  return text;
}

constexpr year_month kMarch = std::chrono::year{2026} / 3;
constexpr year_month kNovember = std::chrono::year{2026} / 11;

struct Example {
  std::string_view kind;
  int minutes;
  std::string_view codes;
};

// The worked examples of the domain's billing facts, and the edges beside them.
constexpr Example kExamples[] = {
    {"initial", 29, ""},
    {"initial", 35, "G2214"},
    {"initial", 36, "99492"},
    {"initial", 85, "99492"},
    {"initial", 86, "99492 99494 x1"},
    {"initial", 115, "99492 99494 x1"},
    {"initial", 116, "99492 99494 x2"},
    {"subsequent", 29, ""},
    {"subsequent", 30, "G2214"},
    {"subsequent", 31, "99493"},
    {"subsequent", 75, "99493"},
    {"subsequent", 76, "99493 99494 x1"},
    {"subsequent", 106, "99493 99494 x2"},
    {"general", 19, ""},
    {"general", 20, "99484"},
};

class BillingExamples : public testing::TestWithParam<std::tuple<Example, std::string_view, year_month>> {};

TEST_P(BillingExamples, GiveTheirCodesInEveryZoneAndOverClockChanges) {
  const auto& [example, zone, calendar] = GetParam();
  const Clinic clinic(zone, example.kind == "general" ? "integrated" : "cocm");
  // Minutes in pieces: the first minutes of the month, the hours of both clock changes, the last minutes of the month.
  const std::string first = month_text(calendar) + "-01";
  const std::string change = calendar == kMarch ? "2026-03-08" : "2026-11-01";
  const std::string last = calendar == kMarch ? "2026-03-31" : "2026-11-30";
  const std::string next = month_text(calendar + std::chrono::months{1}) + "-01";
  const int tail = 5;
  const Instant end = clinic.zone.start_of(*date_from(next));
  std::vector<Contact> contacts{
      contact_of("k1", local(clinic, first, 0), 10),
      contact_of("k2", local(clinic, change, 115), example.minutes - 10 - tail),
      contact_of("k3", to_text(end - std::chrono::minutes{tail}), tail + 7),  // seven belong to the next month
      contact_of("k4", to_text(clinic.zone.start_of(calendar / 1) - std::chrono::minutes{9}), 9),  // the month before
  };
  if (example.kind != "subsequent") contacts.pop_back();
  const BillingMonth month = clinic.month(clinic.record(contacts), calendar);
  EXPECT_EQ(month.kind, example.kind);
  EXPECT_EQ(month.minutes, example.minutes);
  EXPECT_EQ(codes_of(month), example.codes);
  int traced = 0;
  for (const MinutePiece& piece : month.pieces) traced += piece.counted;
  EXPECT_EQ(traced, month.minutes);
}

INSTANTIATE_TEST_SUITE_P(Worked, BillingExamples,
                         testing::Combine(testing::ValuesIn(kExamples),
                                          testing::Values("America/New_York", "America/Denver", "Pacific/Honolulu"),
                                          testing::Values(kMarch, kNovember)),
                         [](const auto& one) { return "Case" + std::to_string(one.index); });

TEST(Billing, TheDomainsWorkedExamplesAreTheOnesAbove) {
  const char* shared = std::getenv("BHI_DOMAIN");
  std::ifstream file(std::string(shared != nullptr ? shared : BHI_SOURCE_DIR "/../shared/domain") + "/billing.json");
  if (!file) GTEST_SKIP() << "billing.json of the domain facts";
  std::stringstream text;
  text << file.rdbuf();
  std::size_t found = 0;
  for (const Example& example : kExamples) {
    const std::string kind = example.kind == "general" ? "general BHI" : std::string(example.kind);
    const std::string head = "\"month\": \"" + kind + "\",\n   \"minutes\": " + std::to_string(example.minutes) + ",";
    found += text.str().find(head) != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(found, 11U);
}

// ---- which minutes count --------------------------------------------------------------------------------------------

struct Uncounted {
  std::string_view name;
  std::string_view why;
  void (*change)(Contact&);
};

const Uncounted kUncounted[] = {
    {"consultant", "minutes of this role do not count", [](Contact& c) { c.role = "psychiatric-consultant"; }},
    {"clinician", "minutes of this role do not count", [](Contact& c) { c.role = "pcp"; }},
    {"nurse in CoCM", "minutes of this role do not count", [](Contact& c) { c.role = "nurse"; }},
    {"psychotherapy", "billed as 90834", [](Contact& c) { c.billed_as = "90834"; }},
    {"inpatient", "patient was inpatient", [](Contact& c) { c.setting = "inpatient"; }},
    {"observation", "patient was observation", [](Contact& c) { c.setting = "observation"; }},
    {"clerical", "clerical", [](Contact& c) { c.activities = {"administrative"}; }},
    {"nothing documented", "no activity documented", [](Contact& c) { c.activities.clear(); }},
    {"no-show", "did not take place", [](Contact& c) { c.outcome = "no-show"; }},
    {"error", "entered in error", [](Contact& c) { c.status = "entered-in-error"; }},
    {"other episode", "of another episode", [](Contact& c) { c.episode = "epi7"; }},
};

TEST(Billing, MinutesThatDoNotCountAreListedWithTheReason) {
  const Clinic clinic;
  for (const Uncounted& one : kUncounted) {
    Contact contact = contact_of("k2", "2026-03-04T15:00:00Z", 30);
    one.change(contact);
    const BillingMonth month =
        clinic.month(clinic.record({contact_of("k1", "2026-03-03T15:00:00Z", 40), contact}), kMarch);
    EXPECT_EQ(month.minutes, 40) << one.name;
    ASSERT_EQ(month.pieces.size(), 2U) << one.name;
    EXPECT_EQ(month.pieces[1].why, one.why) << one.name;
    EXPECT_EQ(month.pieces[1].minutes, 30) << one.name;
  }
}

TEST(Billing, AnEmergencyDepartmentMayCountAndALeftMessageDoes) {
  const Clinic clinic;
  Contact emergency = contact_of("k1", "2026-03-03T15:00:00Z", 20);
  emergency.setting = "emergency";
  Contact message = contact_of("k2", "2026-03-04T15:00:00Z", 5);
  message.outcome = "left-message";
  EXPECT_EQ(clinic.month(clinic.record({emergency, message}), kMarch).minutes, 25);
}

TEST(Billing, NoMinuteCountsTwice) {
  const Clinic clinic;
  Contact therapy = contact_of("k4", "2026-03-03T15:50:00Z", 45);
  therapy.billed_as = "90834";
  therapy.member = "cm2";
  Contact colleague = contact_of("k3", "2026-03-03T15:10:00Z", 10);
  colleague.member = "cm2";
  const BillingMonth month =
      clinic.month(clinic.record({contact_of("k1", "2026-03-03T15:00:00Z", 30),
                                  contact_of("k2", "2026-03-03T15:20:00Z", 40), colleague, therapy}),
                   kMarch);
  EXPECT_EQ(month.minutes, 50) << "15:00 to 15:50; the rest is psychotherapy";
  EXPECT_EQ(month.pieces[1].counted, 0) << "k3 lies within k1";
  EXPECT_EQ(month.pieces[2].counted, 20);
}

TEST(Billing, NothingCountsBeforeTheConsentOrAfterItsRevocationOrTheEpisode) {
  const Clinic clinic;
  std::vector<Change> changes{
      act_of("a1", "enrol", "2026-03-01"),           consent_of("con1", "2026-03-05T12:00:00Z"),
      act_of("a2", "start-treatment", "2026-03-05"), act_of("a3", "drop", "2026-03-25"),
      contact_of("k1", "2026-03-04T15:00:00Z", 31),  contact_of("k2", "2026-03-06T15:00:00Z", 32),
      contact_of("k3", "2026-03-27T15:00:00Z", 33),  RevokeConsent{"con1", "pat1", "", {"cm1", "2026-03-20T00:00:00Z"}},
      contact_of("k4", "2026-03-21T15:00:00Z", 34)};
  const BillingMonth month = clinic.month(apply_all(changes).after, kMarch);
  EXPECT_EQ(month.minutes, 32);
  EXPECT_EQ(month.pieces[0].why, "no service consent at that time");
  EXPECT_EQ(month.pieces[2].why, "no service consent at that time");
  EXPECT_EQ(month.pieces[3].why, "after the end of the episode");
}

TEST(Billing, MinutesNeverCarryOverAndTheFirstCountedMonthIsTheInitialOne) {
  const Clinic clinic;
  const Record record = clinic.record(
      {contact_of("k1", "2026-02-27T15:00:00Z", 20), contact_of("k2", "2026-03-03T15:00:00Z", 31)}, "2026-01-02");
  EXPECT_EQ(clinic.month(record, kMarch - std::chrono::months{2}).kind, "");
  EXPECT_EQ(clinic.month(record, kMarch - std::chrono::months{1}).kind, "initial");
  EXPECT_EQ(codes_of(clinic.month(record, kMarch - std::chrono::months{1})), "");
  EXPECT_EQ(codes_of(clinic.month(record, kMarch)), "99493");
}

TEST(Billing, ANewEpisodeHasAnInitialMonthOfItsOwn) {
  const Clinic clinic;
  Contact again = contact_of("k2", "2026-09-03T15:00:00Z", 40);
  again.episode = "epi2";
  const std::vector<Change> changes{act_of("a1", "enrol", "2026-01-02"),          act_of("a2", "drop", "2026-02-10"),
                                    act_of("b1", "enrol", "2026-09-01", "epi2"),  consent_of("con1", "2026-01-02"),
                                    contact_of("k1", "2026-01-12T15:00:00Z", 40), again};
  const BillingMonth month = clinic.month(apply_all(changes).after, std::chrono::year{2026} / 9);
  EXPECT_EQ(month.episode, "epi2");
  EXPECT_EQ(codes_of(month), "99492");
}

TEST(Billing, ADateAloneCountsInItsMonthAndSaysThatOverlapIsNotChecked) {
  const Clinic clinic("Pacific/Honolulu");
  const BillingMonth month = clinic.month(clinic.record({contact_of("k1", "2026-03-01", 40)}), kMarch);
  EXPECT_EQ(month.minutes, 40);
  EXPECT_EQ(month.pieces[0].why, "no time of day: overlap not checked");
}

// ---- families and years ---------------------------------------------------------------------------------------------

std::string codes_for(std::string_view family, year_month calendar, int minutes, std::vector<std::string> other = {},
                      std::string_view care_model = "cocm", bool first_month = true) {
  Clinic clinic("America/New_York", care_model);
  clinic.payer.family = family;
  clinic.other_codes = std::move(other);
  std::vector<Contact> contacts{contact_of("k1", month_text(calendar) + "-10T15:00:00Z", minutes)};
  if (!first_month) {
    contacts.push_back(contact_of("k0", month_text(calendar - std::chrono::months{1}) + "-10T15:00:00Z", 20));
  }
  return codes_of(clinic.month(clinic.record(contacts, "2017-01-01"), calendar));
}

TEST(Billing, FamiliesFollowTheYear) {
  const auto ym = [](int year, unsigned month) { return std::chrono::year{year} / std::chrono::month{month}; };
  EXPECT_EQ(codes_for("rhc", ym(2025, 12), 69), "");
  EXPECT_EQ(codes_for("rhc", ym(2025, 12), 70), "G0512");
  EXPECT_EQ(codes_for("rhc", ym(2025, 12), 60, {}, "cocm", false), "G0512");
  EXPECT_EQ(codes_for("rhc", ym(2026, 1), 36), "99492") << "component codes from 2026";
  EXPECT_EQ(codes_for("rhc", ym(2025, 9), 20, {}, "integrated"), "G0511");
  EXPECT_EQ(codes_for("rhc", ym(2025, 10), 20, {}, "integrated"), "99484");
  EXPECT_EQ(codes_for("cocm", ym(2020, 12), 35), "") << "G2214 began in 2021";
  EXPECT_EQ(codes_for("cocm", ym(2021, 1), 35), "G2214");
  EXPECT_EQ(codes_for("apcm", ym(2026, 1), 5, {"G0557"}), "G0568");
  EXPECT_EQ(codes_for("apcm", ym(2026, 1), 5, {"G0557"}, "cocm", false), "G0569");
  EXPECT_EQ(codes_for("apcm", ym(2026, 1), 5, {"G0556"}, "integrated"), "G0570");
  EXPECT_EQ(codes_for("apcm", ym(2026, 1), 36), "99492") << "no APCM base code";
  EXPECT_EQ(codes_for("apcm", ym(2025, 12), 36, {"G0557"}), "99492") << "add-ons began in 2026";
  EXPECT_EQ(codes_for("general", ym(2026, 1), 36), "99484");
  EXPECT_EQ(codes_for("cocm", ym(2026, 1), 90, {}, "coordinated"), "");
}

TEST(Billing, APayerThatDoesNotTakeAHalfMonthIsSaid) {
  Clinic clinic;
  clinic.payer.takes_g2214 = false;
  const BillingMonth month = clinic.month(clinic.record({contact_of("k1", "2026-03-03T15:00:00Z", 35)}), kMarch);
  EXPECT_TRUE(month.lines.empty());
  EXPECT_EQ(month.reasons.back(), "G2214: the payer does not take it");
}

TEST(Billing, AnExcludedCodeOfTheSameMonthHoldsTheLineBack) {
  Clinic clinic;
  clinic.other_codes = {"99484", "99490"};
  const BillingMonth month = clinic.month(clinic.record({contact_of("k1", "2026-03-03T15:00:00Z", 40)}), kMarch);
  EXPECT_EQ(codes_of(month), "99492");
  EXPECT_FALSE(month.ready);
  EXPECT_EQ(month.reasons, std::vector<std::string>{"99492: not in the same month as 99484"});
  for (const BillingCode& code : billing_codes()) {
    EXPECT_EQ(exclude_each_other(code.code, "99492"), exclude_each_other("99492", code.code)) << code.code;
  }
}

TEST(Billing, RequiredElementsAreFoundOrNamedAsMissing) {
  Clinic clinic;
  Record record = clinic.record({contact_of("k1", "2026-03-03T15:00:00Z", 40)});
  const BillingMonth bare = clinic.month(record, kMarch);
  EXPECT_FALSE(bare.ready);
  std::string missing;
  for (const BillingElement& one : bare.elements) missing += one.present ? "" : one.id + " ";
  EXPECT_EQ(missing, "assessment plan psychiatric-review weekly-consultation ");

  record = apply_all({report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 0}, "2026-03-03T15:10:00Z"), plan_of(),
                      review_of("v1", "2026-03-12")},
                     record)
               .after;
  clinic.meetings = {"2026-03-05", "2026-03-12", "2026-03-19", "2026-03-26"};
  const BillingMonth full = clinic.month(record, kMarch);
  EXPECT_TRUE(full.ready);
  const auto review = std::ranges::find(full.elements, "psychiatric-review", &BillingElement::id);
  EXPECT_EQ(review->evidence, "v1");
}

TEST(Billing, CsvHasARowForEveryLineAndQuotesWhatNeedsIt) {
  const Clinic clinic;
  const BillingMonth month = clinic.month(
      clinic.record({contact_of("k1", "2026-03-03T15:00:00Z", 50), contact_of("k,2", "2026-03-04T15:00:00Z", 40)}),
      kMarch);
  EXPECT_EQ(billing_csv_rows(month),
            "pat1,2026-03,initial,99492,1,90,no,,assessment; plan; psychiatric-review; weekly-consultation,,\"k1=50; "
            "k,2=40\"\r\n"
            "pat1,2026-03,initial,99494,1,90,no,,assessment; plan; psychiatric-review; weekly-consultation,,\"k1=50; "
            "k,2=40\"\r\n");
  const auto commas = [](const std::string& text) { return std::ranges::count(text, ','); };
  EXPECT_EQ(commas(billing_csv_header()), 10);
  EXPECT_EQ(commas(billing_csv_rows(clinic.month({}, kMarch))), 10);
}

TEST(Billing, UnconfirmedRowsAreMarked) {
  EXPECT_TRUE(find_billing_code("G0568")->needs_review);
  EXPECT_FALSE(find_billing_code("99492")->needs_review);
  EXPECT_EQ(billing_codes().size(), 26U);
}

}  // namespace
}  // namespace bhi::care::test
