// The tables of binding.h for the team's work (care/model_work.h); see fields.h. A member `kind` of an entity is `type`
// in JSON, where `kind` says which entity it is.
#pragma once

#include "flow/fields.h"

namespace bhi::flow {

template <>
struct Fields<care::Recorded> {
  using S = care::Recorded;
  static constexpr auto table = std::make_tuple(field("by", &S::by), field("at", &S::at));
};

template <>
struct Fields<care::EpisodeAct> {
  using S = care::EpisodeAct;
  static constexpr std::string_view kind = "EpisodeAct";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("episode", &S::episode), field("act", &S::act),
      field("at", &S::at), field("by", &S::by), field("reason", &S::reason), field("undoes", &S::undoes),
      field("effective", &S::effective), field("from", &S::from), field("to", &S::to), field("note", &S::note));
};

template <>
struct Fields<care::Consent> {
  using S = care::Consent;
  static constexpr std::string_view kind = "Consent";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("type", &S::kind), field("decision", &S::decision),
      field("method", &S::method), field("elements", &S::elements), field("covers", &S::covers),
      field("practitioner", &S::practitioner), field("starts", &S::starts), field("expires", &S::expires),
      field("recorded", &S::recorded), field("revoked", &S::revoked), field("revokeReason", &S::revoke_reason));
};

template <>
struct Fields<care::Contact> {
  using S = care::Contact;
  static constexpr std::string_view kind = "Contact";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("episode", &S::episode), field("member", &S::member),
      field("role", &S::role), field("start", &S::start), field("minutes", &S::minutes), field("with", &S::with),
      field("modality", &S::modality), field("outcome", &S::outcome), field("activities", &S::activities),
      field("screenings", &S::screenings), field("patientLocation", &S::patient_location),
      field("callback", &S::callback), field("setting", &S::setting), field("billedAs", &S::billed_as),
      field("nextDue", &S::next_due), field("status", &S::status), field("recorded", &S::recorded));
};

template <>
struct Fields<care::Recommendation> {
  using S = care::Recommendation;
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("kind", &S::kind), field("text", &S::text), field("owner", &S::owner),
                      field("due", &S::due), field("answerDue", &S::answer_due));
};

template <>
struct Fields<care::CaseReview> {
  using S = care::CaseReview;
  static constexpr std::string_view kind = "CaseReview";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("episode", &S::episode), field("date", &S::date),
      field("consultant", &S::consultant), field("discussed", &S::discussed),
      field("recommendations", &S::recommendations), field("status", &S::status), field("recorded", &S::recorded));
};

template <>
struct Fields<care::RecommendationAnswer> {
  using S = care::RecommendationAnswer;
  static constexpr std::string_view kind = "RecommendationAnswer";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("patient", &S::patient), field("review", &S::review),
                      field("recommendation", &S::recommendation), field("answer", &S::answer),
                      field("reason", &S::reason), field("recorded", &S::recorded));
};

template <>
struct Fields<care::CaseFlag> {
  using S = care::CaseFlag;
  static constexpr std::string_view kind = "CaseFlag";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("patient", &S::patient), field("reason", &S::reason),
                      field("raised", &S::raised), field("recorded", &S::recorded));
};

template <>
struct Fields<care::TeamAssignment> {
  using S = care::TeamAssignment;
  static constexpr std::string_view kind = "TeamAssignment";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("role", &S::role), field("member", &S::member),
      field("clinic", &S::clinic), field("ended", &S::ended), field("recorded", &S::recorded));
};

template <>
struct Fields<care::Referral> {
  using S = care::Referral;
  static constexpr std::string_view kind = "Referral";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("episode", &S::episode), field("partner", &S::partner),
      field("capability", &S::capability), field("urgency", &S::urgency), field("status", &S::status),
      field("requested", &S::requested), field("requestedBy", &S::requested_by), field("appointment", &S::appointment),
      field("outcome", &S::outcome), field("recorded", &S::recorded));
};

template <>
struct Fields<care::Handoff> {
  using S = care::Handoff;
  static constexpr std::string_view kind = "Handoff";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("patient", &S::patient), field("type", &S::kind),
                      field("from", &S::from), field("to", &S::to), field("toRole", &S::to_role), field("at", &S::at),
                      field("covered", &S::covered), field("accepted", &S::accepted), field("recorded", &S::recorded));
};

template <>
struct Fields<care::CrisisStep> {
  using S = care::CrisisStep;
  static constexpr std::string_view kind = "CrisisStep";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("event", &S::event), field("protocol", &S::protocol),
      field("protocolVersion", &S::protocol_version), field("action", &S::action), field("outcome", &S::outcome),
      field("note", &S::note), field("recorded", &S::recorded));
};

template <>
struct Fields<care::InvolvedPerson> {
  using S = care::InvolvedPerson;
  static constexpr auto table = std::make_tuple(field("relation", &S::relation), field("mayKnow", &S::may_know));
};

template <>
struct Fields<care::Decline> {
  using S = care::Decline;
  static constexpr auto table =
      std::make_tuple(field("what", &S::what), field("on", &S::on), field("reason", &S::reason));
};

template <>
struct Fields<care::Partnership> {
  using S = care::Partnership;
  static constexpr std::string_view kind = "Partnership";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("patient", &S::patient), field("preferredName", &S::preferred_name),
                      field("language", &S::language), field("interpreter", &S::interpreter), field("goals", &S::goals),
                      field("resourcesGiven", &S::resources_given), field("involved", &S::involved),
                      field("declines", &S::declines), field("recorded", &S::recorded));
};

template <>
struct Fields<care::Feedback> {
  using S = care::Feedback;
  static constexpr std::string_view kind = "Feedback";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("from", &S::from), field("date", &S::date),
      field("theme", &S::theme), field("text", &S::text), field("action", &S::action),
      field("workflowVersion", &S::workflow_version), field("recorded", &S::recorded));
};

}  // namespace bhi::flow
