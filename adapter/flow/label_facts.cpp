#include "flow/label_facts.h"

#include "care/text.h"
#include "flow/labels.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace bhi::flow {

namespace {

using care::Code;
using fhir::Node;

constexpr std::string_view kConfidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
constexpr std::string_view kAct = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
constexpr std::string_view kReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
constexpr std::string_view kObservationValue = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

enum class Says : std::uint8_t { Nothing, Part2, SubstanceUse, Psychotherapy, Restricted };

struct Row {
  std::string_view system;
  std::string_view code;
  Says says;
};

// What treatment at the patient's own EHR may know says nothing here; what is in no row is a mark we do not know.
constexpr auto kRows = std::to_array<Row>({
    {kAct, "42CFRPart2", Says::Part2},
    {kAct, "42CFRPart2CD", Says::Part2},
    {kAct, "SUD", Says::SubstanceUse},
    {kAct, "ETH", Says::SubstanceUse},
    {kAct, "ETHUD", Says::SubstanceUse},
    {kAct, "OPIOIDUD", Says::SubstanceUse},
    {kConfidentiality, "ETH", Says::SubstanceUse},
    {kAct, "PSYTHPN", Says::Psychotherapy},
    {kAct, "HIPAAPsyNotes", Says::Psychotherapy},
    {kConfidentiality, "V", Says::Restricted},
    {kAct, "NORDSCLCD", Says::Restricted},
    {kAct, "NODSCLCD", Says::Restricted},
    {kAct, "NODSCLCDS", Says::Restricted},
    {kAct, "NOAUTH", Says::Restricted},
    {kConfidentiality, "U", Says::Nothing},
    {kConfidentiality, "L", Says::Nothing},
    {kConfidentiality, "M", Says::Nothing},
    {kConfidentiality, "N", Says::Nothing},
    {kConfidentiality, "R", Says::Nothing},
    {kConfidentiality, "PSY", Says::Nothing},
    {kAct, "BH", Says::Nothing},
    {kAct, "MH", Says::Nothing},
    {kAct, "PSY", Says::Nothing},
    {kAct, "SDV", Says::Nothing},
    {kAct, "VIO", Says::Nothing},
    {kAct, "PRS", Says::Nothing},
    {kAct, "PERSISTLABEL", Says::Nothing},
    {kAct, "PRIVMARK", Says::Nothing},
    {kAct, "DELAU", Says::Nothing},
    {kAct, "CTCOMPT", Says::Nothing},
    {kAct, "HIPAAConsentCD", Says::Nothing},
});

Says meaning(const Code& label) {
  const auto found =
      std::ranges::find_if(kRows, [&](const Row& row) { return row.system == label.system && row.code == label.code; });
  if (found != kRows.end()) return found->says;
  // Purposes of use and integrity marks restrict nothing that we do.
  return label.system == kReason || label.system == kObservationValue ? Says::Nothing : Says::Restricted;
}

bool names_psychotherapy(std::string_view text) {
  const std::string words = care::lower(text);
  const auto at = words.find("psychotherapy");
  return at != std::string::npos && words.find("note", at) != std::string::npos;
}

}  // namespace

LabelFacts facts_of(std::span<const Code> labels) {
  LabelFacts facts;
  for (const Code& label : labels) {
    switch (meaning(label)) {
      case Says::Nothing: break;
      case Says::Part2: facts.part2 = true; break;
      case Says::SubstanceUse: facts.substance_use = true; break;
      case Says::Psychotherapy: facts.psychotherapy = true; break;
      case Says::Restricted: facts.restricted = true; break;
    }
  }
  return facts;
}

std::vector<Code> labels_in(const Node& resource) {
  std::vector<Code> labels;
  const Node* meta = resource.find("meta");
  if (meta == nullptr) return labels;
  for (const Node& label : fhir::each(meta->find("security"))) {
    labels.push_back({std::string(label.text_of("system")), std::string(label.text_of("code")), ""});
  }
  return labels;
}

bool is_psychotherapy_note(const Node& resource) {
  for (const std::string_view element : {"type", "category", "code"}) {
    for (const Node& concept_node : fhir::each(resource.find(element))) {
      if (names_psychotherapy(concept_node.text_of("text"))) return true;
      for (const Node& coding : fhir::each(concept_node.find("coding"))) {
        if (names_psychotherapy(coding.text_of("display"))) return true;
      }
    }
  }
  return false;
}

Node with_more_labels(const Node& resource, std::span<const Code> labels, Arena& arena) {
  const std::vector<Code> before = labels_in(resource);
  const std::vector<Code> both[] = {before, {labels.begin(), labels.end()}};
  const std::vector<Code> all = joined(both);
  return all == before ? resource : with_labels(resource, all, arena);
}

}  // namespace bhi::flow
