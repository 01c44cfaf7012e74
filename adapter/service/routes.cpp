#include "service/api.h"

namespace bhi::service {

// The whole API. Order matters only between a word and a {parameter} at the same place: the word first.
const std::vector<Route>& Api::routes() {
  constexpr Roles kEhr{Role::Ehr};
  constexpr Roles kApp{Role::BhiApp};
  constexpr Roles kOperator{Role::Operator};
  constexpr Roles kAnyone{Role::Ehr, Role::BhiApp, Role::Operator};
  static const std::vector<Route> table = {
      {"GET", "/.well-known/jwks.json", kOpen, Body::None, &Api::key_set,
       "public keys with which EHRs check our signatures (SMART Backend Services)"},
      {"GET", "/fhir/metadata", kAnyone, Body::None, &Api::metadata, "our CapabilityStatement"},
      {"GET", "/fhir/StructureMap", kAnyone, Body::None, &Api::maps,
       "the maps in use, without their rules; `?url=`, `?maps=` names an overlay"},
      {"GET", "/fhir/StructureMap/{id}", kAnyone, Body::None, &Api::map, "one of them"},
      {"POST", "/fhir/StructureMap/$transform", kAnyone, Body::Fhir, &Api::transform,
       "run a map on what is sent and answer with what it makes; nothing is kept"},
      {"POST", "/fhir/StructureMap/{id}/$transform", kAnyone, Body::Fhir, &Api::transform, "the same, map by id"},
      {"POST", "/fhir", kEhr, Body::Fhir, &Api::post_any,
       "take a resource or a Bundle; `?source=` names the source when there are several"},
      {"POST", "/fhir/{type}", kEhr, Body::Fhir, &Api::post_typed, "the same; the type must be that of the body"},
      {"PUT", "/fhir/{type}/{id}", kEhr, Body::Fhir, &Api::put_typed,
       "the same; type and id must be those of the body"},
      {"GET",
       "/fhir/{type}/{id}",
       {Role::Ehr, Role::Operator},
       Body::None,
       &Api::read_copy,
       "the resource as it was last received"},
      {"GET", "/care/patients", kApp, Body::None, &Api::patients,
       "patients, by pages: `?after=` (the former `next`), `?limit=`"},
      {"GET", "/care/patients/{id}", kApp, Body::None, &Api::patient, "one patient"},
      {"GET", "/care/patients/{id}/screenings", kApp, Body::None, &Api::screenings, "screenings of a patient"},
      {"GET", "/care/patients/{id}/medications", kApp, Body::None, &Api::medications,
       "medication therapies of a patient"},
      {"GET", "/care/patients/{id}/plans", kApp, Body::None, &Api::plans, "care plans of a patient"},
      {"GET", "/care/patients/{id}/safety", kApp, Body::None, &Api::patient_safety, "safety events of a patient"},
      {"GET", "/care/patients/{id}/episodes", kApp, Body::None, &Api::episodes, "episodes of a patient"},
      {"POST", "/care/patients/{id}/screenings", kApp, Body::Json, &Api::post_screening,
       "a new screening: `{instrument, authored, items: [{n, score}]}`, optional `id` for safe repeats"},
      {"POST", "/care/patients/{id}/plans", kApp, Body::Json, &Api::post_plan, "a new care plan"},
      {"GET", "/care/patients/{id}/plans/{plan}", kApp, Body::None, &Api::plan, "one care plan, with its ETag"},
      {"PATCH", "/care/patients/{id}/plans/{plan}", kApp, Body::MergePatch, &Api::patch_plan,
       "change a care plan (RFC 7396); `If-Match` with the ETag is required"},
      {"GET", "/care/safety", kApp, Body::None, &Api::safety,
       "safety events of everybody, those without a patient too: `?state=open|acknowledged|review|all`, `?after=`, "
       "`?limit=`"},
      {"POST", "/care/safety/{id}/acknowledge", kApp, Body::None, &Api::acknowledge, "somebody has taken care of it"},
      {"GET",
       "/care/outbox",
       {Role::BhiApp, Role::Operator},
       Body::None,
       &Api::outbox,
       "what was or will be written to EHRs, newest first: `?patient=`, `?limit=`"},
      {"GET",
       "/care/sources",
       {Role::BhiApp, Role::Operator},
       Body::None,
       &Api::sources,
       "each EHR: how news of a type are found and why, how old the picture may be, whether it is asked"},
      {"GET", "/care/quarantine", kOperator, Body::None, &Api::quarantine,
       "what was put aside, newest first, with the reasons: `?state=quarantined|waiting|left`, `?limit=`"},
      {"POST", "/care/quarantine/{seq}/replay", kOperator, Body::None, &Api::replay, "work on it again"},
  };
  return table;
}

}  // namespace bhi::service
