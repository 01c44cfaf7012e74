#include "flow/bhi_side.h"

#include "base/hash.h"
#include "care/posted.h"
#include "fhir/json.h"
#include "flow/bhi_act.h"
#include "flow/binding.h"
#include "flow/merge.h"
#include "flow/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr std::string_view kBhi = "bhi";
constexpr std::chrono::minutes kClockTolerance{10};

Error incorrect(const Issues& issues) {
  std::string message;
  for (const Issue& issue : issues) {
    if (!message.empty()) message += "; ";
    message += issue.path + ": " + issue.text;
  }
  return {Kind::Incorrect, std::move(message)};
}

std::optional<int> whole_number(const Node* node) {
  if (node == nullptr || node->kind() != fhir::NodeKind::Number) return std::nullopt;
  int value = 0;
  const std::string_view text = node->text();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

void refuse_unknown(const Node& object, std::initializer_list<std::string_view> known, const std::string& path,
                    Issues& issues) {
  for (const fhir::Member& member : object.members()) {
    if (std::ranges::find(known, member.name->text) != known.end()) continue;
    issues.push_back({Severity::Error, "structure", path.empty() ? std::string(member.name->text.substr(0, 64)) : path,
                      "unknown element"});
  }
}

// The {n, score} pairs of the body.
std::vector<care::PostedItem> items_of(const Node& body, Issues& issues) {
  std::vector<care::PostedItem> items;
  const Node* list = body.find("items");
  if (list == nullptr || !list->is_array() || list->elements().empty()) {
    issues.push_back({Severity::Error, "required", "items", "expected a list of {n, score}"});
    return items;
  }
  for (const Node& element : list->elements()) {
    const std::string path = "items[" + std::to_string(items.size()) + "]";
    care::PostedItem& item = items.emplace_back();
    if (!element.is_object()) {
      issues.push_back({Severity::Error, "structure", path, "expected {n, score}"});
      continue;
    }
    refuse_unknown(element, {"n", "score"}, path, issues);
    const auto n = whole_number(element.find("n"));
    if (!n) issues.push_back({Severity::Error, "value", path + ".n", "expected the number of an item, a whole number"});
    item.n = n.value_or(0);
    const Node* score = element.find("score");
    if (score == nullptr || score->is_null()) continue;  // asked, not answered
    item.score = whole_number(score);
    if (!item.score) issues.push_back({Severity::Error, "value", path + ".score", "expected a whole number"});
  }
  return items;
}

// An act whose refusal is one message.
Result<StoredEntity> act(const Engine& engine, Store& store, const Destinations& destinations, std::string_view patient,
                         std::string_view kind, std::string_view id, std::string_view action, const Actor& actor,
                         Instant now, const std::function<Result<Changes>(const LoadedRecord&)>& decide) {
  BHI_TRY(auto written, run_act(engine, store, destinations, {patient, kind, id, action}, actor, now,
                                [&](const LoadedRecord& before, Issues&) { return decide(before); }));
  if (!written.refused.empty()) return incorrect(written.refused);
  return *std::move(written.entity);
}

// Elements of a plan that a person may change over the API.
constexpr std::array<std::string_view, 5> kFixedPlanElements = {"kind", "id", "patient", "source", "behavioral"};

Result<care::CarePlan> read_plan(const Node& node) {
  BHI_TRY(auto read, entity_from(node));
  if (has_errors(read.issues)) return incorrect(read.issues);
  return std::get<care::CarePlan>(std::move(read.entity));
}

}  // namespace

Result<StoredEntity> post_screening(const Engine& engine, Store& store, const Destinations& destinations,
                                    std::string_view patient, const Node& body, const Actor& actor, Instant now) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected an object {instrument, authored, items}"};
  Issues issues;
  refuse_unknown(body, {"id", "instrument", "authored", "items"}, "", issues);
  const std::string authored(body.text_of("authored"));
  const auto instant = instant_from(authored);
  if (!instant || authored.find('T') == std::string::npos) {
    issues.push_back({Severity::Error, "value", "authored",
                      "expected a date and time with zone, such as 2026-11-22T09:30:00-05:00"});
  } else if (*instant > now + kClockTolerance) {
    issues.push_back({Severity::Error, "value", "authored", "lies in the future"});
  }
  const std::vector<care::PostedItem> items = items_of(body, issues);
  if (has_errors(issues)) return incorrect(issues);
  BHI_TRY(auto report, care::report_of_posted(body.text_of("instrument"), authored, items));
  report.patient = std::string(patient);
  report.source.system = std::string(kBhi);

  // The same answers at the same time are the same screening: a repeated request changes nothing.
  const std::string_view own = body.text_of("id");
  report.id = own.empty() ? stable_id({kBhi, patient, body.text_of("instrument"), authored,
                                       fhir::write_canonical_json(*body.find("items"))})
                          : stable_id({kBhi, patient, own});
  return act(engine, store, destinations, patient, "Screening", report.id, "post-screening", actor, now,
             [&report](const LoadedRecord& before) -> Result<std::vector<care::Change>> {
               BHI_CHECK(known_patient(before));
               return std::vector<care::Change>{report};
             });
}

Result<StoredEntity> post_plan(const Engine& engine, Store& store, const Destinations& destinations,
                               std::string_view patient, const Node& body, const Actor& actor, Instant now) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected a care plan object"};
  Issues issues;
  for (const std::string_view fixed : kFixedPlanElements) {
    if (body.find(fixed) != nullptr && fixed != "id") {
      issues.push_back({Severity::Error, "business-rule", std::string(fixed), "is set by the adapter"});
    }
  }
  if (has_errors(issues)) return incorrect(issues);
  Arena arena;
  BHI_TRY(auto plan, read_plan(fhir::with(body, fhir::intern("kind"), Node::string("CarePlan"), arena)));
  if (plan.status.empty()) plan.status = "active";
  if (plan.intent.empty()) plan.intent = "plan";
  const std::string own = plan.id;
  plan.id = own.empty() ? stable_id({kBhi, patient, "plan", fhir::write_canonical_json(body)})
                        : stable_id({kBhi, patient, own});
  plan.patient = std::string(patient);
  plan.source.system = std::string(kBhi);
  plan.behavioral = true;
  if (plan.categories.empty()) {
    plan.categories.push_back(
        {"http://bhi-adapter.org/fhir/CodeSystem/plan-category", "behavioral-health", "Behavioral health plan"});
  }
  return act(engine, store, destinations, patient, "CarePlan", plan.id, "post-plan", actor, now,
             [&plan](const LoadedRecord& before) -> Result<std::vector<care::Change>> {
               BHI_CHECK(known_patient(before));
               if (before.version_of("CarePlan", plan.id) != 0) return std::vector<care::Change>{};  // a repeat
               return std::vector<care::Change>{plan};
             });
}

Result<StoredEntity> patch_plan(const Engine& engine, Store& store, const Destinations& destinations,
                                std::string_view patient, std::string_view plan, const Node& patch,
                                std::int64_t version, const Actor& actor, Instant now) {
  if (!patch.is_object()) return Error{Kind::Incorrect, "expected a JSON merge patch object"};
  Issues issues;
  for (const std::string_view fixed : kFixedPlanElements) {
    if (patch.find(fixed) != nullptr)
      issues.push_back({Severity::Error, "business-rule", std::string(fixed), "cannot be changed"});
  }
  if (has_errors(issues)) return incorrect(issues);
  return act(engine, store, destinations, patient, "CarePlan", plan, "patch-plan", actor, now,
             [&](const LoadedRecord& before) -> Result<std::vector<care::Change>> {
               BHI_CHECK(known_patient(before));
               const auto found = std::ranges::find(before.record.plans, plan, &care::CarePlan::id);
               if (found == before.record.plans.end()) return Error{Kind::NotFound, "no such plan of this patient"};
               const std::int64_t stored = before.version_of("CarePlan", plan);
               if (stored != version) {
                 return Error{Kind::Conflict, "the plan is at version " + std::to_string(stored) + ", If-Match says " +
                                                  std::to_string(version)};
               }
               Arena arena;
               BHI_TRY(auto patched, read_plan(merge_patch(to_node(*found, arena), patch, arena)));
               patched.source.system = std::string(kBhi);  // an edit of ours
               return std::vector<care::Change>{std::move(patched)};
             });
}

Result<StoredEntity> acknowledge(const Engine& engine, Store& store, const Destinations& destinations,
                                 std::string_view event, const Actor& actor, Instant now) {
  BHI_TRY(const auto stored, store.entity("SafetyEvent", event));
  if (!stored) return Error{Kind::NotFound, "no such safety event"};
  return act(engine, store, destinations, stored->patient, "SafetyEvent", event, "acknowledge", actor, now,
             [&](const LoadedRecord&) -> Result<std::vector<care::Change>> {
               return std::vector<care::Change>{care::AcknowledgeSafety{std::string(event), actor.by()}};
             });
}

}  // namespace bhi::flow
