// The operator's side of the API: what waits, what was put aside, what goes out.
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"
#include "service/option_texts.h"
#include "service/outbox_json.h"

#include <charconv>

namespace bhi::service {

namespace {

std::string shown(const Issue& issue) {
  return JsonObject()
      .text("severity", name(issue.severity))
      .text("code", issue.code)
      .text("path", issue.path)
      .text("text", issue.text)
      .str();
}

std::string shown(const flow::Store::InboxRow& row) {
  std::vector<std::string> issues;
  for (const auto& issue : row.issues) issues.push_back(shown(issue));
  const auto& resource = row.item.resource;
  return JsonObject()
      .number("seq", row.item.seq)
      .text("state", flow::name(row.state))
      .text("source", resource.source)
      .text("type", resource.type)
      .text("id", resource.id)
      .text("channel", row.item.channel)
      .text("received", to_text(row.item.received))
      .text("reason", row.reason)
      .raw("issues", json_array(issues))
      .str();
}

}  // namespace

http::Response Api::outbox(const Call& call) {
  // An operator sees queues without being of the team.
  return as(call, At::Practice, "read-caseload", [&](const Who& who) {
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    const auto patient = call.request.parameter("patient").value_or("");
    const auto items = parts_.store.outbox(patient, *limit);
    if (!items.ok()) return error_answer(items.error());
    std::vector<std::string> elements;
    for (const auto& item : *items) elements.push_back(outbox_row(item).str());
    return audited(who, "outbox", json_answer(200, JsonObject().raw("outbox", json_array(elements)).str()));
  });
}

http::Response Api::quarantine(const Call& call) {
  const auto limit = limit_of(call, 100);
  if (!limit.ok()) return error_answer(limit.error());
  const auto state = flow::inbox_state_from(call.request.parameter("state").value_or("quarantined"));
  using flow::InboxState;
  if (state != InboxState::Quarantined && state != InboxState::Waiting && state != InboxState::Left) {
    return error_answer({Kind::Incorrect, "state: expected quarantined, waiting or left"});
  }
  std::int64_t after = 0;
  if (const auto given = call.request.parameter("after"); given && !given->empty()) {
    if (!read_number(*given, after) || after < 1) {
      return error_answer({Kind::Incorrect, "after: expected the `next` of the page before"});
    }
  }
  // One more than is shown tells whether there are older ones.
  auto rows = parts_.store.inbox(*state, *limit + 1, after);
  if (!rows.ok()) return error_answer(rows.error());
  const bool more = rows->size() > *limit;
  if (more) rows->pop_back();
  std::vector<std::string> elements;
  for (const auto& row : *rows) elements.push_back(shown(row));
  JsonObject body;
  body.raw("quarantine", json_array(elements));
  body.raw("next", more ? std::to_string(rows->back().item.seq) : "null");
  return audited(call, "quarantine", json_answer(200, body.str()));
}

http::Response Api::replay(const Call& call) {
  const auto& text = call.at("seq");
  std::int64_t seq = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
  if (error != std::errc() || end != text.data() + text.size() || seq < 1) {
    return error_answer({Kind::Incorrect, "seq: expected the number of an inbox item"});
  }
  const auto moved = parts_.store.requeue(seq);
  if (!moved.ok()) return error_answer(moved.error());
  if (*moved == 0) return error_answer({Kind::NotFound, "no item of this number is put aside"});
  const auto kept = parts_.store.audit({"replay", call.caller.name, "inbox/" + text, "ok", parts_.now()});
  if (!kept.ok()) return error_answer(kept.error());
  parts_.wake_lanes();
  return json_answer(200, JsonObject().number("requeued", static_cast<std::int64_t>(*moved)).str());
}

http::Response Api::sources(const Call&) {
  const auto sources = parts_.sources ? parts_.sources() : std::vector<std::string>();
  return json_answer(200, JsonObject().raw("sources", json_array(sources)).str());
}

}  // namespace bhi::service
