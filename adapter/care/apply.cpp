#include "care/apply.h"

#include "care/application.h"
#include "care/recognise.h"

#include <tuple>
#include <type_traits>

namespace bhi::care {

namespace {

// A score-only screening whose Observation says, or whose time says, that it is the score of this response.
bool is_score_of(const Screening& score, const Screening& response) {
  if (score.instrument != response.instrument || !is_score_only(score) || response.items.empty()) return false;
  for (const Source& from : score.derived_from) {
    const bool same_system = from.system.empty() || from.system == response.source.system;
    if (same_system && from.type == response.source.type && from.id == response.source.id && !from.id.empty())
      return true;
  }
  return same_time(score.authored, response.authored);
}

bool same_result(const Screening& a, const Screening& b) {
  return a.status == b.status && a.authored == b.authored && a.total == b.total && a.items == b.items;
}

}  // namespace

// ---- what arrives from sources --------------------------------------------------------------------------------------

void Application::intend(Intent::Artifact artifact, std::string id, std::string reason, bool urgent,
                         bool substance_use) {
  const auto same = [&](const Intent& intent) { return intent.artifact == artifact && intent.id == id; };
  if (std::ranges::any_of(out_.intents, same)) return;
  out_.intents.push_back({artifact, std::move(id), std::move(reason), urgent, substance_use});
}

void Application::operator()(const Patient& patient) {
  auto& held = out_.after.patient;
  if (held && (*held == patient || compare(held->source, patient.source) == Version::Older)) return;
  const std::string before(gender());
  held = patient;
  patient_touched_ = true;
  if (before == patient.gender) return;
  for (Screening& screening : out_.after.screenings) {
    Screening again = screening;
    interpret(again, patient.gender);
    if (again == screening) continue;
    screening = std::move(again);
    note_once(screenings_, screening.id);
  }
}

void Application::operator()(const ScreeningReport& received) {
  ScreeningReport mapped;
  if (!policy_.forms.empty()) mapped = with_site_codes(received, policy_.forms);
  const ScreeningReport& report = policy_.forms.empty() ? received : mapped;
  const std::string path = "Screening/" + report.id;
  const Screening* held = find_by_id(out_.after.screenings, report.id);
  const bool older = held != nullptr && compare(held->source, report.source) == Version::Older;
  const Recognition recognition = recognise(report);
  for (Issue one : recognition.issues) issue(one.severity, one.code, path, std::move(one.text));
  if (!recognition.self_harm.empty()) raise(request_of_foreign_answer(report));
  if (recognition.doubtful != nullptr) {
    if (const auto request = request_of_doubtful_form(report, *recognition.doubtful)) raise(*request);
  }
  if (const auto request = request_of_lone_item(report); request && recognition.instruments.empty()) raise(*request);

  std::vector<std::string> ids;
  for (const Recognised& one : recognition.instruments) {
    // The first of several keeps the report's id.
    const std::string id = ids.empty() ? report.id : report.id + "-" + std::string(one.instrument->id);
    ids.push_back(id);
    Scored scored = score(report, one, id, gender());
    for (const EventRequest& request : scored.events) raise(request);
    out_.issues.insert(out_.issues.end(), scored.screening.issues.begin(), scored.screening.issues.end());
    if (older) {
      issue(Severity::Information, "informational", "Screening/" + id,
            "older than what is held; only its safety counts");
    } else {
      take_screening(std::move(scored));
    }
  }
  if (!older) retire(report, ids);
  if (ids.empty() && (held == nullptr || report.status != "entered-in-error")) out_.left.push_back(report.id);
}

void Application::take_screening(Scored scored) {
  Screening& screening = scored.screening;
  const Screening* held = find_by_id(out_.after.screenings, screening.id);
  if (held != nullptr && *held == screening) return;
  intend_score(screening, held);
  note_once(screenings_, screening.id);
  put(out_.after.screenings, std::move(screening));
}

// Screenings that an earlier version of the report gave and this one gives no more.
void Application::retire(const ScreeningReport& report, const std::vector<std::string>& kept) {
  if (kept.empty() && report.status != "entered-in-error") return;  // not understood now: what is held stays
  const std::string prefix = report.id + "-";
  std::vector<Screening> retired;
  for (const Screening& held : out_.after.screenings) {
    const bool is_its = held.id == report.id || held.id.starts_with(prefix);
    if (is_its && std::ranges::find(kept, held.id) == kept.end()) retired.push_back(held);
  }
  for (const Screening& held : retired) {
    Screening screening = held;
    screening.status = "entered-in-error";
    screening.source = report.source;
    screening.total.reset();
    screening.complete = false;
    interpret(screening, gender());
    if (screening == held) continue;
    intend_score(screening, &held);
    note_once(screenings_, screening.id);
    put(out_.after.screenings, std::move(screening));
  }
}

bool Application::has_score(const Screening& response) const {
  return std::ranges::any_of(out_.after.screenings, [&](const Screening& held) {
    return held.id != response.id && held.status != "entered-in-error" && is_score_of(held, response);
  });
}

void Application::intend_score(const Screening& screening, const Screening* held) {
  if (screening.patient.empty() || is_score_only(screening)) return;
  if (held != nullptr && same_result(*held, screening)) return;
  const Instrument* instrument = find_instrument(screening.instrument);
  const bool substance_use = instrument != nullptr && instrument->substance_use;
  const std::string name(instrument != nullptr ? instrument->name : std::string_view(screening.instrument));
  const bool from_bhi = screening.source.system == kBhi;
  const bool final = is_final_status(screening.status);
  const bool withdrawn = held != nullptr && held->complete && screening.status == "entered-in-error";

  std::string reason;
  if (from_bhi && (final || withdrawn)) {
    reason = withdrawn ? name + " withdrawn at the BHI side" : name + " done at the BHI side";
  } else if (!from_bhi && policy_.write_scores_of_ehr_responses && (screening.complete || withdrawn) &&
             !has_score(screening)) {
    reason = withdrawn ? name + ": its response was entered in error" : name + " scored from response";
  } else {
    return;
  }
  intend(Intent::Artifact::ScreeningResult, screening.id, std::move(reason), false, substance_use);
}

void Application::raise(const EventRequest& request) {
  const std::string id = event_id(request.screening, request.rule);
  const SafetyEvent* held = find_by_id(out_.after.safety, id);
  SafetyEvent event = join(held, request, policy_.safety_recent_days, now_);
  if (held != nullptr && *held == event) return;
  if (pages(event) && (held == nullptr || !pages(*held) || is_worse(event, *held))) {
    intend(Intent::Artifact::SafetyNotice, id, event.rule + " " + event.level, true, false);
  }
  note_once(events_, id);
  put(out_.after.safety, std::move(event));
}

void Application::operator()(const AcknowledgeSafety& acknowledge) {
  SafetyEvent* event = find_by_id(out_.after.safety, acknowledge.event);
  if (event == nullptr) {
    issue(Severity::Error, "not-found", "SafetyEvent/" + acknowledge.event, "no such safety event to acknowledge");
    return;
  }
  if (event->state == "acknowledged") return;
  // What called somebody stands at the EHR, or will.
  if (pages(*event)) intend(Intent::Artifact::SafetyNotice, event->id, event->rule + " acknowledged", false, false);
  event->state = "acknowledged";
  event->acknowledged_by = acknowledge.by;
  event->acknowledged_at = to_text(now_);
  note_once(events_, event->id);
}

// `screening`: what the event was derived from. `response`: the response that a score-only screening is the score of.
void Application::settle_event(SafetyEvent& event, const Screening& screening, const Screening* response) {
  const auto is_answered_in = [&](const Screening& where) {
    const auto finding = std::ranges::find(where.safety, event.rule, &SafetyFinding::rule);
    return finding != where.safety.end() && finding->level != "unknown";
  };
  Aftermath aftermath;
  aftermath.entered_in_error = screening.status == "entered-in-error";
  aftermath.answered_since = is_answered_in(screening);
  aftermath.answered_in_response = response != nullptr && is_answered_in(*response);
  SafetyEvent after = settled(event, aftermath, policy_.safety_recent_days, now_);
  if (after == event) return;
  event = std::move(after);
  note_once(events_, event.id);
}

// Looks again at the events of every screening touched, and of the score of a response touched.
void Application::settle_events() {
  std::vector<std::string> ids = screenings_;
  for (const std::string& id : events_) note_once(ids, find_by_id(out_.after.safety, id)->derived_from);

  const auto& screenings = out_.after.screenings;
  for (std::size_t i = 0, count = ids.size(); i < count; ++i) {
    const Screening* response = find_by_id(out_.after.screenings, ids[i]);
    if (response == nullptr) continue;
    for (const Screening& score : screenings) {
      if (is_score_of(score, *response)) note_once(ids, score.id);
    }
  }
  for (const std::string& id : ids) {
    const Screening* screening = find_by_id(out_.after.screenings, id);
    if (screening == nullptr) continue;
    const auto response =
        std::ranges::find_if(screenings, [&](const Screening& s) { return is_score_of(*screening, s); });
    for (SafetyEvent& event : out_.after.safety) {
      if (event.derived_from == id)
        settle_event(event, *screening, response == screenings.end() ? nullptr : &*response);
    }
  }
}

Applied Application::finish() && {
  settle_events();
  settle_plans();
  const auto add = [&](const auto& list, const std::vector<std::string>& ids) {
    for (const auto& entity : list) {
      if (std::ranges::find(ids, entity.id) != ids.end()) out_.touched.emplace_back(entity);
    }
  };
  const auto add_entry = [&](std::string_view kind, const std::string& id) {
    const auto from = [&](const auto& list) {
      using Kind = typename std::remove_cvref_t<decltype(list)>::value_type;
      if (kind != kind_of<Kind>()) return;
      if (const auto found = std::ranges::find(list, id, &Kind::id); found != list.end()) {
        out_.touched.emplace_back(*found);
      }
    };
    std::apply([&](const auto&... lists) { (from(lists), ...); }, lists_of(std::as_const(out_.after)));
  };
  if (patient_touched_) out_.touched.emplace_back(*out_.after.patient);
  add(out_.after.episodes, episodes_);
  add(out_.after.screenings, screenings_);
  add(out_.after.medications, medications_);
  add(out_.after.plans, plans_);
  add(out_.after.safety, events_);
  if (withdrawn_) out_.touched.emplace_back(*std::move(withdrawn_));
  for (const auto& [kind, id] : entries_) add_entry(kind, id);
  return std::move(out_);
}

std::string_view name(Intent::Artifact artifact) {
  switch (artifact) {
    case Intent::Artifact::ScreeningResult: return "screening-result";
    case Intent::Artifact::CarePlanUpdate: return "care-plan";
    case Intent::Artifact::SafetyNotice: return "safety";
  }
  return "safety";
}

void put_in_order(Record& record) {
  const auto sort = [](auto& list) {
    std::ranges::sort(list, [](const auto& a, const auto& b) { return stands_before(a, b); });
  };
  std::apply([&](auto&... lists) { (sort(lists), ...); }, lists_of(record));
}

Applied apply(Record before, std::span<const Change> changes, const Policy& policy, Instant now) {
  Application application(std::move(before), policy, now);
  for (const Change& change : changes) std::visit(application, change);
  return std::move(application).finish();
}

}  // namespace bhi::care
