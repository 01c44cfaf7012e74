#include "care/partners.h"

#include "care/times.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace bhi::care {

namespace {

constexpr auto kAvailable = std::to_array<std::string_view>({"accepting", "waiting-list", "unknown"});

// Place in the order of availability; empty: cannot help.
std::optional<std::ptrdiff_t> place_of(std::string_view availability) {
  const auto found = std::ranges::find(kAvailable, availability);
  if (found != kAvailable.end()) return found - kAvailable.begin();
  if (availability.empty()) return std::ranges::ssize(kAvailable) - 1;
  return std::nullopt;
}

bool fits(const CommunityPartner& partner, const PartnerWish& wish) {
  if (std::ranges::find(partner.capabilities, wish.capability) == partner.capabilities.end()) return false;
  if (!wish.payer.empty() && !partner.payers.empty() &&
      std::ranges::find(partner.payers, wish.payer) == partner.payers.end()) {
    return false;
  }
  if (!wish.age) return true;
  return wish.age >= partner.age_from.value_or(0) && wish.age <= partner.age_to.value_or(*wish.age);
}

}  // namespace

bool is_stale(const CommunityPartner& partner, Instant now, int stale_days) {
  const auto days = days_since(partner.last_verified, now);
  return !days || *days > stale_days;
}

std::vector<PartnerMatch> find_partners(std::span<const CommunityPartner> partners, const PartnerWish& wish,
                                        Instant now) {
  std::vector<PartnerMatch> found;
  for (const CommunityPartner& partner : partners) {
    if (fits(partner, wish) && place_of(partner.availability)) found.push_back({&partner, is_stale(partner, now)});
  }
  std::ranges::sort(found, {}, [](const PartnerMatch& match) {
    return std::tuple(*place_of(match.partner->availability), match.stale, std::string_view(match.partner->id));
  });
  return found;
}

std::vector<const CommunityPartner*> to_verify(std::span<const CommunityPartner> partners, Instant now) {
  std::vector<const CommunityPartner*> stale;
  for (const CommunityPartner& partner : partners) {
    if (is_stale(partner, now)) stale.push_back(&partner);
  }
  std::ranges::sort(stale, [](const CommunityPartner* a, const CommunityPartner* b) {
    return earlier(a->last_verified, b->last_verified) ||
           (!earlier(b->last_verified, a->last_verified) && a->id < b->id);
  });
  return stale;
}

}  // namespace bhi::care
