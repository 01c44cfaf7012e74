// What happened to a patient's medicines, derived from their orders: started, stopped, more, less, switched, added,
// paused, taken up again. Pure; the same list in any order gives the same events.
//
// An order carries no end. That it ended is known from its status, and when from the time of the version that says so:
// such dates are marked as approximate.
#pragma once

#include "care/model.h"

#include <span>
#include <string>
#include <vector>

namespace bhi::care {

struct MedicationEvent {
  std::string kind;  // start | stop | dose-increase | dose-decrease | switch | augment | hold | restart
  std::string on;    // date or time as given
  bool approximate = false;
  std::string ingredient;  // several joined with "+"
  std::string drug_class;
  std::string from;                    // dose before ("50 mg"), or what was switched from, or augmented
  std::string to;                      // dose after
  std::vector<std::string> therapies;  // ids it was derived from
  std::string reason;                  // in words
  bool operator==(const MedicationEvent&) const = default;
};

// Of all psychotropic orders of one patient, in the order of their dates. Proposals, drafts, orders not to take, orders
// cancelled before they began and those entered in error say nothing.
std::vector<MedicationEvent> medication_events(std::span<const MedicationTherapy> therapies);

// Between two versions of one order.
std::vector<MedicationEvent> events_between(const MedicationTherapy& before, const MedicationTherapy& after);

// An order that counts as taken now, at some time, or that ended.
bool is_taken(const MedicationTherapy& therapy);
bool is_current(const MedicationTherapy& therapy);
bool has_ended(const MedicationTherapy& therapy);

bool is_psychotropic(const MedicationTherapy& therapy);

// When it ended, if it did: the time of the version that says so.
std::string end_of(const MedicationTherapy& therapy);

}  // namespace bhi::care
