// Who of the team acts, and what the table of care/team.h allows them.
//
// A bhi-app token speaks for a team member: the one it is bound to (`tokens[].member`), else the one that the header
// X-BHI-Member names. Until the practice has entered its profile and a member, there is nobody to ask about and a
// bhi-app token may do everything. The operator enters and mends the practice without being a member of it.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "service/access.h"
#include "service/care_board.h"
#include "service/http/message.h"

#include <string>
#include <string_view>

namespace bhi::service {

struct Who {
  std::string token;
  std::string member;  // id; empty: nobody of the team is known
  PracticePtr practice;
  bool unbound = false;  // no team entered, or the operator at the practice's entries: nothing is asked for
  Instant now{};

  bool may(std::string_view right) const;
  // Forbidden with the reason.
  Result<void> must(std::string_view right) const;
  flow::Actor actor() const { return {token, member}; }
};

enum class At { Patients, Practice };

// Forbidden: another member than the token's, nobody named though the practice has a team, or no member of it.
Result<Who> who_acts(const Caller& caller, const http::Request& request, PracticePtr practice, At at, Instant now);

}  // namespace bhi::service
