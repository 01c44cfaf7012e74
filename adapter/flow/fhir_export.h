// A patient's record as FHIR: every entity through its outbound map, in one collection Bundle.
//
// Every resource carries our identifier "<artifact>/<care id>", an id and a fullUrl made of it (always the same), and
// its security labels. References among the resources are by fullUrl and by that identifier; what is not in the Bundle
// (team members, partners, resources that only the EHR holds) is named by identifier alone, so that no reference leads
// nowhere. Who entered an entry, and when, is a Provenance. The same record and time give the same bytes.
//
// Not told apart: earlier answers to a recommendation (the last stands), what a CarePlan's Goals and Conditions say
// (they are the EHR's and named by identifier).
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "care/billing.h"
#include "care/model.h"
#include "flow/engine.h"
#include "flow/labels.h"
#include "flow/ports.h"

#include <span>
#include <string>
#include <string_view>

namespace bhi::flow {

// JSON of the Bundle. Errors: NotFound (nothing is held of that patient), Incorrect (a map cannot; names the rule).
Result<std::string> patient_as_fhir(const Engine& engine, Store& store, std::string_view patient, Instant now,
                                    const LabelPolicy& labels = {});

// The same of entities at hand, of one patient or several. Those that are nobody's, and entries with no Patient among
// them, are left out: FHIR wants to know whom they are about; `issues` names each.
Result<std::string> entities_as_fhir(const Engine& engine, std::span<const care::Entity> entities, Instant now,
                                     Issues& issues, const LabelPolicy& labels = {});

// A billing month of the record: a ChargeItem for each line, with the counted contacts that it follows from, their
// episode and the Patient. Errors: NotFound (a record without Patient), Incorrect (a map cannot).
Result<std::string> billing_month_as_fhir(const Engine& engine, const care::Record& record,
                                          const care::BillingMonth& month, Instant now, const LabelPolicy& labels = {});

}  // namespace bhi::flow
