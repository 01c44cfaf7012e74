// FHIR's XML form, in and out (https://hl7.org/fhir/R4/xml.html): the same tree as of JSON, by what R4's element table
// says. Names become members in the order in which they first appear, elements that may repeat become arrays,
// primitives the kind of value that JSON has for their type, with the digits as written; ids and extensions of
// primitives become companions ("_birthDate"), aligned by null in arrays; Narrative.div stays the text that it is.
//
// A value that is not what its type demands (<active value="yes"/>, <quantity value="30"/>) stays a string, so that it
// is found and told where the same is found in JSON (flow/structure.h).
#pragma once

#include "base/issue.h"
#include "base/result.h"
#include "fhir/json.h"
#include "fhir/node.h"

#include <string>
#include <string_view>

namespace bhi::fhir {

// Of the limits count max_bytes, max_depth (of the tree, as in JSON, and of elements in the text) and max_values.
// Error: Incorrect; line, column, expected, found, element path. Refused are broken XML (xml_scan.h), other namespaces,
// unknown resources, elements and attributes, and text where FHIR has none. Unsupported: R5, and types of R4B.
//
// With `left_out`, a resource of a Bundle's entry that is refused does not refuse the others: an empty object stands in
// its place and an issue with its path is added, for split() (bundle.h) to tell. Limits and R5 refuse the whole.
Result<DocumentPtr> read_xml(std::string text, const ReadLimits& limits = {}, Issues* left_out = nullptr);

// JSON or XML, by the first character that is no white space: '<' begins XML.
Result<DocumentPtr> read_document(std::string text, const ReadLimits& limits = {}, Issues* left_out = nullptr);

// Elements in the order of the definitions, no white space. Error: Incorrect with the element path, when the tree has
// what XML cannot say: an element that R4 does not define, a list or an object where it has none, a div that is no
// XHTML element, a character that XML forbids. Nothing is left out silently.
Result<std::string> write_xml(const Node& resource);

}  // namespace bhi::fhir
