#include "service/rights.h"

#include "care/team.h"

namespace bhi::service {

bool Who::may(std::string_view right) const { return must(right).ok(); }

Result<void> Who::must(std::string_view right) const {
  if (unbound || right.empty()) return {};
  const care::TeamMember* found = practice->member(member);
  if (found == nullptr) return Error{Kind::Forbidden, "X-BHI-Member: expected the id of a team member"};
  if (const auto issue = care::why_not(right, *found, practice->record.practice, now))
    return Error{Kind::Forbidden, issue->path + ": " + issue->text};
  return {};
}

Result<Who> who_acts(const Caller& caller, const http::Request& request, PracticePtr practice, At at, Instant now) {
  const auto named = request.field("x-bhi-member");
  if (request.count("x-bhi-member") > 1) return Error{Kind::Forbidden, "X-BHI-Member: expected one"};
  if (named && !caller.member.empty() && *named != caller.member)
    return Error{Kind::Forbidden, "X-BHI-Member: the token speaks for another member"};
  Who who{caller.name, caller.member.empty() ? std::string(named.value_or("")) : caller.member, std::move(practice),
          false, now};
  const bool known = who.practice->member(who.member) != nullptr;
  const bool is_operator = caller.everything || caller.role == Role::Operator;
  if (!who.practice->has_team() || (at == At::Practice && is_operator && who.member.empty())) {
    who.unbound = true;
    if (!known) who.member.clear();
    return who;
  }
  if (who.member.empty())
    return Error{Kind::Forbidden, "X-BHI-Member: expected the id of the team member who acts, found none"};
  if (!known) return Error{Kind::Forbidden, "X-BHI-Member: expected the id of a team member"};
  return who;
}

}  // namespace bhi::service
