#include "care/model.h"

namespace bhi::care {

std::string_view kind_of(const Entity& entity) {
  struct Names {
    std::string_view operator()(const Patient&) const { return "Patient"; }
    std::string_view operator()(const Episode&) const { return "Episode"; }
    std::string_view operator()(const Screening&) const { return "Screening"; }
    std::string_view operator()(const MedicationTherapy&) const { return "MedicationTherapy"; }
    std::string_view operator()(const CarePlan&) const { return "CarePlan"; }
    std::string_view operator()(const SafetyEvent&) const { return "SafetyEvent"; }
  };
  return std::visit(Names{}, entity);
}

}  // namespace bhi::care
