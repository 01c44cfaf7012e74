// The tables of binding.h for a billing month (care/billing.h); see fields.h. What kind of month it is, is `type` in
// JSON.
#pragma once

#include "care/billing.h"
#include "flow/fields.h"

namespace bhi::flow {

template <>
struct Fields<care::RoleMinutes> {
  using S = care::RoleMinutes;
  static constexpr auto table =
      std::make_tuple(field("role", &S::role), field("minutes", &S::minutes), field("counted", &S::counted));
};

template <>
struct Fields<care::MinutePiece> {
  using S = care::MinutePiece;
  static constexpr auto table = std::make_tuple(
      field("contact", &S::contact), field("member", &S::member), field("role", &S::role), field("start", &S::start),
      field("minutes", &S::minutes), field("counted", &S::counted), field("why", &S::why));
};

template <>
struct Fields<care::BillingLine> {
  using S = care::BillingLine;
  static constexpr auto table = std::make_tuple(field("code", &S::code), field("units", &S::units),
                                                field("needsReview", &S::needs_review), field("note", &S::note));
};

template <>
struct Fields<care::BillingElement> {
  using S = care::BillingElement;
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("present", &S::present), field("evidence", &S::evidence));
};

template <>
struct Fields<care::BillingMonth> {
  using S = care::BillingMonth;
  static constexpr std::string_view kind = "BillingMonth";
  static constexpr auto table = std::make_tuple(
      field("patient", &S::patient), field("episode", &S::episode), field("month", &S::month), field("type", &S::kind),
      field("minutes", &S::minutes), field("roles", &S::roles), field("pieces", &S::pieces), field("lines", &S::lines),
      field("elements", &S::elements), field("reasons", &S::reasons), field("ready", &S::ready));
};

}  // namespace bhi::flow
