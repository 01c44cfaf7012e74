#include "flow/words.h"

#include "care/work_check.h"
#include "flow/bhi_act.h"
#include "flow/practice_check.h"

#include <string_view>

namespace bhi::flow {

namespace {

constexpr std::string_view kOneOf = "expected one of ";

// "Contact/.modality" of an entry without id -> "Contact.modality"; `kind` is `type` in JSON (fields_work.h).
std::string element_of(std::string path, bool top_level_kind) {
  path.erase(path.find('/'), 1);
  if (top_level_kind && path.ends_with(".kind")) path.replace(path.size() - 4, 4, "type");
  return path;
}

void learn(Words& words, const Issues& issues) {
  for (const Issue& issue : in_words_of_the_model(issues)) {
    if (!issue.text.starts_with(kOneOf)) continue;
    const bool nested = issue.path.find('.') != issue.path.rfind('.');
    auto& list = words[element_of(issue.path, !nested)];
    if (!list.empty()) continue;
    std::string_view left = std::string_view(issue.text).substr(kOneOf.size());
    while (!left.empty()) {
      const auto end = std::min(left.find(", "), left.size());
      list.emplace_back(left.substr(0, end));
      left.remove_prefix(std::min(end + 2, left.size()));
    }
  }
}

const std::vector<std::string> kNoWord = {"?"};

}  // namespace

Words allowed_words() {
  Words words;
  care::Consent consent;
  consent.elements = consent.covers = kNoWord;
  learn(words, care::check(consent));
  learn(words, care::check(care::Contact{}));
  care::CaseReview review;
  review.recommendations.emplace_back();
  learn(words, care::check(review));
  learn(words, care::check(care::RecommendationAnswer{}));
  learn(words, care::check(care::Referral{}));
  care::Handoff handoff;
  handoff.covered = kNoWord;
  learn(words, care::check(handoff));
  learn(words, care::check(care::CrisisStep{}));
  learn(words, care::check(care::Feedback{}));

  care::Practice practice;
  practice.payers.emplace_back();
  learn(words, check_entry(practice, {}, {}));
  care::TeamMember member;
  member.qualification = kNoWord.front();
  learn(words, check_entry(member, {}, {}));
  learn(words, check_entry(care::CommunityPartner{}, {}, {}));
  return words;
}

}  // namespace bhi::flow
