#include "flow/refusal.h"

#include <algorithm>
#include <array>

namespace bhi::flow {

namespace {

constexpr std::array<std::string_view, 5> kOfPolicy = {"business-rule", "extension", "forbidden", "not-supported",
                                                       "suppressed"};

// Of a reason such as "422 processing, business-rule".
bool names_policy(std::string_view reason) {
  while (!reason.empty()) {
    const auto end = std::min(reason.find_first_of(" ,"), reason.size());
    if (std::ranges::find(kOfPolicy, reason.substr(0, end)) != kOfPolicy.end()) return true;
    reason.remove_prefix(std::min(end + 1, reason.size()));
  }
  return false;
}

}  // namespace

bool is_refused_by_policy(const Answer& answer, std::string_view interaction) {
  if (answer.what == Answer::What::Forbidden) return answer.status == 403;
  if (answer.what != Answer::What::Refused) return false;
  switch (answer.status) {
    case 405:
    case 501: return true;
    case 404: return interaction.ends_with(" create");
    case 400:
    case 422: return names_policy(answer.reason);
    default: return false;
  }
}

}  // namespace bhi::flow
