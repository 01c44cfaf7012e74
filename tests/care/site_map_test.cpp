#include "care/site_map.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

namespace bhi::care::test {
namespace {

constexpr const char* kForm = "http://clinic.example/Questionnaire/wellbeing";

ScreeningReport bare_form() {
  ScreeningReport report = report_of("who-5", {});
  report.codes.clear();
  report.form = std::string(kForm) + "|3";
  for (int n = 1; n <= 5; ++n) {
    ReportedItem item;
    item.link_id = "q" + std::to_string(n);
    item.answers = {answer_number(2)};
    report.items.push_back(item);
  }
  return report;
}

SiteMap well_being(std::string form = kForm) {
  SiteMap map;
  for (int n = 1; n <= 5; ++n) map.push_back({form, "q" + std::to_string(n), "who-5", n});
  return map;
}

TEST(SiteMap, NamesTheItemsOfAFormThatHasNothingButLinkIds) {
  EXPECT_TRUE(apply_all({bare_form()}).after.screenings.empty()) << "a linkId alone never names an item";
  Policy policy;
  policy.forms = well_being();
  const Applied applied = apply_all({bare_form()}, {}, policy);
  ASSERT_EQ(applied.after.screenings.size(), 1U);
  EXPECT_EQ(applied.after.screenings[0].instrument, "who-5");
  EXPECT_EQ(applied.after.screenings[0].total, 40);
}

TEST(SiteMap, TheSameLinkIdOfAnotherFormIsAnotherQuestion) {
  Policy policy;
  policy.forms = well_being("http://clinic.example/Questionnaire/other");
  EXPECT_TRUE(apply_all({bare_form()}, {}, policy).after.screenings.empty());
  policy.forms = well_being(std::string(kForm) + "|2");
  EXPECT_TRUE(apply_all({bare_form()}, {}, policy).after.screenings.empty()) << "another version";
  policy.forms = well_being(std::string(kForm) + "|3");
  EXPECT_EQ(apply_all({bare_form()}, {}, policy).after.screenings.size(), 1U);
}

TEST(SiteMap, NamesItemsOfInstrumentsThatShareTheirQuestions) {
  struct Row {
    const char* instrument;
    int items;
  };
  for (const Row& row : {Row{"phq-2", 2}, Row{"phq-9", 9}, Row{"gad-2", 2}, Row{"gad-7", 7}, Row{"audit-c", 3},
                         Row{"dast-10", 10}, Row{"epds", 10}, Row{"k6", 6}}) {
    ScreeningReport report = bare_form();
    report.items.clear();
    Policy policy;
    for (int n = 1; n <= row.items; ++n) {
      ReportedItem item;
      item.link_id = "q" + std::to_string(n);
      item.answers = {answer_number(1)};
      report.items.push_back(item);
      policy.forms.push_back({kForm, item.link_id, row.instrument, n});
    }
    const Applied applied = apply_all({report}, {}, policy);
    ASSERT_EQ(applied.after.screenings.size(), 1U) << row.instrument;
    EXPECT_EQ(applied.after.screenings[0].instrument, row.instrument);
    EXPECT_EQ(applied.after.screenings[0].items.size(), static_cast<std::size_t>(row.items)) << row.instrument;
  }
}

TEST(SiteMap, ARowMayNameTheStatedTotal) {
  ScreeningReport report = bare_form();
  ReportedItem total;
  total.link_id = "sum";
  total.answers = {answer_number(44)};
  report.items.push_back(total);
  Policy policy;
  policy.forms = well_being();
  policy.forms.push_back({kForm, "sum", "who-5", 0});
  const Applied applied = apply_all({report}, {}, policy);
  ASSERT_EQ(applied.after.screenings.size(), 1U);
  EXPECT_EQ(applied.after.screenings[0].stated_total, 44);
  EXPECT_TRUE(says(applied.after.screenings[0].issues, "stated total differs"));
}

TEST(SiteMap, WrongRowsAreSaid) {
  const SiteMap map{{"", "q1", "who-5", 1}, {"f", "q1", "who-6", 1}, {"f", "q2", "phq-9", 30}, {"f", "q2", "phq-9", 2}};
  EXPECT_EQ(wrong_rows(map),
            (std::vector<std::string>{"row 1: expected the canonical of a questionnaire",
                                      "row 2: no instrument is called 'who-6'", "row 3: phq-9 has no item 30",
                                      "row 4: the same question as in row 3"}));
  EXPECT_TRUE(wrong_rows(well_being()).empty());
}

}  // namespace
}  // namespace bhi::care::test
