// The table of options and what is printed from it.
#include "service/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace bhi::service {
namespace {

TEST(Options, StandInTheTableOnce) {
  std::set<std::string> paths;
  for (const auto& option : options()) EXPECT_TRUE(paths.insert(option.path).second) << option.path;
}

TEST(Options, HaveDefaultsThatTheirOwnCheckAllows) {
  for (const auto& option : options()) {
    if (option.fallback.empty()) continue;
    Texts texts{option.fallback};
    if (option.list) {
      texts.clear();
      std::string rest = option.fallback;
      for (std::size_t comma = 0; (comma = rest.find(", ")) != std::string::npos; rest.erase(0, comma + 2)) {
        texts.push_back(rest.substr(0, comma));
      }
      texts.push_back(rest);
    }
    struct Apply {
      const Texts& texts;
      bool operator()(const Set<Settings>& set) const {
        Settings owner;
        return set(owner, texts);
      }
      bool operator()(const Set<TokenSettings>& set) const {
        TokenSettings owner;
        return set(owner, texts);
      }
      bool operator()(const Set<SourceSettings>& set) const {
        SourceSettings owner;
        return set(owner, texts);
      }
      bool operator()(const Set<SubscriptionSettings>& set) const {
        SubscriptionSettings owner;
        return set(owner, texts);
      }
    };
    EXPECT_TRUE(std::visit(Apply{texts}, option.set)) << option.path;
  }
}

TEST(Options, AreDocumentedInTheReadmeAsTheyAre) {
  std::ifstream in(BHI_SOURCE_DIR "/adapter/service/README.md");
  const std::string readme(std::istreambuf_iterator<char>(in), {});
  EXPECT_NE(readme.find(print_options()), std::string::npos) << "paste the output of `bhi-adapter --print-options`";
}

}  // namespace
}  // namespace bhi::service
