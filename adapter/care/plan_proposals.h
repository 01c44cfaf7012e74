// What treat to target asks for (care/treat_to_target.h), kept in the patient's plan: which plan, what is ours in it,
// what a person has changed.
//
// The plan is worked on as a merge of three: what the rules put there last (CarePlan::derived), what they ask for now,
// and what stands there. Unchanged parts follow the rules, and go when their reason is gone; what a person or the EHR
// changed, closed or took out stays as it is.
#pragma once

#include "care/model.h"
#include "care/treat_to_target.h"

#include <span>
#include <string_view>

namespace bhi::care {

// Of several behavioral plans the active one, then a draft, then one on hold; among equals the one begun last, then the
// smallest id. A plan that is over is history. The draft of our own comes last. nullptr: none.
const CarePlan* plan_for_proposals(const Record& record);

// For a patient in treatment without any plan: a draft, so that nothing is lost. Its id follows from the patient's.
CarePlan proposed_plan(std::string_view patient);

// It is that draft, and no person has written in it.
bool is_untouched_draft(const CarePlan& plan);

// That draft, taken back (revoked): kept by a store, no part of a record.
bool is_withdrawn_draft(const CarePlan& plan);

// Put there by the rules, and unchanged.
bool is_derived(const CarePlan& plan, const Goal& goal);
bool is_derived(const CarePlan& plan, const Activity& activity);

bool is_over(const CarePlan& plan);  // completed, revoked, ...: history

// Makes the plan's derived parts those of `proposals` (none: takes them out). `in_order`: also when nothing but their
// place in the lists is to change. True when the plan changed.
enum class Placing { AsTheyAre, InOrder };
bool put_proposals(CarePlan& plan, std::span<const Proposal> proposals, Placing placing);

// A version of the EHR that knows nothing of what we derived: what it shows, or what a person took out before, stays
// noted; the rest is to be derived again.
void keep_derived(CarePlan& incoming, const CarePlan& held);

}  // namespace bhi::care
