// Deliveries to an EHR that takes some things and not others; what was said of them, and what people read there.
#pragma once

#include "fhirpath/text.h"
#include "tests/flow/support/delivery_fixture.h"

#include <string>
#include <vector>

namespace bhi::flow {

inline care::SafetyEvent safety() {
  care::SafetyEvent event;
  event.id = "v1";
  event.patient = kPatient;
  event.rule = "phq-9.item-9";
  event.level = "positive";
  event.derived_from = "s1";
  event.occurred = "2026-11-21T10:00:00Z";
  event.raised = "2026-11-21T10:01:00Z";
  event.state = "open";
  event.note = "item 9 answered 1";
  return event;
}

class Rungs : public Deliver {
 protected:
  OutboxItem deliver_plan(const std::string& status = "not-started") {
    care::CarePlan changed = plan();
    changed.activities[0].status = status;
    keep({changed}, "care-plan");
    return deliver_next();
  }
  std::string html_of(const std::string& body) {
    const auto read = document(body);
    const auto& attachment = *read->root().find("content")->elements()[0].find("attachment");
    return fhirpath::decode(attachment.text_of("data"), "base64").value_or("");
  }
  std::vector<std::string> audited(const std::string& action) {
    std::vector<std::string> outcomes;
    const auto trail = store_->audit_trail(0, 1000).value();
    for (const AuditRow& row : trail) {
      if (row.entry.action == action) outcomes.push_back(row.entry.outcome);
    }
    return outcomes;
  }
};

}  // namespace bhi::flow
