#include "service/identity_board.h"

#include "flow/binding.h"

#include <utility>
#include <variant>

namespace bhi::service {

namespace {

constexpr std::size_t kAtOnce = 500;

}  // namespace

Result<void> IdentityBoard::read_one(const flow::StoredEntity& row) {
  BHI_TRY(auto entity, flow::entity_from_json(row.body));
  if (auto* patient = std::get_if<care::Patient>(&entity)) patients_.insert_or_assign(row.id, std::move(*patient));
  return {};
}

Result<void> IdentityBoard::read_all() {
  patients_.clear();
  std::string after;
  do {
    BHI_TRY(const auto listing, store_.list("Patient", after, kAtOnce));
    for (const auto& row : listing.entities) BHI_CHECK(read_one(row));
    after = listing.next;
  } while (!after.empty());
  return {};
}

Result<std::shared_ptr<const IdentityPicture>> IdentityBoard::now() {
  static const auto kNobody = std::make_shared<const IdentityPicture>();
  if (systems_.empty()) return kNobody;
  const std::lock_guard lock(mutex_);
  BHI_TRY(const auto span, store_.event_span());
  bool changed = false;
  if (seen_ < 0 || span.first > seen_ + 1) {  // never read, or away for too long
    BHI_CHECK(read_all());
    seen_ = span.last;
    changed = true;
  }
  while (seen_ < span.last) {
    BHI_TRY(const auto events, store_.events(seen_, kAtOnce));
    if (events.empty()) break;
    for (const auto& event : events) {
      if (event.kind != "Patient") continue;
      BHI_TRY(const auto row, store_.entity("Patient", event.id));
      if (row) BHI_CHECK(read_one(*row));
      changed = true;
    }
    seen_ = events.back().seq;
  }
  if (!changed && picture_) return picture_;
  std::vector<care::Patient> patients;
  patients.reserve(patients_.size());
  for (const auto& [id, patient] : patients_) patients.push_back(patient);
  auto picture = std::make_shared<IdentityPicture>();
  picture->found = flow::identities_of(patients, systems_);
  const auto name = [&](const std::vector<std::string>& ids) {
    for (const auto& id : ids) picture->source_of.emplace(id, patients_.at(id).source);
  };
  for (const auto& link : picture->found.links) name(link.patients);
  for (const auto& review : picture->found.reviews) name(review.patients);
  picture_ = std::move(picture);
  return picture_;
}

}  // namespace bhi::service
