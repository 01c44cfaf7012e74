// The registry: who is on the caseload, what is due, how it goes; and one patient's story.
#include "care/team.h"
#include "flow/record.h"
#include "flow/redact.h"
#include "flow/timeline.h"
#include "flow/views.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"
#include "service/pages.h"

#include <algorithm>

namespace bhi::service {

namespace {

using care::CaseloadRow;

bool is_flag(std::string_view id) {
  const auto flags = care::caseload_flags();
  return std::ranges::find(flags, id, &care::CaseloadFlag::id) != flags.end();
}

struct Filter {
  std::string_view flag, state, member;

  bool accepts(const CaseloadRow& row) const {
    if (!flag.empty() && std::ranges::find(row.flags, flag) == row.flags.end()) return false;
    if (!state.empty() && row.state != state) return false;
    return member.empty() || row.care_manager == member || row.pcp == member;
  }
};

std::string today(const Who& who, Instant now) { return to_text(CareBoard::zone_of(*who.practice).date_of(now)); }

}  // namespace

http::Response Api::caseload(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    const auto given = [&](std::string_view name) { return call.request.parameter(name).value_or(""); };
    const Filter filter{given("flag"), given("state"), given("member")};
    if (!filter.flag.empty() && !is_flag(filter.flag))
      return error_answer({Kind::Incorrect, "flag: expected one of /care/vocabulary"});
    const auto view = parts_.board.caseload();
    if (!view.ok()) return error_answer(view.error());
    const auto& rows = *view->rows;
    auto at = rows.begin();
    if (const auto after = given("after"); !after.empty()) {
      at = std::ranges::find(rows, after, &CaseloadRow::patient);
      if (at == rows.end()) return error_answer({Kind::Conflict, "after: the patient has left the list; begin anew"});
      ++at;
    }
    std::vector<std::string> elements;
    std::string next;
    for (; at != rows.end(); ++at) {
      if (!filter.accepts(*at)) continue;
      if (elements.size() == *limit) break;
      elements.push_back(flow::redacted_view(*at, [&](std::string_view right) { return who.may(right); }));
      next = at->patient;
    }
    if (at == rows.end()) next.clear();
    JsonObject answer;
    answer.raw("caseload", json_array(elements))
        .raw("next", next.empty() ? "null" : quote(next))
        .number("size", std::ranges::count_if(rows, [&](const CaseloadRow& row) { return filter.accepts(row); }))
        .text("at", to_text(view->at))
        .number("seq", view->seq);
    return audited(who, "Caseload", json_answer(200, answer.str()));
  });
}

http::Response Api::reminders(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const std::string until(call.request.parameter("until").value_or(today(who, parts_.now())));
    if (!date_from(until) || until.size() != 10) return error_answer({Kind::Incorrect, "until: expected a date"});
    const auto role = call.request.parameter("role").value_or("");
    if (!role.empty() && !care::is_role(role)) return error_answer({Kind::Incorrect, "role: expected a role"});
    const auto limit = limit_of(call, kMaxPage);
    if (!limit.ok()) return error_answer(limit.error());
    const auto view = parts_.board.caseload();
    if (!view.ok()) return error_answer(view.error());
    auto due = care::reminders(*view->rows, until);
    if (!role.empty()) std::erase_if(due, [&](const care::Reminder& one) { return one.role != role; });
    std::vector<std::string> elements;
    for (const care::Reminder& one : due) {
      if (elements.size() == *limit) break;
      elements.push_back(flow::view(one));
    }
    JsonObject answer;
    answer.raw("reminders", json_array(elements)).number("size", static_cast<std::int64_t>(due.size()));
    return audited(who, "Caseload reminders", json_answer(200, answer.text("until", until).str()));
  });
}

http::Response Api::statistics(const Call& call) {
  return as(call, At::Patients, "read-metrics", [&](const Who& who) {
    const std::string month = today(who, parts_.now()).substr(0, 8) + "01";
    const std::string since(call.request.parameter("since").value_or(month));
    if (!date_from(since) || since.size() != 10) return error_answer({Kind::Incorrect, "since: expected a date"});
    const auto view = parts_.board.caseload();
    if (!view.ok()) return error_answer(view.error());
    JsonObject answer;
    answer.raw("statistics", flow::view(care::statistics(*view->rows, since))).text("since", since);
    return audited(who, "Caseload statistics", json_answer(200, answer.text("at", to_text(view->at)).str()));
  });
}

http::Response Api::timeline(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto& id = call.at("id");
    const auto limit = limit_of(call, kMaxPage);
    if (!limit.ok()) return error_answer(limit.error());
    const auto loaded = flow::load_record(parts_.store, id);
    if (!loaded.ok()) return error_answer(loaded.error());
    if (!loaded->record.patient) return error_answer({Kind::NotFound, "no such patient"});
    const auto all = flow::timeline(loaded->record, [&](std::string_view right) { return who.may(right); });
    auto at = all.begin();
    if (const auto after = call.request.parameter("after").value_or(""); !after.empty()) {
      at = std::ranges::find_if(all, [&](const flow::Happening& one) { return one.kind + "/" + one.id == after; });
      if (at == all.end()) return error_answer({Kind::Incorrect, "after: expected the `next` of a former page"});
      ++at;
    }
    std::vector<std::string> elements;
    std::string next;
    for (; at != all.end() && elements.size() < *limit; ++at) {
      elements.push_back(
          JsonObject().text_if("at", at->at).text("kind", at->kind).text("id", at->id).text("text", at->text).str());
      next = at->kind + "/" + at->id;
    }
    return audited(who, "Patient/" + id + " timeline", page("timeline", elements, at == all.end() ? "" : next));
  });
}

}  // namespace bhi::service
