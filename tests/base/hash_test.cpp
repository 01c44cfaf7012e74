#include "base/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace bhi {
namespace {

TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, TakesZeroBytes) { EXPECT_NE(sha256(std::string_view("a\0b", 3)), sha256("a")); }

TEST(Hmac, GivesThePublishedDigests) {  // RFC 4231, cases 2 and 6
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(SameSecret, ToldByEveryByteAndByTheLength) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_TRUE(same_secret("", ""));
  for (const char* other : {"abd", "bbc", "ab", "abcd", "", "ABC"}) EXPECT_FALSE(same_secret("abc", other)) << other;
}

TEST(StableId, IsTheSameForTheSamePartsInEveryRelease) {
  EXPECT_EQ(stable_id({"main-ehr", "Patient", "123"}), stable_id({"main-ehr", "Patient", "123"}));
  // The first 130 bits of the digest of "1:a2:bc" in base32: an id, once given, must never change.
  EXPECT_EQ(stable_id({"a", "bc"}), "kmiklb4ipanlexk227b7qubvqj");
}

TEST(StableId, TellsPartsApart) {
  const std::set<std::string> ids{stable_id({"a", "bc"}), stable_id({"ab", "c"}), stable_id({"abc"}),
                                  stable_id({"abc", ""}), stable_id({"", "abc"}), stable_id({"1:a", "bc"})};
  EXPECT_EQ(ids.size(), 6U);
}

TEST(StableId, IsAValidFhirId) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = stable_id({std::to_string(i)});
    EXPECT_EQ(id.size(), 26U);
    EXPECT_TRUE(std::ranges::all_of(id, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); })) << id;
  }
}

}  // namespace
}  // namespace bhi
