#include "service/api.h"

namespace bhi::service {

// The whole API. Order matters only between a word and a {parameter} at the same place: the word first.
const std::vector<Route>& Api::routes() {
  constexpr Roles kEhr{Role::Ehr};
  constexpr Roles kApp{Role::BhiApp};
  constexpr Roles kOperator{Role::Operator};
  constexpr Roles kAppOperator{Role::BhiApp, Role::Operator};
  constexpr Roles kAnyone{Role::Ehr, Role::BhiApp, Role::Operator};
  static const std::vector<Route> table = {
      {"GET", "/.well-known/jwks.json", kOpen, Body::None, &Api::key_set,
       "public keys with which EHRs check our signatures (SMART Backend Services)"},
      {"GET", "/fhir/metadata", kAnyone, Body::None, &Api::metadata, "our CapabilityStatement"},
      {"GET", "/fhir/StructureMap", kAnyone, Body::None, &Api::maps,
       "the maps in use, without their rules; `?url=`, `?maps=` names an overlay"},
      {"GET", "/fhir/StructureMap/{id}", kAnyone, Body::None, &Api::map, "one of them, with its rules"},
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
      {"GET", "/care/patients/{id}/timeline", kApp, Body::None, &Api::timeline,
       "everything in order of time, a line each: `?after=`, `?limit=`"},
      {"GET", "/care/patients/{id}/billing/{month}", kApp, Body::None, &Api::patient_billing,
       "a calendar month (`2026-03`): minutes, codes, elements; CSV by `Accept: text/csv`, ChargeItems by `Accept: "
       "application/fhir+json`; `?payer=`"},
      {"GET", "/care/patients/{id}/fhir", kApp, Body::None, &Api::patient_fhir,
       "the whole record as a FHIR R4 Bundle; for those who may read all of it"},
      {"GET", "/care/patients/{id}/links", kApp, Body::None, &Api::patient_links,
       "records of the same person: into which one it was merged, those of other sources, what a person has to look "
       "at"},
      {"GET", "/care/patients/{id}/{collection}", kApp, Body::None, &Api::collection,
       "a collection of a patient in order of time: `?after=`, `?limit=`"},
      {"GET", "/care/patients/{id}/{collection}/{entry}", kApp, Body::None, &Api::entry, "one of it, with its ETag"},
      {"POST", "/care/patients/{id}/screenings", kApp, Body::Json, &Api::post_screening,
       "a new screening: `{instrument, authored, items: [{n, score}]}`, optional `id` for safe repeats"},
      {"POST", "/care/patients/{id}/plans", kApp, Body::Json, &Api::post_plan, "a new care plan"},
      {"PATCH", "/care/patients/{id}/plans/{plan}", kApp, Body::MergePatch, &Api::patch_plan,
       "change a care plan (RFC 7396); `If-Match` with the ETag is required"},
      {"POST", "/care/patients/{id}/{collection}", kApp, Body::Json, &Api::post_entry,
       "a new entry under the sender's `id`; the same again changes nothing"},
      {"PUT", "/care/patients/{id}/{collection}/{entry}", kApp, Body::Json, &Api::put_entry,
       "correct an entry; `If-Match` with the ETag is required"},
      {"POST", "/care/patients/{id}/consents/{entry}/revoke", kApp, Body::Json, &Api::revoke_consent,
       "the patient takes a consent back: `{reason}`"},
      {"GET", "/care/caseload", kApp, Body::None, &Api::caseload,
       "the caseload in review order: `?flag=`, `?state=`, `?member=`, `?after=`, `?limit=`"},
      {"GET", "/care/caseload/reminders", kApp, Body::None, &Api::reminders,
       "what is due: `?until=` a date (today), `?role=`, `?limit=`"},
      {"GET", "/care/caseload/statistics", kApp, Body::None, &Api::statistics,
       "sums of the caseload: `?since=` a date (the month's first)"},
      {"GET", "/care/billing/{month}", kApp, Body::None, &Api::billing,
       "the month of everybody: `?after=`, `?limit=`; all of it as CSV by `Accept: text/csv`"},
      {"GET", "/care/measures", kApp, Body::None, &Api::measures, "which measures there are"},
      {"GET", "/care/measures/{measure}", kApp, Body::None, &Api::measure,
       "sums, and a verdict with its reason per patient: `?start=`, `?end=` (this year), `?population=true`, "
       "`?after=`, "
       "`?limit=`"},
      {"GET", "/care/review-facts", kApp, Body::None, &Api::review_facts, "facts that need clinical review"},
      {"GET", "/care/vocabulary", kAppOperator, Body::None, &Api::vocabulary,
       "roles, rights, states, words, collections"},
      {"GET", "/care/openapi.json", kAnyone, Body::None, &Api::openapi_document, "this API as an OpenAPI 3.1 document"},
      {"GET", "/care/events", kApp, Body::None, &Api::events,
       "every change in its order: `?after=` a seq or `last`, `?limit=`, `?wait=` seconds for the next"},
      {"GET", "/care/practice/{collection}", kAppOperator, Body::None, &Api::practice_collection,
       "a collection of the practice: `?after=`, `?limit=`"},
      {"GET", "/care/practice/{collection}/{entry}", kAppOperator, Body::None, &Api::practice_entry,
       "one of it, with its ETag"},
      {"POST", "/care/practice/{collection}", kAppOperator, Body::Json, &Api::post_practice,
       "a new entry of the practice under the sender's `id`"},
      {"PUT", "/care/practice/{collection}/{entry}", kAppOperator, Body::Json, &Api::put_practice,
       "correct it; `If-Match` with the ETag is required"},
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
      {"GET", "/care/identity", kAppOperator, Body::None, &Api::identity,
       "who is the same person at several sources, by `identity.link_systems`, and who shares an identifier but is not "
       "linked, with the reason"},
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
