// The team's entries, written short.
#pragma once

#include "tests/care/support.h"

#include "care/model_practice.h"

namespace bhi::care::test {

inline EpisodeAct act_of(std::string_view id, std::string_view act, std::string_view at,
                         std::string_view episode = "epi1") {
  EpisodeAct made;
  made.id = id;
  made.patient = "pat1";
  made.episode = episode;
  made.act = act;
  made.at = at;
  made.by = "cm1";
  return made;
}

inline EpisodeAct undo_of(std::string_view id, std::string_view undone, std::string_view at) {
  EpisodeAct made = act_of(id, "undo", at);
  made.undoes = undone;
  return made;
}

inline Consent consent_of(std::string_view id, std::string_view starts, std::string_view kind = "service") {
  Consent consent;
  consent.id = id;
  consent.patient = "pat1";
  consent.kind = kind;
  consent.decision = "given";
  consent.method = "verbal";
  if (kind == "service") consent.elements = {"consultation", "cost-sharing", "right-to-stop"};
  consent.starts = starts;
  consent.recorded = {"cm1", std::string(starts)};
  return consent;
}

inline Contact contact_of(std::string_view id, std::string_view start, int minutes,
                          std::string_view role = "care-manager") {
  Contact contact;
  contact.id = id;
  contact.patient = "pat1";
  contact.episode = "epi1";
  contact.member = "cm1";
  contact.role = role;
  contact.start = start;
  contact.minutes = minutes;
  contact.with = "patient";
  contact.modality = "in-person";
  contact.outcome = "reached";
  contact.activities = {"brief-intervention"};
  contact.setting = "community";
  contact.status = "final";
  contact.recorded = {"cm1", std::string(start)};
  return contact;
}

inline CaseReview review_of(std::string_view id, std::string_view date, bool discussed = true) {
  CaseReview review;
  review.id = id;
  review.patient = "pat1";
  review.episode = "epi1";
  review.date = date;
  review.consultant = "psy1";
  review.discussed = discussed;
  review.status = "final";
  review.recorded = {"cm1", std::string(date) + (date.size() == 10 ? "T18:00:00Z" : "")};
  return review;
}

inline RecommendationAnswer answer_of(std::string_view id, std::string_view review, std::string_view recommendation,
                                      std::string_view answer, std::string_view at) {
  RecommendationAnswer made;
  made.id = id;
  made.patient = "pat1";
  made.review = review;
  made.recommendation = recommendation;
  made.answer = answer;
  if (answer != "accepted") made.reason = "patient prefers therapy";
  made.recorded = {"pcp1", std::string(at)};
  return made;
}

inline Practice cocm_practice(std::string_view zone = "America/New_York") {
  Practice practice;
  practice.id = "prac1";
  practice.care_model = "cocm";
  practice.roles_active = {"pcp", "nurse", "care-manager", "psychiatric-consultant", "administrative", "program-lead"};
  practice.time_zone = zone;
  practice.payers = {{"any", "cocm", true, false}};
  return practice;
}

inline TeamMember member_of(std::string_view id, std::vector<std::string> roles) {
  TeamMember member;
  member.id = id;
  member.roles = std::move(roles);
  return member;
}

inline std::string state_of(const Applied& applied, std::string_view episode = "epi1") {
  for (const Episode& one : applied.after.episodes) {
    if (one.id == episode) return one.state;
  }
  return "";
}

}  // namespace bhi::care::test
