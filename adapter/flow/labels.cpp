#include "flow/labels.h"

#include "care/instruments.h"
#include "care/medication.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <variant>

namespace bhi::flow {

namespace {

using care::Code;

constexpr std::string_view kConfidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
constexpr std::string_view kAct = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
constexpr std::string_view kSubstanceUse = "substance-use";

Code confidentiality(std::string_view code) { return {std::string(kConfidentiality), std::string(code), ""}; }
Code act(std::string_view code) { return {std::string(kAct), std::string(code), ""}; }

bool is_for_substance_use(std::string_view instrument) {
  const care::Instrument* found = care::find_instrument(instrument);
  return found != nullptr && found->substance_use;
}

bool is_about_substance_use(const care::Screening& screening) { return is_for_substance_use(screening.instrument); }
bool is_about_substance_use(const care::MedicationTherapy& therapy) { return care::is_substance_use(therapy); }
bool is_about_substance_use(const care::Referral& referral) { return referral.capability == kSubstanceUse; }
bool is_about_substance_use(const care::Consent& consent) {
  return std::ranges::find(consent.covers, kSubstanceUse) != consent.covers.end();
}
bool is_about_substance_use(const care::Partnership& partnership) {
  return std::ranges::any_of(partnership.declines,
                             [](const care::Decline& decline) { return is_for_substance_use(decline.what); });
}
// The others hold no code of substance use; what people write in them is not read.
template <typename Other>
bool is_about_substance_use(const Other&) {
  return false;
}

int rank(const Code& code) {
  constexpr std::string_view kOrder = "ULMNRV";
  return code.system == kConfidentiality ? static_cast<int>(kOrder.find(code.code)) : -1;
}

fhir::Node object(std::initializer_list<fhir::Member> members, Arena& arena) {
  return fhir::Node::object(arena.copy(std::span<const fhir::Member>(members.begin(), members.size())));
}

}  // namespace

std::vector<Code> labels_of(const care::Entity& entity, const LabelPolicy& policy) {
  if (std::holds_alternative<care::Patient>(entity)) return {confidentiality("N")};
  if (!std::visit([](const auto& value) { return is_about_substance_use(value); }, entity))
    return {confidentiality("R"), act("MH")};
  return substance_use_labels(policy);
}

std::vector<Code> substance_use_labels(const LabelPolicy& policy) {
  std::vector<Code> labels = {confidentiality("R"), act("SUD")};
  if (policy.part2_program) {
    labels.push_back(act("42CFRPart2"));
    labels.push_back(act("NORDSCLCD"));
  }
  return labels;
}

std::vector<Code> part2_labels() { return {confidentiality("R"), act("42CFRPart2"), act("NORDSCLCD")}; }

std::vector<Code> joined(std::span<const std::vector<Code>> labels) {
  std::vector<Code> all;
  for (const std::vector<Code>& some : labels) {
    for (const Code& code : some) {
      if (rank(code) < 0) {
        if (std::ranges::find(all, code) == all.end()) all.push_back(code);
        continue;
      }
      if (all.empty() || rank(all.front()) < 0) {
        all.insert(all.begin(), code);
      } else if (rank(all.front()) < rank(code)) {
        all.front() = code;
      }
    }
  }
  return all;
}

fhir::Node with_labels(const fhir::Node& resource, std::span<const Code> labels, Arena& arena) {
  if (labels.empty()) return resource;
  std::vector<fhir::Node> codings;
  for (const Code& label : labels) {
    codings.push_back(object({{&fhir::intern("system"), fhir::Node::string(arena.copy(label.system))},
                              {&fhir::intern("code"), fhir::Node::string(arena.copy(label.code))}},
                             arena));
  }
  const fhir::Node security = fhir::Node::array(arena.copy(std::span<const fhir::Node>(codings)));
  const fhir::Node* meta = resource.find("meta");
  const fhir::Node labelled = meta != nullptr ? fhir::with(*meta, fhir::intern("security"), security, arena)
                                              : object({{&fhir::intern("security"), security}}, arena);
  return fhir::with(resource, fhir::intern("meta"), labelled, arena);
}

}  // namespace bhi::flow
