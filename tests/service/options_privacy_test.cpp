// What the configuration says about confidentiality, and what it comes to for each EHR.
#include "service/options_privacy.h"

#include "service/read_settings.h"

#include <gtest/gtest.h>

#include <string>

namespace bhi::service {
namespace {

constexpr std::string_view kSources = R"(sources:
  - name: main
    base_url: http://127.0.0.1:1/fhir
    consent_required: true
  - name: rehab
    base_url: http://127.0.0.1:2/fhir
    part2: true
)";

Result<Settings> settings(const std::string& privacy) {
  return read_settings("instance_id: test\nstore:\n  path: /tmp/x.db\n" + std::string(kSources) + privacy, "c.yaml");
}

TEST(OptionsPrivacy, NobodyHavingSaidCountsAsAProgrammeWithoutTexts) {
  const auto read = settings("");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const flow::Privacy& privacy = find_source(*read, "main")->privacy;
  EXPECT_EQ(privacy.practice, flow::Part2::Unstated);
  EXPECT_TRUE(privacy.redisclosure_notice.empty());
  EXPECT_TRUE(privacy.consent_required);
  EXPECT_EQ(privacy.part2_sources, std::vector<std::string>{"rehab"});
  EXPECT_FALSE(find_source(*read, "rehab")->privacy.consent_required);
}

TEST(OptionsPrivacy, EverySourceGetsWhatIsSaidOfThePractice) {
  const auto read = settings(R"(privacy:
  part2_program: no
  redisclosure_notice: The notice.
  consent_scope: "Covers {covers}."
)");
  ASSERT_TRUE(read.ok()) << read.error().message;
  for (const SourceSettings& source : read->sources) {
    EXPECT_EQ(source.privacy.practice, flow::Part2::No);
    EXPECT_EQ(source.privacy.redisclosure_notice, "The notice.");
    EXPECT_EQ(source.privacy.consent_scope, "Covers {covers}.");
  }
}

TEST(OptionsPrivacy, WhatCannotBeMeantIsRefusedWithItsPlace) {
  for (const char* wrong : {"part2_program: maybe", "redisclosure_notice: ''", "redisclosure_notice: ' x'",
                            "consent_scope: without the place"}) {
    const auto read = settings("privacy:\n  " + std::string(wrong) + "\n");
    ASSERT_FALSE(read.ok()) << wrong;
    EXPECT_NE(read.error().message.find("c.yaml:12:"), std::string::npos) << read.error().message;
  }
}

}  // namespace
}  // namespace bhi::service
