// One expression over one JSON text, answered as a JSON list: what most tests of this room are made of.
#pragma once

#include "fhir/json.h"
#include "fhirpath/expression.h"

#include <string>
#include <string_view>

namespace bhi::fhirpath::test {

inline std::string evaluate(std::string_view expression, std::string_view json, Environment environment = {},
                            CompileOptions options = {}) {
  const auto document = fhir::read_json(std::string(json));
  if (!document.ok()) return "input: " + document.error().message;
  const fhir::Types& types = fhir::Types::r4();
  const Item focus = root_item((*document)->root(), types);
  options.types = &types;
  options.context = focus.type;
  const auto compiled = Expression::compile(expression, options);
  if (!compiled.ok()) return "compile: " + compiled.error().message;
  Arena arena;
  environment.types = &types;
  const auto result = compiled->evaluate(focus, environment, arena);
  if (!result.ok()) return "evaluate: " + result.error().message;
  std::string text = "[";
  for (const Item& item : *result) {
    if (text.size() > 1) text += ",";
    text += fhir::write_json(*item.node);
  }
  return text + "]";
}

inline constexpr std::string_view kPatient = R"({
  "resourceType": "Patient", "id": "p1", "active": true, "birthDate": "1974-12-25",
  "_birthDate": {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                                "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
  "gender": "male", "deceasedBoolean": false, "multipleBirthInteger": 2,
  "name": [{"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
           {"use": "usual", "given": ["Jim", null], "_given": [null, {"id": "g2", "extension": [{"url": "u", "valueCode": "x"}]}]}],
  "contained": [{"resourceType": "Organization", "id": "o1", "name": "Clinic"}],
  "managingOrganization": {"reference": "#o1"},
  "generalPractitioner": [{"reference": "Practitioner/9"}],
  "contact": [{"name": {"family": "du Marché"}, "telecom": [{"system": "phone", "value": "+33"}]}]
})";

inline constexpr std::string_view kObservation = R"({
  "resourceType": "Observation", "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6", "display": "PHQ-9 total"}]},
  "subject": {"reference": "Patient/p1"},
  "effectiveDateTime": "2026-03-01T10:30:00Z",
  "valueQuantity": {"value": 12.50, "unit": "kilogram", "system": "http://unitsofmeasure.org", "code": "kg"},
  "component": [{"code": {"text": "a"}, "valueInteger": 1}, {"code": {"text": "b"}, "valueString": "two"},
                {"code": {"text": "c"}, "valueQuantity": {"value": 3}}]
})";

inline constexpr std::string_view kResponse = R"({
  "resourceType": "QuestionnaireResponse", "status": "completed", "authored": "2026-03-01T10:30:00Z",
  "item": [
    {"linkId": "1", "item": [{"linkId": "1.1", "answer": [{"valueInteger": 2}]},
                             {"linkId": "1.2", "answer": [{"valueCoding": {"system": "s", "code": "LA6570-1"}}]}]},
    {"linkId": "2", "answer": [{"valueInteger": 3, "item": [{"linkId": "2.1", "answer": [{"valueString": "x"}]}]}]},
    {"linkId": "3", "answer": [{"valueInteger": 1}]}
  ]
})";

}  // namespace bhi::fhirpath::test
