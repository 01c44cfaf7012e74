#include "flow/entry_check.h"

#include "care/team.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace bhi::flow {

namespace {

class Names {
 public:
  Names(const care::Record& record, const care::PracticeRecord& practice) : record_(record), practice_(practice) {}

  void operator()(const care::EpisodeAct& act) { member("by", act.by); }
  void operator()(const care::Contact& contact) {
    holds("member", contact.member, contact.role);
    known("episode", contact.episode, record_.episodes);
    for (const std::string& one : contact.screenings) known("screenings", one, record_.screenings);
  }
  void operator()(const care::CaseReview& review) {
    holds("consultant", review.consultant, "psychiatric-consultant");
    known("episode", review.episode, record_.episodes);
    for (const care::Recommendation& one : review.recommendations) member("recommendations.owner", one.owner);
  }
  void operator()(const care::RecommendationAnswer& answer) {
    const auto review = std::ranges::find(record_.reviews, answer.review, &care::CaseReview::id);
    if (review == record_.reviews.end()) return say("not-found", "review", "expected a review of this patient");
    known("recommendation", answer.recommendation, review->recommendations);
  }
  void operator()(const care::TeamAssignment& assignment) { holds("member", assignment.member, assignment.role); }
  void operator()(const care::Referral& referral) {
    known("episode", referral.episode, record_.episodes);
    if (!practice_.partners.empty()) known("partner", referral.partner, practice_.partners);
    if (!referral.requested_by.empty()) member("requestedBy", referral.requested_by);
  }
  void operator()(const care::Handoff& handoff) {
    member("from", handoff.from);
    if (!handoff.to.empty()) holds("to", handoff.to, handoff.to_role);
  }
  void operator()(const care::CrisisStep& step) {
    const auto known_event = std::ranges::find(record_.safety, step.event, &care::SafetyEvent::id);
    if (known_event == record_.safety.end()) say("not-found", "event", "expected a safety event of this patient");
  }
  template <typename Other>
  void operator()(const Other&) {}

  Issues done(const care::Entity& entry) && {
    const std::string id = std::visit([](const auto& value) { return value.id; }, entry);
    for (Issue& issue : issues_) issue.path = std::string(care::kind_of(entry)) + "/" + id + "." + issue.path;
    return std::move(issues_);
  }

 private:
  void say(std::string_view code, std::string_view element, std::string text) {
    issues_.push_back({Severity::Error, std::string(code), std::string(element), std::move(text)});
  }

  template <typename T>
  void known(std::string_view element, std::string_view id, const std::vector<T>& list) {
    if (id.empty() || std::ranges::find(list, id, &T::id) != list.end()) return;
    say("not-found", element, "expected an id that is known here");
  }

  const care::TeamMember* member(std::string_view element, std::string_view id) {
    if (practice_.practice.id.empty() || practice_.members.empty() || id.empty()) return nullptr;
    const auto found = std::ranges::find(practice_.members, id, &care::TeamMember::id);
    if (found != practice_.members.end()) return &*found;
    say("not-found", element, "expected the id of a team member");
    return nullptr;
  }

  void holds(std::string_view element, std::string_view id, std::string_view role) {
    const care::TeamMember* found = member(element, id);
    if (found == nullptr || !care::is_role(role)) return;  // of the word itself the rules speak
    const auto roles = care::roles_of(*found, practice_.practice);
    if (std::ranges::find(roles, role) == roles.end())
      say("business-rule", element, "expected a member who holds the role " + std::string(role));
  }

  const care::Record& record_;
  const care::PracticeRecord& practice_;
  Issues issues_;
};

}  // namespace

Issues check_names(const care::Entity& entry, const care::Record& record, const care::PracticeRecord& practice) {
  Names names(record, practice);
  std::visit([&](const auto& value) { names(value); }, entry);
  return std::move(names).done(entry);
}

}  // namespace bhi::flow
