// bhi token: a random token, shown once, and the configuration line that knows only its hash.
#include "base/hash.h"
#include "bhi/commands.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>

namespace bhi::tools {

int run_token(const TokenOptions& options) {
  constexpr std::array kRoles = {"ehr", "bhi-app", "operator"};
  if (std::ranges::find(kRoles, options.role) == kRoles.end()) {
    std::cerr << "bhi token: --role: expected ehr, bhi-app or operator\n";
    return 2;
  }
  std::array<char, 32> random{};
  std::ifstream source("/dev/urandom", std::ios::binary);
  if (!source.read(random.data(), random.size())) {
    std::cerr << "bhi token: no random bytes from /dev/urandom\n";
    return 2;
  }
  const std::string token = to_hex(sha256(std::string_view(random.data(), random.size())));
  std::cout << "token (shown once, give it to " << options.name << "):\n  " << token << "\n\nfor bhi-adapter.yaml:\n"
            << "tokens:\n  - {name: " << options.name << ", role: " << options.role
            << ", hash: " << to_hex(sha256(token)) << "}\n";
  return 0;
}

}  // namespace bhi::tools
