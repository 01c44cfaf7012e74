#include "flow/timeline.h"

#include "base/instant.h"
#include "care/instruments.h"
#include "care/medication.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

namespace bhi::flow {

namespace {

using May = std::function<bool(std::string_view right)>;

std::string number(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::string with(std::string text, std::string_view before, std::string_view value, std::string_view after = "") {
  if (!value.empty()) text += std::string(before) + std::string(value) + std::string(after);
  return text;
}

// One line per kind.
class Line {
 public:
  explicit Line(const May& may) : may_(may) {}

  std::string operator()(const care::Screening& screening) const {
    const auto* instrument = care::find_instrument(screening.instrument);
    std::string text(instrument == nullptr ? screening.instrument : instrument->name);
    if (screening.status != "completed" && screening.status != "amended") text += " (" + screening.status + ")";
    if (instrument != nullptr && instrument->substance_use && !may_("read-substance-use"))
      return text + ", result not shown";
    if (screening.total)
      text += " " + std::to_string(*screening.total);
    else if (screening.stated_total)
      text += " " + number(*screening.stated_total) + " as stated";
    else
      text += ", no total";
    text = with(std::move(text), ", ", screening.severity);
    if (screening.positive) text += *screening.positive ? ", positive" : ", negative";
    return text;
  }
  std::string operator()(const care::SafetyEvent& event) const {
    return "safety event " + event.rule + " " + event.level + ", " + event.state;
  }
  std::string operator()(const care::MedicationTherapy& therapy) const {
    if (care::is_substance_use(therapy) && !may_("read-substance-use")) return "medicine not shown, " + therapy.status;
    std::string name = therapy.text;
    for (const std::string& one : therapy.ingredients) name = one;
    return name + ", " + therapy.status;
  }
  std::string operator()(const care::CarePlan& plan) const {
    return with("care plan, " + plan.status, ", next review ", plan.review_date);
  }
  std::string operator()(const care::Episode& episode) const { return "episode " + episode.state; }
  std::string operator()(const care::EpisodeAct& act) const {
    return act.act + (act.effective ? ": now " + act.to : " (no effect)");
  }
  std::string operator()(const care::Consent& consent) const {
    return consent.kind + " consent " + (consent.revoked.at.empty() ? consent.decision : "revoked") + ", " +
           consent.method;
  }
  std::string operator()(const care::Contact& contact) const {
    return "contact with " + contact.with + ", " + contact.modality + ", " + contact.outcome + ", " +
           std::to_string(contact.minutes) + " min" + (contact.status == "final" ? "" : " (" + contact.status + ")");
  }
  std::string operator()(const care::CaseReview& review) const {
    if (!review.discussed) return "case review: not discussed";
    return "case review, " + std::to_string(review.recommendations.size()) + " recommendations";
  }
  std::string operator()(const care::RecommendationAnswer& answer) const {
    return "recommendation " + answer.recommendation + " " + answer.answer;
  }
  std::string operator()(const care::CaseFlag& flag) const {
    const std::string text = flag.raised ? "flagged for review" : "flag taken off";
    return may_("read-notes") ? with(text, ": ", flag.reason) : text;
  }
  std::string operator()(const care::TeamAssignment& assignment) const {
    return assignment.member + (assignment.ended ? " no longer " : " is now ") + assignment.role;
  }
  std::string operator()(const care::Referral& referral) const {
    return with("referral, " + referral.urgency + ", " + referral.status, ", to ", referral.partner);
  }
  std::string operator()(const care::Handoff& handoff) const {
    return handoff.kind + " handoff to " + (handoff.to.empty() ? handoff.to_role : handoff.to) +
           (handoff.accepted.at.empty() ? ", not yet accepted" : ", accepted");
  }
  std::string operator()(const care::CrisisStep& step) const {
    return "crisis step " + step.action + ": " + step.outcome;
  }
  std::string operator()(const care::Partnership& partnership) const {
    return "what the patient wants, " + std::to_string(partnership.declines.size()) + " declines";
  }
  std::string operator()(const care::Feedback& feedback) const {
    return with("feedback of " + feedback.from, ", ", feedback.theme);
  }
  std::string operator()(const care::MedicationDecision& decision) const {
    return with("decision about a medicine", ": ", decision.event);
  }
  // Kinds that a line has not been written for yet are told by their name.
  template <typename Other>
  std::string operator()(const Other&) const {
    return std::string(care::kind_of<Other>());
  }

 private:
  const May& may_;
};

template <typename T>
const std::string& time_of(const T& entry) {
  if constexpr (requires { entry.authored; }) {
    return entry.authored;
  } else if constexpr (requires { entry.occurred; }) {
    return entry.occurred;
  } else if constexpr (requires { entry.starts; }) {
    return entry.starts;
  } else if constexpr (requires { entry.start; }) {
    return entry.start;
  } else if constexpr (requires { entry.requested; }) {
    return entry.requested;
  } else if constexpr (requires { entry.at; }) {
    return entry.at;
  } else if constexpr (requires { entry.date; }) {
    return entry.date;
  } else if constexpr (requires { entry.on; }) {
    return entry.on;
  } else {
    return entry.recorded.at;
  }
}

}  // namespace

std::vector<Happening> timeline(const care::Record& record, const May& may) {
  std::vector<Happening> all;
  const Line line(may);
  const auto add = [&](const auto& list) {
    for (const auto& entry : list) {
      using T = std::remove_cvref_t<decltype(entry)>;
      all.push_back({time_of(entry), std::string(care::kind_of<T>()), entry.id, line(entry)});
    }
  };
  std::apply([&](const auto&... lists) { (add(lists), ...); }, care::lists_of(record));
  std::ranges::stable_sort(all, {}, [](const Happening& one) {
    return std::tuple(instant_from(one.at), std::string_view(one.kind), std::string_view(one.id));
  });
  return all;
}

}  // namespace bhi::flow
