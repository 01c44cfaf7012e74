#include "flow/binding.h"
#include "flow/delivery.h"
#include "flow/guard_look.h"
#include "flow/held_back.h"

#include <utility>
#include <variant>

namespace bhi::flow {

Result<std::optional<Fate>> Delivery::guard() {
  BHI_TRY(const ReadEntity read, entity_from(entity()));
  BHI_TRY(look_, look_for_guard(engine_, store_, read.entity, at_hand_.consents, item_.destination,
                                ledger_at_hand(item_.artifact), now_));
  if (const auto* plan = std::get_if<care::CarePlan>(&read.entity)) unguarded_ = *plan;
  const bool emergency = is_emergency(item_.emergency);
  if (look_.unread_consent == InboxState::Pending && !emergency) {  // in a moment it is known what it says
    return std::optional<Fate>(
        {OutboxState::RetryAt, "a consent of the patient is about to be taken in", 1000, false, kTransient});
  }
  verdict_ = judge(question_of(read.entity, look_, item_.destination, terms_.privacy, emergency, now_));
  if (verdict_.what != Verdict::What::Send) {
    audit_.push_back({"withhold", item_.destination, subject(), verdict_.reason, now_});
    const bool never = verdict_.what == Verdict::What::Never;
    return std::optional<Fate>(
        {never ? OutboxState::Dead : OutboxState::Parked, verdict_.reason, std::nullopt, false, kPolicy});
  }
  for (const Redaction& redaction : verdict_.redactions) {
    audit_.push_back({"redact", item_.destination, subject(), redaction.path + ": " + redaction.why, now_});
  }
  context_.notice = verdict_.notices.redisclosure;
  if (!verdict_.notices.scope.empty())
    context_.notice += (context_.notice.empty() ? "" : "\n") + verdict_.notices.scope;
  if (verdict_.entity != read.entity) {
    BHI_TRY(entity_, fhir::read_json(to_json(verdict_.entity)));
  }
  return std::optional<Fate>();
}

}  // namespace bhi::flow
