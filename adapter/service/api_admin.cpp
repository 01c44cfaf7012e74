// The operator's page and what it shows beside the queues: by which way each artifact reaches each EHR.
#include "fhir/json.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/console_files.h"
#include "service/json_text.h"
#include "service/outbox_json.h"

#include <set>

namespace bhi::service {

namespace {

// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

http::Response file_answer(std::string_view type, std::string_view text) {
  http::Response answer;
  answer.content_type = type;
  answer.body = text;
  answer.fields = {{"Content-Security-Policy", std::string(kPolicy)},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cache-Control", "no-store"}};
  return answer;
}

}  // namespace

http::Response Api::console(const Call&) { return file_answer("text/html; charset=utf-8", kConsoleHtml); }
http::Response Api::console_style(const Call&) { return file_answer("text/css; charset=utf-8", kConsoleCss); }
http::Response Api::console_script(const Call&) { return file_answer("text/javascript; charset=utf-8", kConsoleJs); }

http::Response Api::write_plans(const Call&) {
  const auto plans = parts_.writing.plans ? parts_.writing.plans() : std::vector<std::string>();
  return json_answer(200, JsonObject().raw("destinations", json_array(plans)).str());
}

http::Response Api::replicas(const Call&) {
  return json_answer(200, parts_.replicas ? parts_.replicas() : std::string("{}"));
}

http::Response Api::plan_anew(const Call& call) {
  if (parts_.writing.plan_anew) parts_.writing.plan_anew();
  const auto kept = parts_.store.audit({"plan-anew", call.caller.name, "write-plan", "ok", parts_.now()});
  if (!kept.ok()) return error_answer(kept.error());
  return json_answer(202, JsonObject().text("status", "the EHRs are asked again what they can do").str());
}

http::Response Api::admin_safety(const Call& call) {
  const auto limit = limit_of(call, 100);
  if (!limit.ok()) return error_answer(limit.error());
  std::vector<std::string> rows;
  std::string after(call.request.parameter("after").value_or(""));
  do {  // few are open among many that are closed
    const auto page = parts_.store.list("SafetyEvent", after, *limit - rows.size());
    if (!page.ok()) return error_answer(page.error());
    for (const auto& entity : page->entities) {
      const auto read = fhir::read_json(entity.body);
      if (!read.ok()) return error_answer(read.error());
      const auto& event = (*read)->root();
      if (event.text_of("state") != "open") continue;
      const auto deliveries = deliveries_of(entity);
      if (!deliveries.ok()) return error_answer(deliveries.error());
      rows.push_back(JsonObject()
                         .text("id", entity.id)
                         .text("patient", entity.patient)
                         .text("level", event.text_of("level"))
                         .text("occurred", event.text_of("occurred"))
                         .text("raised", event.text_of("raised"))
                         .raw("deliveries", json_array(*deliveries))
                         .str());
    }
    after = page->next;
  } while (!after.empty() && rows.size() < *limit);
  JsonObject body;
  body.raw("safety", json_array(rows)).raw("next", after.empty() ? "null" : quote(after));
  return audited(call, "SafetyEvent", json_answer(200, body.str()));
}

// The last delivery of an event to each destination.
Result<std::vector<std::string>> Api::deliveries_of(const flow::StoredEntity& event) const {
  if (event.patient.empty()) return std::vector<std::string>();  // unassigned: there is no destination
  constexpr std::size_t kMostItems = 500;                        // of one patient, newest first
  BHI_TRY(const auto items, parts_.store.outbox(event.patient, kMostItems));
  std::vector<std::string> rows;
  std::set<std::string> told;
  for (const auto& item : items) {
    if (item.artifact != "safety" || item.care_id != event.id || !told.insert(item.destination).second) continue;
    rows.push_back(outbox_row(item).str());
  }
  return rows;
}

}  // namespace bhi::service
