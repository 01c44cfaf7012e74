#include "care/clinical_review.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

TEST(ClinicalReview, WhatNobodyConfirmsIsListedByTableAndRow) {
  struct Row {
    const char* table;
    const char* row;
  };
  for (const Row& row : {Row{"instrument", "gad-2"}, Row{"instrument", "k6"}, Row{"instrument", "psc-17"},
                         Row{"instrument", "vanderbilt"}, Row{"instrument", "c-ssrs-screener"},
                         Row{"instrument", "asq"}, Row{"instrument", "phq-9m"}, Row{"instrument", "audit"},
                         Row{"watch-rule", "lithium-level"}, Row{"pair-rule", "benzodiazepine-opioid"},
                         Row{"pair-rule", "lithium-ace-inhibitor"}, Row{"long-use-rule", "sedative-over-4-weeks"},
                         Row{"dose-limit", "fluoxetine"}, Row{"target", "gad-7"}, Row{"policy", "answer_days"},
                         Row{"measure", "DMS-E-1"}, Row{"measure", "PND-E"}, Row{"policy", "consult_from_days"}}) {
    EXPECT_TRUE(needs_review(row.table, row.row)) << row.table << " " << row.row;
  }
}

TEST(ClinicalReview, WhatIsConfirmedIsNotListed) {
  EXPECT_FALSE(needs_review("instrument", "phq-9"));
  EXPECT_FALSE(needs_review("instrument", "gad-7"));
  EXPECT_FALSE(needs_review("watch-rule", "metabolic-panel"));
  EXPECT_FALSE(needs_review("pair-rule", "lithium-nsaid"));
  EXPECT_FALSE(needs_review("dose-limit", "sertraline"));
  EXPECT_FALSE(needs_review("measure", "CMS159"));
}

TEST(ClinicalReview, SeventyEightDoseLimitsWait) {
  const auto flags = facts_for_review();
  EXPECT_EQ(std::ranges::count(flags, std::string("dose-limit"), &ReviewFlag::table), 78);
}

}  // namespace
}  // namespace bhi::care::test
