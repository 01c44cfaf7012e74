#include "flow/redact.h"

#include "care/instruments.h"
#include "care/medication.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/views.h"

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

namespace bhi::flow {

namespace {

using Elements = std::span<const std::string_view>;

bool is_substance_screening(const care::Entity& entity) {
  const auto* screening = std::get_if<care::Screening>(&entity);
  const auto* instrument = screening == nullptr ? nullptr : care::find_instrument(screening->instrument);
  return instrument != nullptr && instrument->substance_use;
}

bool is_substance_therapy(const care::Entity& entity) {
  const auto* therapy = std::get_if<care::MedicationTherapy>(&entity);
  return therapy != nullptr && care::is_substance_use(*therapy);
}

constexpr std::array<std::string_view, 7> kResults = {"items",    "total",  "statedTotal", "severity",
                                                      "positive", "safety", "issues"};
constexpr std::array<std::string_view, 7> kMedicine = {"codes",     "text",       "dose",  "ingredients",
                                                       "drugClass", "supplyDays", "issues"};
constexpr std::array<std::string_view, 5> kPlanTexts = {"description", "notes", "selfManagement", "relapsePrevention",
                                                        "safetyPlan"};
constexpr std::array<std::string_view, 1> kRecommendations = {"recommendations"};
constexpr std::array<std::string_view, 1> kReason = {"reason"};
constexpr std::array<std::string_view, 1> kNote = {"note"};
constexpr std::array<std::string_view, 1> kOutcome = {"outcome"};
constexpr std::array<std::string_view, 2> kPartnership = {"goals", "involved"};

struct Rule {
  std::string_view kind;
  std::string_view right;
  Elements elements;
  bool (*applies)(const care::Entity&) = nullptr;  // null: to every one of the kind
};

const Rule kRules[] = {
    {"Screening", "read-substance-use", kResults, is_substance_screening},
    {"MedicationTherapy", "read-substance-use", kMedicine, is_substance_therapy},
    {"CarePlan", "read-notes", kPlanTexts},
    {"CaseReview", "read-notes", kRecommendations},
    {"CaseFlag", "read-notes", kReason},
    {"CrisisStep", "read-notes", kNote},
    {"EpisodeAct", "read-notes", kReason},
    {"Partnership", "read-notes", kPartnership},
    {"RecommendationAnswer", "read-notes", kReason},
    {"Referral", "read-notes", kOutcome},
};

}  // namespace

Result<std::string> redacted(const StoredEntity& entity, const May& may) {
  std::vector<std::string_view> hidden;
  for (const Rule& rule : kRules) {
    if (rule.kind != entity.kind || may(rule.right)) continue;
    if (rule.applies != nullptr) {
      BHI_TRY(const auto read, entity_from_json(entity.body));
      if (!rule.applies(read)) continue;
    }
    hidden.insert(hidden.end(), rule.elements.begin(), rule.elements.end());
  }
  if (hidden.empty()) return entity.body;
  BHI_TRY(const auto document, fhir::read_json(entity.body));
  Arena arena;
  fhir::Node left = document->root();
  std::vector<fhir::Node> names;
  for (const std::string_view element : hidden) {
    if (left.find(element) == nullptr) continue;
    left = fhir::without(left, fhir::intern(element), arena);
    names.push_back(fhir::Node::string(element));
  }
  if (names.empty()) return entity.body;
  return fhir::write_json(fhir::with(left, fhir::intern("redacted"), fhir::Node::array(names), arena));
}

std::string redacted_view(care::CaseloadRow row, const May& may) {
  if (may("read-substance-use")) return view(row);
  const auto hidden = std::erase_if(row.scores, [](const care::ScoreTrack& track) {
    const auto* instrument = care::find_instrument(track.instrument);
    return instrument != nullptr && instrument->substance_use;
  });
  const bool medicines = !row.medications.empty();
  row.medications.clear();
  std::string text = view(row);
  std::string names;
  if (hidden > 0) names += "\"scores\"";
  if (medicines) names += names.empty() ? "\"medications\"" : ",\"medications\"";
  if (!names.empty()) text.insert(text.size() - 1, ",\"redacted\":[" + names + "]");
  return text;
}

}  // namespace bhi::flow
