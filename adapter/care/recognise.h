// Which instrument a received form is, and which of its questions is which item.
//
// The form's canonical or code says which instrument may be meant; the question's system and code which item, first of
// all; a linkId alone never (a site whose forms have nothing else says it in a site map, care/site_map.h). Questions
// without a code are told by the words of their text, never by their place, so a form in another order still gives the
// right scores. What stays in doubt is not recognised, and says so.
#pragma once

#include "care/instruments.h"
#include "care/model.h"

#include <optional>
#include <string>
#include <vector>

namespace bhi::care {

struct FoundItem {
  const InstrumentItem* item = nullptr;
  std::vector<const ReportedItem*> reported;  // several: the form asks it twice. They point into the report.
};

struct Recognised {
  const Instrument* instrument = nullptr;
  std::vector<FoundItem> items;  // in the order of the instrument; empty: only the total is known
  std::optional<double> stated_total;
  std::string stated_level;  // risk level that the sender states, as a LOINC answer or in words
  Issues issues;             // without paths
};

struct Recognition {
  std::vector<Recognised> instruments;  // more than one when a form holds several; order of the instruments' table
  Issues issues;                        // without paths: why nothing, or not everything, was recognised
  // Questions about self-harm that belong to no recognised instrument and were not clearly answered with "no".
  std::vector<const ReportedItem*> self_harm;
  // A form of this instrument by its code, whose questions could not be told apart.
  const Instrument* doubtful = nullptr;
};

Recognition recognise(const ScreeningReport& report);

// Not "not at all", "never", "no", 0 in any of its spellings; an unanswered question is not clearly negative either.
bool clearly_negative(const ReportedItem& item);

}  // namespace bhi::care
