#include "care/model.h"

#include <array>
#include <utility>

namespace bhi::care {

namespace {

// In the order of Entity.
constexpr std::array<std::string_view, std::variant_size_v<Entity>> kKinds{"Patient",
                                                                           "Episode",
                                                                           "Screening",
                                                                           "MedicationTherapy",
                                                                           "CarePlan",
                                                                           "SafetyEvent",
                                                                           "EpisodeAct",
                                                                           "Consent",
                                                                           "Contact",
                                                                           "CaseReview",
                                                                           "RecommendationAnswer",
                                                                           "CaseFlag",
                                                                           "TeamAssignment",
                                                                           "Referral",
                                                                           "Handoff",
                                                                           "CrisisStep",
                                                                           "Partnership",
                                                                           "Feedback",
                                                                           "MedicationDecision"};
static_assert(!kKinds.back().empty());

}  // namespace

std::string_view kind_of(const Entity& entity) { return kKinds[entity.index()]; }
std::string_view kind_at(std::size_t index) { return kKinds[index]; }

void add(Record& record, Entity entity) {
  std::visit(
      [&record]<typename T>(T&& value) {
        if constexpr (std::is_same_v<T, Patient>) {
          record.patient = std::move(value);
        } else {
          list_of<T>(record).push_back(std::move(value));
        }
      },
      std::move(entity));
}

}  // namespace bhi::care
