// bhi conformance json: a suite of JSON texts (https://github.com/nst/JSONTestSuite) on our reader.
#include "bhi/conformance.h"
#include "fhir/json.h"
#include "service/files.h"

#include <array>
#include <iostream>
#include <vector>

namespace bhi::tools {

namespace {

// Plain JSON; and plain JSON with one of the policies that FHIR documents are read with.
constexpr fhir::ReadLimits kPlain{
    .max_depth = 1000, .refuse_repeated_names = false, .refuse_nul = false, .require_object = false};

struct Policy {
  std::string_view reason;
  fhir::ReadLimits limits;
};

constexpr fhir::ReadLimits with(bool repeated, bool nul, bool object, std::size_t depth) {
  return {.max_depth = depth, .refuse_repeated_names = repeated, .refuse_nul = nul, .require_object = object};
}

constexpr std::array kPolicies = std::to_array<Policy>({
    {"no object at the top", with(false, false, true, 1000)},
    {"a name twice in an object", with(true, false, false, 1000)},
    {"NUL in a text", with(false, true, false, 1000)},
    {"nested too deeply", with(false, false, false, fhir::ReadLimits{}.max_depth)},
});

struct Case {
  std::string name;
  std::string text;
  Result<fhir::DocumentPtr> read;
};

// In the order of kPolicies: how many of the accepted each refuses.
std::array<std::size_t, kPolicies.size()> refused_by_policy(const std::vector<Case>& cases, std::size_t& refused) {
  std::array<std::size_t, kPolicies.size()> counts{};
  for (const Case& one : cases) {
    if (!one.read.ok()) continue;
    bool any = false;
    for (std::size_t i = 0; i < kPolicies.size(); ++i) {
      if (fhir::read_json(one.text, kPolicies[i].limits).ok()) continue;
      ++counts[i];
      any = true;
    }
    if (any) ++refused;
  }
  return counts;
}

void print_policies(const std::vector<Case>& cases) {
  std::size_t refused = 0;
  const auto counts = refused_by_policy(cases, refused);
  std::cout << "accepted ones that the FHIR policies refuse: " << refused;
  std::string_view separator = " (";
  for (std::size_t i = 0; i < kPolicies.size(); ++i) {
    std::cout << separator << kPolicies[i].reason << " " << counts[i];
    separator = ", ";
  }
  std::cout << ")\n";
}

}  // namespace

int run_json_conformance(const std::string& folder) {
  std::vector<Case> cases;
  for (const std::string& path : service::files_in(folder, ".json")) {
    std::string name = path.substr(path.find_last_of('/') + 1);
    if (!name.starts_with("y_") && !name.starts_with("n_") && !name.starts_with("i_")) continue;
    auto text = service::read_file(path);
    if (!text.ok()) {
      std::cerr << "bhi conformance: " << text.error().message << "\n";
      return 2;
    }
    auto read = fhir::read_json(*text, kPlain);
    cases.push_back({std::move(name), *std::move(text), std::move(read)});
  }
  if (cases.empty()) {
    std::cerr << "bhi conformance: expected files y_*.json, n_*.json or i_*.json in the folder, found none\n";
    return 2;
  }

  std::size_t passed = 0;
  std::size_t judged = 0;
  for (const Case& one : cases) {
    if (one.name.starts_with("i_")) continue;
    ++judged;
    const bool wanted = one.name.starts_with("y_");
    if (one.read.ok() == wanted)
      ++passed;
    else if (wanted)
      std::cout << one.name << ": expected to be accepted, found: " << one.read.error().message << "\n";
    else
      std::cout << one.name << ": expected to be refused, found accepted\n";
  }
  std::cout << "passed " << passed << " of " << judged << "\n";
  for (const Case& one : cases) {
    if (!one.name.starts_with("i_")) continue;
    std::cout << one.name << (one.read.ok() ? ": accepted" : ": refused: " + one.read.error().message) << "\n";
  }
  print_policies(cases);
  return passed == judged ? 0 : 1;
}

}  // namespace bhi::tools
