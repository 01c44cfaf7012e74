// One call of apply(): the record being changed and what came of it. Inside of care/apply.cpp, apply_plans.cpp
// and apply_work.cpp.
#pragma once

#include "care/apply.h"
#include "care/medication.h"
#include "care/plan_proposals.h"
#include "care/review.h"
#include "care/safety.h"
#include "care/scoring.h"
#include "care/times.h"
#include "care/work_check.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::care {

inline constexpr std::string_view kBhi = "bhi";

// ---- places in a record: every list has one order, whatever arrived first
// --------------------------------------------

inline std::string_view time_of(const Screening& screening) { return screening.authored; }
inline std::string_view time_of(const MedicationTherapy& therapy) { return therapy.authored; }
inline std::string_view time_of(const SafetyEvent& event) { return event.occurred; }
inline std::string_view time_of(const Episode& episode) { return episode.start; }
inline std::string_view time_of(const CarePlan&) { return {}; }
inline std::string_view time_of(const EpisodeAct& act) { return act.at; }
inline std::string_view time_of(const Contact& contact) { return contact.start; }
inline std::string_view time_of(const CaseReview& review) { return review.date; }
inline std::string_view time_of(const Referral& referral) { return referral.requested; }
inline std::string_view time_of(const Handoff& handoff) { return handoff.at; }
inline std::string_view time_of(const Feedback& feedback) { return feedback.date; }
inline std::string_view time_of(const MedicationDecision& decision) { return decision.on; }
template <typename T>
requires requires(const T& entry) { entry.recorded; }
std::string_view time_of(const T& entry) { return entry.recorded.at; }

template <typename T>
bool stands_before(const T& a, const T& b) {
  if (earlier(time_of(a), time_of(b))) return true;
  return !earlier(time_of(b), time_of(a)) && a.id < b.id;
}

template <typename T>
T* find_by_id(std::vector<T>& list, std::string_view id) {
  const auto found = std::ranges::find(list, id, &T::id);
  return found == list.end() ? nullptr : &*found;
}

template <typename T>
const T* find_by_id(const std::vector<T>& list, std::string_view id) {
  const auto found = std::ranges::find(list, id, &T::id);
  return found == list.end() ? nullptr : &*found;
}

template <typename T>
void put(std::vector<T>& list, T entity) {
  std::erase_if(list, [&](const T& held) { return held.id == entity.id; });
  const auto place = std::ranges::lower_bound(list, entity, stands_before<T>);
  list.insert(place, std::move(entity));
}

template <typename T>
void note_once(std::vector<T>& ids, const T& id) {
  if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
}

// ---- one call of apply() --------------------------------------------------------------------------------------------

class Application {
 public:
  Application(Record before, const Policy& policy, Instant now) : policy_(policy), now_(now) {
    out_.after = std::move(before);
    std::erase_if(out_.after.plans, is_withdrawn_draft);
    wish_before_ = review_wish(out_.after.screenings, policy_, now_);
  }

  void operator()(const Patient& patient);
  void operator()(Episode episode);
  void operator()(EpisodeAct act);
  void operator()(Consent consent);
  void operator()(const RevokeConsent& revocation);
  void operator()(const ScreeningReport& report);
  void operator()(MedicationTherapy therapy) {
    classify(therapy);
    out_.issues.insert(out_.issues.end(), therapy.issues.begin(), therapy.issues.end());
    merge(out_.after.medications, std::move(therapy), medications_);
  }
  void operator()(CarePlan plan);
  void operator()(const AcknowledgeSafety& acknowledge);
  // Contact, CaseReview, Referral, ...: what the team enters.
  template <typename Entry>
  requires requires(const Entry& entry) { entry.recorded; }
  void operator()(Entry entry) {
    if (is_new_entry(entry)) put_entry(std::move(entry));
  }

  Applied finish() &&;

 private:
  std::string_view gender() const { return out_.after.patient ? out_.after.patient->gender : std::string_view(); }

  void issue(Severity severity, std::string_view code, std::string path, std::string text) {
    out_.issues.push_back({severity, std::string(code), std::move(path), std::move(text)});
  }

  // Newer replaces; the same version replaces when it reads differently now (a form or a map came later); older is
  // left.
  template <typename T>
  void merge(std::vector<T>& list, T incoming, std::vector<std::string>& touched) {
    const T* held = find_by_id(list, incoming.id);
    if (held != nullptr && (*held == incoming || compare(held->source, incoming.source) == Version::Older)) return;
    note_once(touched, incoming.id);
    put(list, std::move(incoming));
  }

  // False: refused with its issues, a repeat, or older than what is held.
  template <typename Entry>
  bool is_new_entry(const Entry& entry);
  template <typename Entry>
  void put_entry(Entry entry) {
    note_once(entries_, {kind_of<Entry>(), entry.id});
    put(list_of<Entry>(out_.after), std::move(entry));
  }
  bool has_passed(Issues issues, const std::string& id);
  void refuse(const std::string& id) { note_once(out_.refused, id); }
  void tell_episode(const std::string& id);

  void take_screening(Scored scored);
  void retire(const ScreeningReport& report, const std::vector<std::string>& kept);
  void raise(const EventRequest& request);
  void intend(Intent::Artifact artifact, std::string id, std::string reason, bool urgent, bool substance_use);
  void intend_score(const Screening& screening, const Screening* held);
  bool has_score(const Screening& response) const;
  void settle_events();
  void settle_event(SafetyEvent& event, const Screening& screening, const Screening* response);
  void settle_plans();
  std::string settle_draft(std::span<const Proposal> proposals);
  void withdraw(const CarePlan& draft);

  const Policy& policy_;
  Instant now_;
  Applied out_;
  std::optional<ReviewWish> wish_before_;
  std::optional<CarePlan> withdrawn_;  // our draft, taken back: told to the store, no part of the record
  bool patient_touched_ = false;
  std::vector<std::string> episodes_, screenings_, medications_, plans_, events_;  // ids touched
  std::vector<std::string> arrived_plans_;
  std::vector<std::pair<std::string_view, std::string>> entries_;  // kind and id of the team's entries touched
};

template <typename Entry>
bool Application::is_new_entry(const Entry& entry) {
  const Entry* held = find_by_id(list_of<Entry>(out_.after), entry.id);
  if (held != nullptr && *held == entry) return false;
  if (!has_passed(check(entry), entry.id)) return false;
  if (held == nullptr) return true;
  if constexpr (requires { entry.source; }) {
    // Two versions of one resource of an EHR: its versions say which is newer, as for all that we read there.
    const bool same_origin = !entry.source.system.empty() && entry.source.system == held->source.system &&
                             entry.source.type == held->source.type && entry.source.id == held->source.id;
    if (same_origin) return compare(held->source, entry.source) != Version::Older;
  }
  if (earlier(held->recorded.at, entry.recorded.at)) return true;
  if (same_time(held->recorded.at, entry.recorded.at)) {
    refuse(entry.id);
    issue(Severity::Error, "conflict", std::string(kind_of<Entry>()) + "/" + entry.id,
          "this id is taken by another entry recorded at the same moment");
  }
  return false;
}

}  // namespace bhi::care
