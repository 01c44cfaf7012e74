#include "care/dose.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

namespace bhi::care::test {
namespace {

struct Written {
  const char* product;
  const char* text;
  double least;  // 0: no daily dose can be told
  double most;
  const char* unit;
};

void PrintTo(const Written& written, std::ostream* out) { *out << written.text; }

class WrittenDose : public testing::TestWithParam<Written> {};

TEST_P(WrittenDose, GivesTheDayOrNothing) {
  const Written& wanted = GetParam();
  MedicationTherapy therapy;
  therapy.text = wanted.product;
  therapy.dose.text = wanted.text;
  const auto daily = daily_of(therapy);
  if (wanted.most == 0) {
    EXPECT_FALSE(daily) << daily->least << " " << daily->unit;
    return;
  }
  ASSERT_TRUE(daily);
  EXPECT_NEAR(daily->least, wanted.least, 1e-9);
  EXPECT_NEAR(daily->most, wanted.most, 1e-9);
  EXPECT_EQ(daily->unit, wanted.unit);
  EXPECT_EQ(daily->by, "text");
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrittenDose,
    testing::Values(
        Written{"sertraline 50 MG Oral Tablet", "take 1 tablet by mouth twice daily", 100, 100, "mg"},
        Written{"sertraline 50 MG Oral Tablet", "Take one tablet daily as directed", 0, 0, ""},
        Written{"sertraline 50 MG Oral Tablet", "Take one tablet daily", 50, 50, "mg"},
        Written{"sertraline 50 MG Oral Tablet", "1-2 tablets once daily", 50, 100, "mg"},
        Written{"sertraline 50 MG Oral Tablet", "take one to two tabs PO qAM", 50, 100, "mg"},
        Written{"trazodone", "50 mg qhs", 50, 50, "mg"}, Written{"trazodone", "50mg po QHS", 50, 50, "mg"},
        Written{"trazodone", "25-50 mg at bedtime", 25, 50, "mg"},
        Written{"trazodone", "25 mg - 50 mg nightly", 25, 50, "mg"},
        Written{"trazodone", "take half a tablet at bedtime", 0.5, 0.5, "piece"},
        Written{"trazodone 100 MG Oral Tablet", "take half a tablet at bedtime", 50, 50, "mg"},
        Written{"trazodone 100 MG Oral Tablet", "1/2 tab every night", 50, 50, "mg"},
        Written{"bupropion XL 150 MG", "2 tablets every morning", 300, 300, "mg"},
        Written{"lithium carbonate 300 MG Oral Capsule", "300 mg in the morning and 600 mg at bedtime", 900, 900, "mg"},
        Written{"venlafaxine", "75 mg three times a day", 225, 225, "mg"},
        Written{"buspirone", "10 mg TID", 30, 30, "mg"}, Written{"buspirone", "10 mg every 8 hours", 30, 30, "mg"},
        Written{"buspirone", "10 mg q6h", 40, 40, "mg"},
        Written{"buspirone 10 MG Oral Tablet", "1 tablet in the morning and evening", 20, 20, "mg"},
        Written{"fluoxetine", "90 mg once a week", 90.0 / 7, 90.0 / 7, "mg"},
        Written{"methadone", "5 mg every other day", 2.5, 2.5, "mg"},
        Written{"levothyroxine", "75mcg daily", 0.075, 0.075, "mg"},
        Written{"x", "1,000 mg twice a day", 2000, 2000, "mg"}, Written{"x", "1 g bid", 2000, 2000, "mg"},
        Written{"lithium citrate 60 MG/ML Oral Solution", "5 ml twice daily", 10, 10, "ml"},
        Written{"phenytoin 25mg/ml", "100mg (4ml) three times daily", 300, 300, "mg"},
        Written{"clonidine", "0.1 mg twice daily, max 0.3 mg per day", 0.2, 0.2, "mg"},
        // Not one dose.
        Written{"lorazepam 0.5 MG Oral Tablet", "every 8 hours as needed", 0, 0, ""},
        Written{"hydroxyzine", "25 mg q6h prn anxiety", 0, 0, ""},
        Written{"prednisone", "20 mg daily for 3 days then 10 mg daily", 0, 0, ""},
        Written{"lamotrigine", "25 mg daily, increase by 25 mg weekly", 0, 0, ""},
        Written{"lamotrigine", "titrate to 200 mg daily", 0, 0, ""},
        Written{"x", "one to two tablets every 4-6 hours", 0, 0, ""}, Written{"x", "10 mg/kg daily", 0, 0, ""},
        Written{"x", "take with food", 0, 0, ""}, Written{"x", "", 0, 0, ""}));

TEST(Dose, TheStrengthIsThatOfOnePiece) {
  EXPECT_EQ(strength_mg("sertraline 50 MG Oral Tablet"), 50);
  EXPECT_EQ(strength_mg("24 HR bupropion hydrochloride 150 MG Extended Release Oral Tablet"), 150);
  EXPECT_EQ(strength_mg("Levothyroxine 75 MCG"), 0.075);
  EXPECT_FALSE(strength_mg("lithium citrate 60 MG/ML Oral Solution"));
  EXPECT_FALSE(strength_mg("buprenorphine 8 MG / naloxone 2 MG Sublingual Film"));
  EXPECT_FALSE(strength_mg("Vicodin 5/500 Oral Tablet"));
  EXPECT_FALSE(strength_mg("Nitroglycerin 0.4 MG/ACTUAT Mucosal Spray"));
  EXPECT_FALSE(strength_mg("selegiline 0.25 MG/HR Transdermal System"));
  EXPECT_FALSE(strength_mg("sertraline"));
}

MedicationTherapy structured(std::optional<double> value, std::string unit, std::optional<double> times,
                             std::string text = "") {
  MedicationTherapy therapy;
  therapy.text = "sertraline 50 MG Oral Tablet";
  therapy.dose = {value, std::move(unit), times, false, std::move(text)};
  return therapy;
}

TEST(Dose, TheStructureComesFirstAndTheTextFillsIt) {
  EXPECT_EQ(daily_of(structured(50, "mg", 2))->most, 100);
  EXPECT_EQ(daily_of(structured(2, "TAB", 1))->most, 100);
  EXPECT_EQ(daily_of(structured(2, "{tbl}", 1))->unit, "tbl");
  EXPECT_EQ(daily_of(structured(0.05, "g", 1))->most, 50);
  EXPECT_EQ(daily_of(structured(50, "mg", 2))->by, "structure");

  const auto filled = daily_of(structured(50, "mg", {}, "twice daily"));
  ASSERT_TRUE(filled);
  EXPECT_EQ(filled->most, 100);
  EXPECT_EQ(filled->by, "structure and text");
  EXPECT_EQ(daily_of(structured({}, "", 2, "1 tablet twice a day"))->most, 100);
  EXPECT_FALSE(daily_of(structured(50, "mg", {})));
}

TEST(Dose, AStructureThatContradictsItsTextIsSaid) {
  EXPECT_FALSE(daily_of(structured(50, "mg", 1, "50 mg daily"))->contradicts);
  EXPECT_FALSE(daily_of(structured(1, "tablet", 1, "50 mg daily"))->contradicts);
  const auto daily = daily_of(structured(50, "mg", 1, "100 mg daily"));
  EXPECT_TRUE(daily->contradicts);
  EXPECT_EQ(daily->most, 50);
}

TEST(Dose, WhatIsTakenAsNeededHasNoDailyDose) {
  MedicationTherapy therapy = structured(0.5, "mg", 3);
  therapy.dose.as_needed = true;
  EXPECT_FALSE(daily_of(therapy));
}

}  // namespace
}  // namespace bhi::care::test
