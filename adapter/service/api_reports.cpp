// Billing months, measures, and what the rules consist of.
#include "care/clinical_review.h"
#include "care/episode.h"
#include "care/instruments.h"
#include "care/team.h"
#include "care/work_check.h"
#include "flow/fhir_export.h"
#include "flow/record.h"
#include "flow/views.h"
#include "flow/words.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/assets.h"
#include "service/collections.h"
#include "service/json_text.h"
#include "service/openapi.h"
#include "service/pages.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::service {

namespace {

constexpr std::string_view kCsv = "text/csv; charset=utf-8; header=present";

Result<std::chrono::year_month> month_of(std::string_view text) {
  const auto date = text.size() == 7 ? date_from(text) : std::nullopt;
  if (!date) return Error{Kind::Incorrect, "month: expected as in 2026-03"};
  return std::chrono::year_month(date->year(), date->month());
}

bool wants(const Call& call, std::string_view type) {
  return call.request.field("accept").value_or("").find(type) != std::string_view::npos;
}

bool wants_csv(const Call& call) { return wants(call, "text/csv"); }

http::Response csv(const std::vector<care::BillingMonth>& months) {
  std::string text = care::billing_csv_header();
  for (const auto& month : months) text += care::billing_csv_rows(month);
  return json_answer(200, std::move(text), kCsv);
}

std::string measure_row(const care::MeasureRow& row) {
  JsonObject shown;
  shown.text("id", row.id).text("name", row.name).flag("computed", row.computed).flag("needsReview", row.needs_review);
  return shown.text_if("note", row.note).str();
}

// A page of elements that each name a patient, in the order of patients.
template <typename T>
std::string page_by_patient(const std::vector<T>& all, std::string_view after, std::size_t limit,
                            std::vector<std::string>& elements) {
  auto at = std::ranges::upper_bound(all, after, {}, [](const T& one) { return std::string_view(one.patient); });
  std::string next;
  for (; at != all.end() && elements.size() < limit; ++at) {
    elements.push_back(flow::view(*at));
    next = at->patient;
  }
  return at == all.end() ? std::string() : next;
}

std::string words(std::string_view spaced) {
  std::vector<std::string> out;
  while (!spaced.empty()) {
    const auto end = std::min(spaced.find(' '), spaced.size());
    out.push_back(quote(spaced.substr(0, end)));
    spaced.remove_prefix(std::min(end + 1, spaced.size()));
  }
  return json_array(out);
}

// {"<id>": ...} of a table whose rows have an id.
template <typename Table, typename Make>
std::string listed(const Table& table, Make make) {
  std::vector<std::string> rows;
  for (const auto& row : table) rows.push_back(make(row));
  return json_array(rows);
}

}  // namespace

http::Response Api::patient_billing(const Call& call) {
  return as(call, At::Patients, "bill-month", [&](const Who& who) {
    const auto month = month_of(call.at("month"));
    if (!month.ok()) return error_answer(month.error());
    const auto loaded = flow::load_record(parts_.store, call.at("id"));
    if (!loaded.ok()) return error_answer(loaded.error());
    if (!loaded->record.patient) return error_answer({Kind::NotFound, "no such patient"});
    const TimeZone zone = CareBoard::zone_of(*who.practice);
    const auto& practice = who.practice->record.practice;
    const auto payer = care::payer_rule(practice, call.request.parameter("payer").value_or(""));
    auto made = care::billing_month(loaded->record, *month, {practice, zone, payer, {}, {}});
    made.patient = call.at("id");
    const std::string subject = "Patient/" + call.at("id") + " billing";
    if (wants(call, "application/fhir+json")) {
      auto items = flow::billing_month_as_fhir(*parts_.engine.get(), loaded->record, made, parts_.now(),
                                               flow::label_policy(parts_.settings.part2_program));
      return audited(who, subject,
                     items.ok() ? json_answer(200, *std::move(items), kFhirJson) : error_answer(items.error()));
    }
    return audited(who, subject, wants_csv(call) ? csv({made}) : json_answer(200, flow::view(made)));
  });
}

// Nothing is redacted in a Bundle: who may not read something of a record does not get it at all.
http::Response Api::patient_fhir(const Call& call) {
  return as(call, At::Patients, "read-notes", [&](const Who& who) {
    if (const auto allowed = who.must("read-substance-use"); !allowed.ok()) return error_answer(allowed.error());
    const auto& id = call.at("id");
    auto bundle = flow::patient_as_fhir(*parts_.engine.get(), parts_.store, id, parts_.now(),
                                        flow::label_policy(parts_.settings.part2_program));
    if (!bundle.ok()) return error_answer(bundle.error());
    return audited(who, "Patient/" + id + " fhir", json_answer(200, *std::move(bundle), kFhirJson));
  });
}

http::Response Api::billing(const Call& call) {
  return as(call, At::Patients, "bill-month", [&](const Who& who) {
    const auto month = month_of(call.at("month"));
    if (!month.ok()) return error_answer(month.error());
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    const auto months = parts_.board.billing(*month);
    if (!months.ok()) return error_answer(months.error());
    if (wants_csv(call)) return audited(who, "Billing", csv(*months));
    std::vector<std::string> elements;
    const auto next = page_by_patient(*months, call.request.parameter("after").value_or(""), *limit, elements);
    return audited(who, "Billing", page("billing", elements, next));
  });
}

http::Response Api::measures(const Call& call) {
  return as(call, At::Patients, "", [&](const Who&) {
    return json_answer(200, JsonObject().raw("measures", listed(care::measures(), measure_row)).str());
  });
}

http::Response Api::measure(const Call& call) {
  return as(call, At::Patients, "read-metrics", [&](const Who& who) {
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    const auto year = to_text(CareBoard::zone_of(*who.practice).date_of(parts_.now())).substr(0, 4);
    const care::MeasurePeriod period{std::string(call.request.parameter("start").value_or(year + "-01-01")),
                                     std::string(call.request.parameter("end").value_or(year + "-12-31"))};
    auto verdicts = parts_.board.verdicts(call.at("measure"), period);
    if (!verdicts.ok()) return error_answer(verdicts.error());
    const auto count = care::count(*verdicts);
    if (call.request.parameter("population").value_or("") == "true")
      std::erase_if(*verdicts, [](const care::Verdict& one) { return !one.population; });
    std::vector<std::string> elements;
    const auto next = page_by_patient(*verdicts, call.request.parameter("after").value_or(""), *limit, elements);
    JsonObject answer;
    answer.text("measure", call.at("measure")).text("start", period.start).text("end", period.end);
    answer.raw("count", flow::view(count)).raw("verdicts", json_array(elements));
    answer.raw("next", next.empty() ? "null" : quote(next));
    // What a record does not hold cannot be found in it; whoever reads the sums must know.
    answer.text("notHeld", "encounters, diagnoses, hospice, palliative care: measures that need them count nobody");
    return audited(who, "Measure/" + call.at("measure"), json_answer(200, answer.str()));
  });
}

http::Response Api::review_facts(const Call& call) {
  return as(call, At::Patients, "", [&](const Who&) {
    const auto facts = care::facts_for_review();
    JsonObject answer;
    answer.raw("facts", listed(facts, [](const care::ReviewFlag& one) { return flow::view(one); }));
    return json_answer(200, answer.number("size", static_cast<std::int64_t>(facts.size())).str());
  });
}

http::Response Api::openapi_document(const Call&) {
  // Without the definitions there is no word of explanation, and the rest is the same.
  const auto texts = load_assets(parts_.settings.assets, "");
  const auto meanings = texts.ok() ? flow::meanings_of(texts->definitions) : flow::Meanings{};
  return json_answer(200, openapi(routes(), meanings, parts_.version));
}

http::Response Api::vocabulary(const Call& call) {
  return as(call, At::Patients, "", [&](const Who&) {
    const auto collection = [](const Collection& one) {
      JsonObject row;
      row.text("path", one.path).text("kind", one.kind).text_if("write", one.write).text("read", one.read);
      return row.text("meaning", one.meaning).str();
    };
    JsonObject answer;
    answer.raw("roles", listed(care::roles(), [](const care::Role& role) {
                 return JsonObject().text("id", role.id).text("title", role.title).str();
               }));
    answer.raw("rights", listed(care::rights(), [](const care::Right& right) {
                 return JsonObject().text("act", right.act).raw("roles", words(right.roles)).str();
               }));
    answer.raw("careModels", listed(care::care_models(), [](const care::CareModel& model) {
                 return JsonObject()
                     .text("id", model.id)
                     .flag("psychiatricReview", model.psychiatric_review)
                     .flag("registry", model.registry)
                     .flag("sharedPlan", model.shared_plan)
                     .text("billing", model.billing)
                     .str();
               }));
    answer.raw("transitions", listed(care::transitions(), [](const care::Transition& one) {
                 return JsonObject().text_if("from", one.from).text("act", one.act).text("to", one.to).str();
               }));
    answer.raw("activities", listed(care::contact_activities(), [](const care::ContactActivity& one) {
                 return JsonObject().text("id", one.id).flag("counts", one.counts).str();
               }));
    answer.raw("caseloadFlags", listed(care::caseload_flags(), [](const care::CaseloadFlag& one) {
                 return JsonObject()
                     .text("id", one.id)
                     .text("text", one.text)
                     .number("place", one.place)
                     .flag("needsReview", one.needs_review)
                     .str();
               }));
    JsonObject allowed;
    for (const auto& [element, list] : flow::allowed_words())
      allowed.raw(element, listed(list, [](const std::string& word) { return quote(word); }));
    answer.raw("words", allowed.str());
    answer.raw("instruments", listed(care::instruments(), [](const care::Instrument& one) {
                 return JsonObject()
                     .text("id", one.id)
                     .text("name", one.name)
                     .number("items", static_cast<std::int64_t>(one.items.size()))
                     .flag("substanceUse", one.substance_use)
                     .str();
               }));
    answer.raw("patientCollections", listed(patient_collections(), collection));
    answer.raw("practiceCollections", listed(practice_collections(), collection));
    return json_answer(200, answer.str());
  });
}

}  // namespace bhi::service
