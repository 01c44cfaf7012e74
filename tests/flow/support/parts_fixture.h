// Plans whose parts are resources of their own: an EHR that takes these, and what is there of them.
#pragma once

#include "tests/flow/support/rungs_fixture.h"

#include <string>
#include <vector>

namespace bhi::flow {

inline care::Activity activity(const std::string& description, const std::string& status = "not-started") {
  care::Activity made;
  made.description = description;
  made.status = status;
  return made;
}

inline care::CarePlan whole_plan() {
  care::CarePlan one = plan();
  one.activities = {activity("Call the patient"), activity("Sleep diary")};
  one.problems = {{"", "Major depression", {{"http://snomed.info/sct", "370143000", ""}}}, {"Condition/5", "", {}}};
  care::Goal goal;
  goal.description = "PHQ-9 below 10";
  goal.status = "active";
  goal.targets.push_back({"44261-6", "< 10", ""});
  one.goals = {goal};
  return one;
}

class Parts : public Rungs {
 protected:
  Parts() {
    terms_.writing.parts = true;
    ehr_.declare({"ServiceRequest", "Condition", "Goal", "DocumentReference"});
  }
  OutboxItem send(const care::CarePlan& one) {
    keep({one}, "care-plan");
    return deliver_next();
  }
  std::vector<std::string> statuses(const char* type, const char* element = "status") {
    std::vector<std::string> found;
    for (const auto& one : ehr_.all(type)) found.emplace_back(document(one.body)->root().text_of(element));
    return found;
  }
  std::string clinical_status() {
    const auto read = document(ehr_.all("Condition").at(0).body);
    const auto* status = read->root().find("clinicalStatus");
    return status == nullptr ? "none" : std::string(status->find("coding")->elements()[0].text_of("code"));
  }
  std::size_t writes() const { return count("POST") + count("PUT"); }
};

using Texts = std::vector<std::string>;

}  // namespace bhi::flow
