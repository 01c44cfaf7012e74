// What was done, for whoever has to prove it: the audit trail as AuditEvents, where a write came from as Provenance.
#include "flow/audit_event.h"
#include "flow/provenance.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/option_texts.h"

namespace bhi::service {

http::Response Api::audit_trail(const Call& call) {
  const auto limit = limit_of(call, 100);
  if (!limit.ok()) return error_answer(limit.error());
  std::int64_t after = 0;
  if (const auto given = call.request.parameter("after"); given && (!read_number(*given, after) || after < 0)) {
    return error_answer({Kind::Incorrect, "after: expected the seq of an audit record, or 0"});
  }
  flow::AuditContext context{parts_.settings.instance_id, {}};
  for (const auto& source : parts_.settings.sources) context.ehrs.emplace(source.name, source.base_url);
  auto bundle = flow::audit_bundle(parts_.store, context, after, *limit,
                                   "/admin/audit?limit=" + std::to_string(*limit) + "&after=");
  if (!bundle.ok()) return error_answer(bundle.error());
  return audited(call, "audit trail", json_answer(200, *std::move(bundle), kFhirJson));
}

http::Response Api::provenance(const Call& call) {
  return as(call, At::Practice, "read-caseload", [&](const Who& who) {
    std::int64_t seq = 0;
    if (!read_number(call.at("seq"), seq)) return error_answer({Kind::Incorrect, "seq: expected a number"});
    const auto item = parts_.store.outbox_item(seq);
    if (!item.ok()) return error_answer(item.error());
    if (!item->has_value()) return error_answer({Kind::NotFound, "no such item of the outbox"});
    auto bundle = flow::provenances_of(*parts_.engine.get(), parts_.store, **item, parts_.now());
    if (!bundle.ok()) return error_answer(bundle.error());
    return audited(who, "outbox/" + std::to_string(seq) + " provenance",
                   json_answer(200, *std::move(bundle), kFhirJson));
  });
}

}  // namespace bhi::service
