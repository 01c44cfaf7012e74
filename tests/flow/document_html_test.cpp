// What a person reads at an EHR that takes no structured form: complete, escaped, and nothing from elsewhere.
#include "flow/document_html.h"

#include "flow/binding.h"
#include "tests/flow/support/delivery_fixture.h"

#include <gtest/gtest.h>

namespace bhi::flow {
namespace {

std::string page(const care::Entity& entity, const DocumentFacts& facts = {}) {
  Arena arena;
  return document_html(to_node(entity, arena), facts);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(DocumentHtml, EscapesWhateverStandsInThePlan) {
  care::CarePlan hostile = plan();
  hostile.title = "<script>alert('1')</script> & \"more\"";
  hostile.notes = {"line one\nline two", "<img src=x onerror=y>"};
  hostile.goals.push_back({"", "PHQ-9 < 5\x01", "", {{"44261-6", "< 5", "2027-01-01"}}, "improving"});
  const std::string html = page(hostile);
  EXPECT_FALSE(has(html, "<script"));
  EXPECT_FALSE(has(html, "<img"));
  EXPECT_FALSE(has(html, "\x01"));
  EXPECT_TRUE(has(html, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;more&quot;"));
  EXPECT_TRUE(has(html, "line one<br/>line two"));
  EXPECT_TRUE(has(html, "<td>PHQ-9 &lt; 5</td><td>improving</td><td>&lt; 5</td><td>2027-01-01</td>"));
  std::string rest = html;
  const std::string_view own = "xmlns=\"http://www.w3.org/1999/xhtml\"";
  rest.erase(rest.find(own), own.size());
  for (const char* remote : {"http:", "https:", "href=", "style", "url("}) EXPECT_FALSE(has(rest, remote)) << remote;
}

TEST(DocumentHtml, SaysWhenByWhomAndInWhichVersion) {
  const std::string html = page(plan(), {kNow, 7, "", ""});
  EXPECT_TRUE(has(html,
                  "Written by bhi-adapter for the behavioral health integration team at "
                  "2026-11-22T09:00:00.000Z, version 7."));
  EXPECT_TRUE(has(html, "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">"));
  EXPECT_TRUE(has(html, "<th scope=\"col\">Activity</th>"));
}

TEST(DocumentHtml, AScreeningShowsItsTotalBandAndAnswers) {
  care::Screening screening = phq9();
  screening.positive = false;
  const std::string html = page(screening);
  EXPECT_TRUE(has(html, "<strong>Total:</strong> 9 of 27"));
  EXPECT_TRUE(has(html, "<strong>Band:</strong> mild"));
  EXPECT_TRUE(has(html, "<strong>Screen:</strong> negative"));
  EXPECT_TRUE(has(html, "several days"));
  DocumentFacts facts;
  facts.score_only = true;
  EXPECT_FALSE(has(page(screening, facts), "<table>"));
}

TEST(DocumentHtml, WhatIsTakenBackRepeatsNothing) {
  care::Screening wrong = phq9();
  wrong.status = "entered-in-error";
  const std::string html = page(wrong, {kNow, 2, "DocumentReference/5", ""});
  EXPECT_TRUE(has(html, "Entered in error: do not rely on what was written here before."));
  EXPECT_TRUE(has(html, "DocumentReference/5"));
  EXPECT_FALSE(has(html, "mild"));
  EXPECT_FALSE(has(html, "9 of 27"));
}

TEST(DocumentHtml, ASafetyNoticeIsTheMinimum) {
  care::SafetyEvent event;
  event.id = "v1";
  event.level = "positive";
  event.state = "open";
  event.rule = "phq-9.item-9";
  event.note = "item 9 answered 3";
  const std::string html = page(event);
  EXPECT_TRUE(has(html, "Same-day safety assessment due"));
  EXPECT_FALSE(has(html, "item 9"));
  EXPECT_FALSE(has(html, "phq-9"));
}

TEST(DocumentHtml, ANoticeAgainstRedisclosureIsReadInIt) {
  EXPECT_TRUE(has(page(plan(), {kNow, 1, "", "42 CFR part 2 prohibits..."}), "42 CFR part 2 prohibits..."));
}

TEST(DocumentHtml, OfAnotherKindThereIsNone) { EXPECT_EQ(page(patient()), ""); }

}  // namespace
}  // namespace bhi::flow
