// The tables of binding.h: for each care struct, its members and their names in the logical model, in its order.
// A new element of a logical model needs a line here and a member in care/model.h, nothing else.
#pragma once

#include "care/model.h"

#include <string_view>
#include <tuple>

namespace bhi::flow {

template <typename Struct, typename Type>
struct Field {
  std::string_view name;
  Type Struct::*member;
};

template <typename Struct, typename Type>
constexpr Field<Struct, Type> field(std::string_view name, Type Struct::*member) {
  return {name, member};
}

template <typename Struct>
struct Fields;  // one specialisation per struct

template <>
struct Fields<care::Source> {
  using S = care::Source;
  static constexpr auto table =
      std::make_tuple(field("system", &S::system), field("type", &S::type), field("id", &S::id),
                      field("version", &S::version), field("updated", &S::updated));
};

template <>
struct Fields<care::Code> {
  using S = care::Code;
  static constexpr auto table =
      std::make_tuple(field("system", &S::system), field("code", &S::code), field("display", &S::display));
};

template <>
struct Fields<care::Patient> {
  using S = care::Patient;
  static constexpr std::string_view kind = "Patient";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("source", &S::source), field("name", &S::name), field("gender", &S::gender),
      field("birthDate", &S::birth_date), field("active", &S::active), field("deceased", &S::deceased),
      field("identifiers", &S::identifiers), field("replacedBy", &S::replaced_by));
};

template <>
struct Fields<care::Episode> {
  using S = care::Episode;
  static constexpr std::string_view kind = "Episode";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("patient", &S::patient), field("source", &S::source),
                      field("state", &S::state), field("start", &S::start), field("end", &S::end),
                      field("program", &S::program), field("statedState", &S::stated_state),
                      field("statedStart", &S::stated_start), field("statedEnd", &S::stated_end));
};

template <>
struct Fields<care::ReportedAnswer> {
  using S = care::ReportedAnswer;
  static constexpr auto table = std::make_tuple(field("coding", &S::coding), field("text", &S::text),
                                                field("number", &S::number), field("ordinal", &S::ordinal));
};

template <>
struct Fields<care::ReportedItem> {
  using S = care::ReportedItem;
  static constexpr auto table = std::make_tuple(
      field("linkId", &S::link_id), field("codes", &S::codes), field("text", &S::text), field("type", &S::type),
      field("inForm", &S::in_form), field("optionKnown", &S::option_known), field("answers", &S::answers));
};

template <>
struct Fields<care::ScreeningReport> {
  using S = care::ScreeningReport;
  static constexpr std::string_view kind = "ScreeningReport";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("source", &S::source), field("status", &S::status),
      field("authored", &S::authored), field("form", &S::form), field("codes", &S::codes), field("items", &S::items),
      field("statedTotal", &S::stated_total), field("derivedFrom", &S::derived_from));
};

template <>
struct Fields<care::ScreeningItem> {
  using S = care::ScreeningItem;
  static constexpr auto table = std::make_tuple(field("n", &S::n), field("code", &S::code), field("answer", &S::answer),
                                                field("score", &S::score));
};

template <>
struct Fields<care::SafetyFinding> {
  using S = care::SafetyFinding;
  static constexpr auto table = std::make_tuple(field("rule", &S::rule), field("level", &S::level));
};

template <>
struct Fields<Issue> {
  static constexpr auto table = std::make_tuple(field("severity", &Issue::severity), field("code", &Issue::code),
                                                field("path", &Issue::path), field("text", &Issue::text));
};

template <>
struct Fields<care::Screening> {
  using S = care::Screening;
  static constexpr std::string_view kind = "Screening";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("patient", &S::patient), field("instrument", &S::instrument),
                      field("authored", &S::authored), field("status", &S::status), field("source", &S::source),
                      field("items", &S::items), field("total", &S::total), field("statedTotal", &S::stated_total),
                      field("severity", &S::severity), field("positive", &S::positive), field("complete", &S::complete),
                      field("safety", &S::safety), field("derivedFrom", &S::derived_from), field("issues", &S::issues));
};

template <>
struct Fields<care::SafetyEvent> {
  using S = care::SafetyEvent;
  static constexpr std::string_view kind = "SafetyEvent";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("rule", &S::rule), field("level", &S::level),
      field("derivedFrom", &S::derived_from), field("occurred", &S::occurred), field("raised", &S::raised),
      field("state", &S::state), field("note", &S::note), field("acknowledgedBy", &S::acknowledged_by),
      field("acknowledgedAt", &S::acknowledged_at));
};

template <>
struct Fields<care::Dose> {
  using S = care::Dose;
  static constexpr auto table =
      std::make_tuple(field("value", &S::value), field("unit", &S::unit), field("timesPerDay", &S::times_per_day),
                      field("asNeeded", &S::as_needed), field("text", &S::text));
};

template <>
struct Fields<care::MedicationTherapy> {
  using S = care::MedicationTherapy;
  static constexpr std::string_view kind = "MedicationTherapy";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("source", &S::source), field("status", &S::status),
      field("intent", &S::intent), field("doNotPerform", &S::do_not_perform), field("codes", &S::codes),
      field("text", &S::text), field("authored", &S::authored), field("dose", &S::dose), field("prior", &S::prior),
      field("supplyDays", &S::supply_days), field("refills", &S::refills), field("ingredients", &S::ingredients),
      field("drugClass", &S::drug_class), field("by", &S::by), field("issues", &S::issues));
};

template <>
struct Fields<care::Problem> {
  using S = care::Problem;
  static constexpr auto table =
      std::make_tuple(field("reference", &S::reference), field("text", &S::text), field("codes", &S::codes));
};

template <>
struct Fields<care::Target> {
  using S = care::Target;
  static constexpr auto table =
      std::make_tuple(field("measure", &S::measure), field("text", &S::text), field("due", &S::due));
};

template <>
struct Fields<care::Goal> {
  using S = care::Goal;
  static constexpr auto table = std::make_tuple(field("reference", &S::reference),
                                                field("description", &S::description), field("status", &S::status),
                                                field("targets", &S::targets), field("achievement", &S::achievement));
};

template <>
struct Fields<care::Activity> {
  using S = care::Activity;
  static constexpr auto table = std::make_tuple(field("reference", &S::reference), field("kind", &S::kind),
                                                field("codes", &S::codes), field("description", &S::description),
                                                field("status", &S::status), field("scheduled", &S::scheduled));
};

template <>
struct Fields<care::DerivedPart> {
  using S = care::DerivedPart;
  static constexpr auto table =
      std::make_tuple(field("part", &S::part), field("kind", &S::kind), field("description", &S::description),
                      field("status", &S::status), field("target", &S::target), field("on", &S::on),
                      field("achievement", &S::achievement));
};

template <>
struct Fields<care::CarePlan> {
  using S = care::CarePlan;
  static constexpr std::string_view kind = "CarePlan";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("patient", &S::patient), field("source", &S::source), field("status", &S::status),
      field("intent", &S::intent), field("title", &S::title), field("description", &S::description),
      field("categories", &S::categories), field("behavioral", &S::behavioral), field("start", &S::start),
      field("end", &S::end), field("problems", &S::problems), field("goals", &S::goals),
      field("activities", &S::activities), field("selfManagement", &S::self_management),
      field("relapsePrevention", &S::relapse_prevention), field("safetyPlan", &S::safety_plan),
      field("reviewDate", &S::review_date), field("notes", &S::notes), field("derived", &S::derived));
};

}  // namespace bhi::flow
