// The frame of every act of the BHI side on one patient: load, decide, apply, commit; again when somebody was faster.
#pragma once

#include "care/apply.h"
#include "flow/bhi_side.h"
#include "flow/record.h"

#include <functional>
#include <string_view>
#include <vector>

namespace bhi::flow {

// What is to change, seen from the record as it is now; nothing: the call is a repeat. With something in `refused`
// nothing is applied.
using Changes = std::vector<care::Change>;
using Decide = std::function<Result<Changes>(const LoadedRecord& before, Issues& refused)>;

struct ActOn {
  std::string_view patient;
  std::string_view kind;  // of the entity that the caller gets back
  std::string_view id;
  std::string_view action;  // for audit and event: "post-screening"
};

// Whatever apply() refuses, or finds an error in, is in Written::refused, and then nothing is committed.
Result<Written> run_act(const Engine& engine, Store& store, const Destinations& destinations, const ActOn& on,
                        const Actor& actor, Instant now, const Decide& decide);

// The rules name elements as their structs do ("Contact/c1.patient_location"), callers know them by the logical model
// ("Contact/c1.patientLocation").
Issues in_words_of_the_model(Issues issues);

// NotFound when there is no such patient.
Result<void> known_patient(const LoadedRecord& before);

}  // namespace bhi::flow
