// What may stand in a narrative. https://hl7.org/fhir/R4/narrative.html (txt-1, txt-2 of Narrative.div)
#pragma once

#include <string_view>

namespace bhi::fhirpath {

// One well-formed <div> of the XHTML namespace that holds only formatting elements and their attributes, no script in
// any form, and some text or an image.
bool is_narrative(std::string_view div);

}  // namespace bhi::fhirpath
