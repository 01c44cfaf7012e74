// Who is asking, and what may they do. The only thing that runs before a caller is known is HTTP framing.
#pragma once

#include "base/result.h"
#include "service/http/message.h"
#include "service/settings.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace bhi::service {

// A set of roles. The empty one asks for no token: what is public anyway.
class Roles {
 public:
  constexpr Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) bits_ |= bit(role);
  }
  constexpr bool open() const { return bits_ == 0; }
  constexpr bool contains(Role role) const { return (bits_ & bit(role)) != 0; }

 private:
  static constexpr unsigned bit(Role role) { return 1u << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

inline constexpr Roles kOpen{};

struct Caller {
  std::string name;         // of the token; "local" when no tokens are configured
  bool everything = false;  // no tokens configured: loopback only, for trying out
  Role role = Role::Ehr;
  std::string source;       // bound to this one; empty: to none
  std::string member = {};  // the same for the team member who acts

  bool has(const Roles& allowed) const { return everything || allowed.open() || allowed.contains(role); }
};

class Access {
 public:
  explicit Access(std::vector<TokenSettings> tokens) : tokens_(std::move(tokens)) {}

  // `Authorization: Bearer <token>`. Error Forbidden: no token, an unknown one, or another scheme (answered 401).
  Result<Caller> identify(const http::Request& request) const;

 private:
  std::vector<TokenSettings> tokens_;
};

}  // namespace bhi::service
