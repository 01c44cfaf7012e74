// The operator's outbox: every item in its true state, what delivering one would send, and what a person may do.
#include "flow/outbox_file.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"
#include "service/outbox_json.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::service {

namespace {

using flow::OutboxItem;
using flow::OutboxState;

constexpr std::array kStates = {OutboxState::Planned, OutboxState::Sent,      OutboxState::Verified,
                                OutboxState::Unknown, OutboxState::RetryAt,   OutboxState::Parked,
                                OutboxState::Dead,    OutboxState::Superseded};
constexpr std::size_t kPage = 500;
constexpr std::size_t kMostLooked = 20'000;  // items of one answer; `next` goes on behind them

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

// "parked,dead"; all of them when nothing is said.
Result<std::vector<OutboxState>> states_of(std::string_view text) {
  std::vector<OutboxState> states;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto state = flow::outbox_state_from(text.substr(0, comma));
    if (!state) {
      std::string known;
      for (const auto one : kStates) known += (known.empty() ? "" : ", ") + std::string(flow::name(one));
      return Error{Kind::Incorrect, "state: expected some of " + known};
    }
    states.push_back(*state);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (states.empty()) states.assign(kStates.begin(), kStates.end());
  return states;
}

struct Wanted {
  std::string destination, patient, artifact, trouble;

  bool fits(const OutboxItem& item) const {
    const auto same = [](const std::string& wanted, const std::string& found) {
      return wanted.empty() || wanted == found;
    };
    return same(destination, item.destination) && same(patient, item.patient) && same(artifact, item.artifact) &&
           same(trouble, item.trouble);
  }
};

std::string shown(const flow::WriteRequest& request) {
  JsonObject row;
  row.text("interaction", request.rung).text("method", request.method).text("url", request.url);
  row.text_if("if_none_exist", request.if_none_exist).text_if("if_match", request.if_match);
  return row.raw("body", request.body.empty() ? "null" : request.body).str();
}

Error no_number() { return {Kind::Incorrect, "seq: expected the number of an outbox item"}; }

// Kept with the item and in the audit trail, so one line that is no document.
bool is_reason(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_settled(OutboxState state) { return state == OutboxState::Verified || state == OutboxState::Superseded; }

}  // namespace

http::Response Api::admin_outbox(const Call& call) {
  const auto limit = limit_of(call, 100);
  if (!limit.ok()) return error_answer(limit.error());
  const auto states = states_of(call.request.parameter("state").value_or(""));
  if (!states.ok()) return error_answer(states.error());
  std::int64_t before = 0;
  if (const auto given = call.request.parameter("before")) {
    const auto seq = whole(*given);
    if (!seq) return error_answer({Kind::Incorrect, "before: expected the `next` of the page before"});
    before = *seq;
  }
  const auto given = [&](std::string_view name) { return std::string(call.request.parameter(name).value_or("")); };
  const Wanted wanted{given("destination"), given("patient"), given("artifact"), given("trouble")};
  std::vector<std::string> rows;
  bool more = true;
  for (std::size_t looked = 0; more && rows.size() < *limit && looked < kMostLooked;) {
    const auto page = parts_.store.outbox_in(*states, before, kPage);
    if (!page.ok()) return error_answer(page.error());
    more = page->size() == kPage;
    looked += page->size();
    for (const auto& item : *page) {
      if (rows.size() == *limit) {
        more = true;
        break;
      }
      before = item.seq;
      if (wanted.fits(item)) rows.push_back(outbox_row(item).str());
    }
  }
  JsonObject body;
  body.raw("outbox", json_array(rows)).raw("next", more && before > 0 ? std::to_string(before) : "null");
  return audited(call, "outbox", json_answer(200, body.str()));
}

Result<OutboxItem> Api::outbox_item(const Call& call) const {
  const auto seq = whole(call.at("seq"));
  if (!seq) return no_number();
  BHI_TRY(auto item, parts_.store.outbox_item(*seq));
  if (!item) return Error{Kind::NotFound, "no item of this number is in the outbox"};
  return *std::move(item);
}

http::Response Api::admin_outbox_item(const Call& call) {
  const auto item = outbox_item(call);
  if (!item.ok()) return error_answer(item.error());
  const auto asked = call.request.parameter("preview").value_or("true");
  if (asked != "true" && asked != "false") return error_answer({Kind::Incorrect, "preview: expected true or false"});
  JsonObject body;
  body.raw("item", outbox_row(*item).str());
  const std::string subject = "outbox/" + std::to_string(item->seq);
  if (asked == "false" || is_settled(item->state) || !parts_.writing.preview) {
    return audited(call, subject, json_answer(200, body.str()));
  }
  const auto seen = parts_.writing.preview(*item);
  if (!seen.ok()) {
    body.text("problem", seen.error().kind == Kind::Fault ? "our own side failed; see the log" : seen.error().message);
    return audited(call, subject, json_answer(200, body.str()));
  }
  for (const auto& read : seen->reads) {
    const auto kept = parts_.store.audit(read);
    if (!kept.ok()) return error_answer(kept.error());
  }
  JsonObject would;
  would.text("state", flow::name(seen->item.state)).text("reason", seen->item.reason).text_if("rung", seen->item.rung);
  would.text_if("trouble", seen->item.trouble);
  std::vector<std::string> requests;
  for (const auto& request : seen->requests) requests.push_back(shown(request));
  body.raw("would", would.str()).raw("requests", json_array(requests));
  return audited(call, subject + " preview", json_answer(200, body.str()));
}

http::Response Api::acted(const Result<OutboxItem>& item) {
  if (!item.ok()) return error_answer(item.error());
  parts_.wake_deliveries();
  return json_answer(200, JsonObject().raw("item", outbox_row(*item).str()).str());
}

http::Response Api::release_item(const Call& call) {
  const auto seq = whole(call.at("seq"));
  if (!seq) return error_answer(no_number());
  return acted(flow::release(parts_.store, *seq, call.caller.name, parts_.now()));
}

http::Response Api::discard_item(const Call& call) {
  const auto seq = whole(call.at("seq"));
  if (!seq) return error_answer(no_number());
  const auto body = body_of(call);
  if (!body.ok()) return error_answer(body.error());
  const auto reason = (*body)->root().text_of("reason");
  if (!is_reason(reason)) {
    return error_answer({Kind::Incorrect, "reason: expected 1 to 200 characters on one line, without patient data"});
  }
  return acted(flow::discard(parts_.store, *seq, call.caller.name, reason, parts_.now()));
}

http::Response Api::filed_item(const Call& call) {
  const auto seq = whole(call.at("seq"));
  if (!seq) return error_answer(no_number());
  return acted(flow::mark_filed(parts_.store, *seq, call.caller.name, parts_.now()));
}

http::Response Api::resolve_item(const Call& call) {
  const auto body = body_of(call);
  if (!body.ok()) return error_answer(body.error());
  const auto keep = (*body)->root().text_of("keep");
  if (keep != "ours" && keep != "theirs") return error_answer({Kind::Incorrect, "keep: expected ours or theirs"});
  const auto item = outbox_item(call);
  if (!item.ok()) return error_answer(item.error());
  if (!parts_.writing.resolve) return error_answer({Kind::Unsupported, "nothing is written back here"});
  return acted(parts_.writing.resolve(*item, keep == "ours" ? flow::Keep::Ours : flow::Keep::Theirs, call.caller.name));
}

}  // namespace bhi::service
