"""PHQ-9 responses as an EHR sends them."""
ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
CODES = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]


def response(number, patient, randomness):
    """Its total, and the resource; item 9 is answered with "not at all"."""
    scores = [randomness.randrange(4) for _ in range(8)] + [0]
    return sum(scores), {
        "resourceType": "QuestionnaireResponse", "id": f"form-{number}", "status": "completed",
        "subject": {"reference": f"Patient/{patient}"}, "authored": f"2026-11-{1 + number % 20:02d}T10:{number % 60:02d}:00Z",
        "item": [{"linkId": f"/{code}", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": ANSWERS[score]}}]}
                 for code, score in zip(CODES, scores)]}
