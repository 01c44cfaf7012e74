#include "care/recognise.h"

#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

std::vector<std::string> ids_of(const Recognition& recognition) {
  std::vector<std::string> ids;
  for (const Recognised& one : recognition.instruments) ids.emplace_back(one.instrument->id);
  return ids;
}

using Ids = std::vector<std::string>;

// Our own short wordings: enough words of each question, not the form's text.
const std::vector<std::string> kPhq9Words{"Interest or pleasure, little of it",
                                          "Down, depressed, hopeless",
                                          "Asleep: falling or staying; sleeping too much",
                                          "Tired, no energy",
                                          "Appetite poor, or overeating",
                                          "Bad about yourself, a failure, family down",
                                          "Concentrating on reading or television",
                                          "Moving or speaking slowly, or fidgety",
                                          "Better off dead, or hurting yourself"};
const std::vector<std::string> kGad7Words{"Nervous, anxious, on edge",
                                          "Worry: cannot stop or control worrying",
                                          "Worrying too much about different things",
                                          "Trouble relaxing",
                                          "Restless, cannot sit still",
                                          "Annoyed, irritable",
                                          "Afraid of something awful"};

ScreeningReport form_of_words(const std::vector<std::string>& words, std::vector<Code> codes, int first = 0) {
  ScreeningReport report;
  report.id = "scr1";
  report.patient = "pat1";
  report.source = ehr("q1");
  report.status = "completed";
  report.authored = "2026-11-20T10:00:00Z";
  report.codes = std::move(codes);
  int value = first;
  for (const std::string& text : words) report.items.push_back(worded(text, {answer_number(value++ % 4)}));
  return report;
}

TEST(Recognise, CodesAreOnlyCodesOfLoinc) {
  ScreeningReport report = report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1, 1});
  report.codes.clear();
  for (ReportedItem& item : report.items) item.codes[0].system = "http://snomed.info/sct";
  EXPECT_EQ(ids_of(recognise(report)), Ids{});
}

TEST(Recognise, TheTwoQuestionsAloneArePhq2) {
  ScreeningReport report = report_of("phq-2", {1, 2});
  EXPECT_EQ(ids_of(recognise(report)), Ids{"phq-2"});
  report.codes.clear();
  EXPECT_EQ(ids_of(recognise(report)), Ids{"phq-2"});
}

TEST(Recognise, TheTwoQuestionsUnderThePanelOrTotalOfPhq9ArePhq9) {
  ScreeningReport report = report_of("phq-2", {1, 2});
  report.codes = {loinc("44249-1")};
  EXPECT_EQ(ids_of(recognise(report)), Ids{"phq-9"});
  report.codes.clear();
  report.items.push_back(total_item("44261-6", 3));
  EXPECT_EQ(ids_of(recognise(report)), Ids{"phq-9"});
}

TEST(Recognise, OneMoreQuestionMakesItPhq9) {
  ScreeningReport report = report_of("phq-9", {1, 2, 3});
  report.codes.clear();
  EXPECT_EQ(ids_of(recognise(report)), Ids{"phq-9"});
}

TEST(Recognise, SeveralInstrumentsInOneFormAreAllFound) {
  ScreeningReport report = report_of("phq-9", {0, 1, 1, 1, 0, 0, 0, 0, 0});
  const auto add = [&](std::string_view instrument, std::initializer_list<int> scores) {
    const ScreeningReport other = report_of(instrument, scores);
    report.items.insert(report.items.end(), other.items.begin(), other.items.end());
  };
  add("gad-7", {1, 1, 1, 1, 1, 1, 1});
  add("audit-c", {1, 1, 1});
  report.codes.clear();
  report.items.push_back(total_item("70274-6", 7));
  report.items.push_back(total_item("44261-6", 3));
  const Recognition recognition = recognise(report);
  EXPECT_EQ(ids_of(recognition), (Ids{"phq-9", "gad-7", "audit-c"}));
  EXPECT_EQ(recognition.instruments[0].stated_total, 3);
  EXPECT_EQ(recognition.instruments[1].stated_total, 7);
  EXPECT_FALSE(recognition.instruments[2].stated_total);
}

TEST(Recognise, APhq2TotalInsideAPhq9FormIsAScreeningOfItsOwn) {
  ScreeningReport report = report_of("phq-9", {1, 2, 0, 0, 0, 0, 0, 0, 0});
  report.codes.clear();
  report.items.push_back(total_item("55758-7", 3));
  EXPECT_EQ(ids_of(recognise(report)), (Ids{"phq-9", "phq-2"}));
}

TEST(Recognise, AGatedFormWhosePhq9PartWasNotAskedIsPhq2) {
  ScreeningReport report = report_of("phq-9", {0, 1, kBlank, kBlank, kBlank, kBlank, kBlank, kBlank, kBlank});
  report.codes.clear();
  report.items.push_back(total_item("55758-7", 1));
  const Recognition recognition = recognise(report);
  EXPECT_EQ(ids_of(recognition), Ids{"phq-2"});
  EXPECT_TRUE(says(recognition.instruments[0].issues, "PHQ-9 part is not answered"));
}

TEST(Recognise, ScoreObservationsOfEveryConfirmedTotalAreKept) {
  const std::vector<std::pair<std::string, std::string>> kTotals{
      {"55758-7", "phq-2"},      {"70274-6", "gad-7"},  {"82667-7", "dast-10"}, {"75626-2", "audit-c"},
      {"44261-6", "phq-9"},      {"89204-2", "phq-9m"}, {"75624-7", "audit"},   {"99046-5", "epds"},
      {"102017-1", "pc-ptsd-5"}, {"101698-9", "pcl-5"}, {"84773-1", "mdq"}};
  for (const auto& [code, instrument] : kTotals) {
    const Recognition recognition = recognise(score_only(code, 1));
    ASSERT_EQ(ids_of(recognition), Ids{instrument});
    EXPECT_TRUE(recognition.instruments[0].items.empty());
    EXPECT_EQ(recognition.instruments[0].stated_total, 1);
  }
}

TEST(Recognise, WhatIsNotOursIsLeftWithItsReason) {
  const Recognition mmse = recognise(score_only("72106-8", 28));
  EXPECT_TRUE(mmse.instruments.empty());
  EXPECT_TRUE(says(mmse.issues, "not one of the instruments we follow: code 72106-8"));

  ScreeningReport panel = score_only("44249-1", 1);
  panel.stated_total.reset();
  EXPECT_TRUE(says(recognise(panel).issues, "PHQ-9 without answers and without a total"));
  ScreeningReport absent = score_only("44261-6", 1);
  absent.stated_total.reset();
  EXPECT_TRUE(says(recognise(absent).issues, "score of PHQ-9 without a value"));
  EXPECT_TRUE(says(recognise(score_only("44250-9", 1)).issues, "item 1 of PHQ-9 by itself"));
}

TEST(Recognise, AResponseWithoutItsFormSaysWhatIsMissing) {
  ScreeningReport report = form_of_words({"", "", ""}, {});
  report.form = "http://example.org/Questionnaire/x";
  EXPECT_TRUE(says(recognise(report).issues, "is the Questionnaire missing?"));
}

TEST(Recognise, AFormWithoutItemCodesIsToldByItsTexts) {
  const Recognition recognition = recognise(form_of_words(kPhq9Words, {loinc("44249-1")}));
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  ASSERT_EQ(recognition.instruments[0].items.size(), 9U);
  EXPECT_TRUE(recognition.instruments[0].issues.empty());
}

TEST(Recognise, AReorderedFormIsToldByTextNotByPlace) {
  std::vector<std::string> words = kPhq9Words;
  std::ranges::reverse(words);
  const ScreeningReport report = form_of_words(words, {loinc("44249-1")});
  const Recognition recognition = recognise(report);
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  const FoundItem& last = recognition.instruments[0].items.back();
  EXPECT_EQ(last.item->n, 9);
  EXPECT_EQ(last.reported[0]->text, kPhq9Words[8]);
  EXPECT_EQ(last.reported[0]->answers[0].number, 0);
}

TEST(Recognise, TheTotalsCodeAloneNamesTheForm) {
  ScreeningReport report = form_of_words(kPhq9Words, {});
  report.items.push_back(total_item("44261-6", 13));
  const Recognition recognition = recognise(report);
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  EXPECT_EQ(recognition.instruments[0].stated_total, 13);
}

TEST(Recognise, AFormWithoutAnyCodeIsToldByAllItsTextsAndMarked) {
  ScreeningReport report = form_of_words(kPhq9Words, {});
  report.items.push_back(worded("Total score of the nine", {answer_number(13)}, "quantity"));
  const Recognition recognition = recognise(report);
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  EXPECT_EQ(recognition.instruments[0].stated_total, 13);
  EXPECT_TRUE(says(recognition.instruments[0].issues, "recognised by the texts"));
}

TEST(Recognise, TwoFormsWithoutCodesInOneAreBothTold) {
  std::vector<std::string> words = kGad7Words;
  words.insert(words.end(), kPhq9Words.begin(), kPhq9Words.end());
  EXPECT_EQ(ids_of(recognise(form_of_words(words, {}))), (Ids{"phq-9", "gad-7"}));
}

TEST(Recognise, TheTeenFormIsNotTheAdultForm) {
  std::vector<std::string> words = kPhq9Words;
  words[1] = "Down, depressed, irritable, or hopeless";
  std::swap(words[0], words[1]);
  const Recognition recognition = recognise(form_of_words(words, {loinc("89206-7")}));
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9m"});
  EXPECT_EQ(recognition.instruments[0].items.size(), 9U);
  EXPECT_EQ(ids_of(recognise(form_of_words(words, {}))), Ids{"phq-9m"});
}

TEST(Recognise, AMissingOrDoubtfulQuestionIsNotGuessed) {
  std::vector<std::string> words = kPhq9Words;
  words[4] = "Something else entirely";
  const Recognition missing = recognise(form_of_words(words, {loinc("44249-1")}));
  EXPECT_TRUE(missing.instruments.empty());
  ASSERT_NE(missing.doubtful, nullptr);
  EXPECT_EQ(missing.doubtful->id, "phq-9");
  EXPECT_TRUE(says(missing.issues, "its questions could not be told apart"));

  words[4] = kPhq9Words[3];  // the same question twice
  EXPECT_TRUE(recognise(form_of_words(words, {loinc("44249-1")})).instruments.empty());
}

TEST(Recognise, ADoubtfulFormWithATotalKeepsTheTotal) {
  std::vector<std::string> words = kPhq9Words;
  words[4] = "Something else entirely";
  ScreeningReport report = form_of_words(words, {});
  report.items.push_back(total_item("44261-6", 13));
  const Recognition recognition = recognise(report);
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  EXPECT_TRUE(recognition.instruments[0].items.empty());
  EXPECT_EQ(recognition.instruments[0].stated_total, 13);
  EXPECT_TRUE(says(recognition.instruments[0].issues, "could not be told apart; only the stated total is kept"));
}

TEST(Recognise, AnUncodedQuestionInACodedFormIsAddedByItsText) {
  ScreeningReport report = report_of("phq-9", {1, 1, 1, 1, 1, 1, 1, 1});
  report.items.push_back(worded(kPhq9Words[8], {answer_number(2)}));
  const Recognition recognition = recognise(report);
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  EXPECT_EQ(recognition.instruments[0].items.size(), 9U);
  EXPECT_TRUE(says(recognition.instruments[0].issues, "item 9 has no code here, told by its text"));
}

TEST(Recognise, HeavyDrinkingDaysAreNotTheFirstItemOfAuditC) {
  ScreeningReport report = report_of("audit-c", {});
  report.items = {coded("68517-2", {answer_number(0)}), coded("68519-8", {answer_code("LA15694-5")}),
                  coded("68520-6", {answer_code("LA6270-8")}), total_item("75626-2", 0)};
  report.items[0].text = "How many times in the past year ...";
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.instrument, "audit-c");
  ASSERT_EQ(screening.items.size(), 2U);
  EXPECT_EQ(screening.items[0].n, 2);
  EXPECT_EQ(screening.items[0].score, 0);
  EXPECT_EQ(screening.items[1].score, 0);
  EXPECT_FALSE(screening.total);
  EXPECT_EQ(screening.stated_total, 0);
  EXPECT_FALSE(screening.positive);
  EXPECT_TRUE(says(screening.issues, "item 1 missing, total not computed"));
}

TEST(Recognise, HeavyDrinkingDaysAloneAreTheSingleQuestionWhenTheyAreCounted) {
  ScreeningReport report = report_of("sisq-alcohol", {2});
  report.codes.clear();
  EXPECT_EQ(screening_of(report).instrument, "sisq-alcohol");
  report.items[0].answers = {answer_code("LA15695-2")};
  EXPECT_TRUE(apply_all({report}).after.screenings.empty());
}

TEST(Recognise, TheWholeAuditIsNotItsFirstPart) {
  ScreeningReport report = report_of("audit", {1, 1, 1, 0, 0, 0, 0, 0});
  report.codes.clear();
  EXPECT_EQ(ids_of(recognise(report)), Ids{"audit"});
  report.codes = {loinc("72109-2")};
  report.items.resize(3);
  EXPECT_EQ(ids_of(recognise(report)), Ids{"audit-c"});
}

TEST(Recognise, TheResidentInterviewsItemsAreNeverTakenForPhq9) {
  ScreeningReport report = form_of_words({}, {loinc("54635-8")});
  ReportedItem item = coded("54653-1", {answer_code("LA6570-1")});
  item.text = kPhq9Words[8];
  report.items.push_back(item);
  const Recognition recognition = recognise(report);
  EXPECT_TRUE(recognition.instruments.empty());
  EXPECT_EQ(recognition.self_harm.size(), 1U);
}

TEST(Recognise, OurOwnItemCodesNameItemsWithoutLoinc) {
  const ScreeningReport report = report_of("phq-9m", {1, 1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(report.items[0].codes[0].system, kItemSystem);
  const Screening screening = screening_of(report);
  EXPECT_EQ(screening.instrument, "phq-9m");
  EXPECT_EQ(screening.total, 9);
}

TEST(Recognise, GroupsAndDisplaysAreNotQuestions) {
  ScreeningReport report = form_of_words(kPhq9Words, {});
  ReportedItem group = worded("Down, depressed, hopeless: over the last weeks", {}, "group");
  group.codes = {loinc("44261-6")};
  report.items.insert(report.items.begin(), group);
  const Recognition recognition = recognise(report);
  ASSERT_EQ(ids_of(recognition), Ids{"phq-9"});
  EXPECT_TRUE(recognition.instruments[0].issues.empty()) << "the group's code names the form";
}

}  // namespace
}  // namespace bhi::care::test
