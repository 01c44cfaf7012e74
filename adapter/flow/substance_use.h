// What speaks of substance use: by its code, and, for whoever must be careful, by its words. Tables, not judgement: a
// word that is not in them is not found, and what they find may be harmless.
#pragma once

#include "care/model.h"

#include <string_view>

namespace bhi::flow {

// Diagnoses (ICD-10 F10 to F19 and what goes with them, ICD-9, SNOMED CT), questions and scores of our instruments for
// substance use (LOINC, ours), medicines that treat it (RxNorm, care/medication.h).
bool is_substance_use_code(const care::Code& code);

// Has one of the words of the table, in any case and as a word of its own ("alcohol", "AUDIT-C", "buprenorphine"; not
// "audit" of a chart, nor "substance" in "substantial").
bool has_substance_use_word(std::string_view text);

}  // namespace bhi::flow
