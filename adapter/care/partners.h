// The local call list: who can take a patient, and how far the row can be trusted.
#pragma once

#include "base/instant.h"
#include "care/model_practice.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

// A row not verified for longer is stale ("needs clinical review": no source states an interval).
inline constexpr int kPartnerStaleDays = 180;

bool is_stale(const CommunityPartner& partner, Instant now, int stale_days = kPartnerStaleDays);

struct PartnerWish {
  std::string_view capability;
  std::string_view payer;  // empty: any
  std::optional<int> age;
};

struct PartnerMatch {
  const CommunityPartner* partner = nullptr;  // of the list given
  bool stale = false;
};

// Those that can help: accepting first, then waiting lists, then unknown (closed ones are left out); verified before
// stale; by id. A stale row is shown, with its mark, never hidden: in a crisis an old number is better than none.
std::vector<PartnerMatch> find_partners(std::span<const CommunityPartner> partners, const PartnerWish& wish,
                                        Instant now);

// Rows whose owner must call and verify, longest unverified first.
std::vector<const CommunityPartner*> to_verify(std::span<const CommunityPartner> partners, Instant now);

}  // namespace bhi::care
