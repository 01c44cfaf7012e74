#include "fhir/node.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

#include <thread>

namespace bhi::fhir {
namespace {

DocumentPtr read(std::string text) { return read_json(std::move(text)).value(); }

TEST(Name, IsOneObjectForOneText) {
  EXPECT_EQ(&intern("birthDate"), &intern(std::string("birthDate")));
  EXPECT_EQ(intern("birthDate").companion, &intern("_birthDate"));
  EXPECT_EQ(intern("_birthDate").companion, &intern("birthDate"));
  EXPECT_EQ(intern("_").companion, nullptr);
  EXPECT_EQ(intern("__x").companion, nullptr);
  EXPECT_EQ(intern("").text, "");
  EXPECT_NE(&intern("aNameOfMoreThanSixteenCharacters"), &intern("aNameOfMoreThanSixteen-Characters"));
  EXPECT_EQ(find_name("nobody ever interned this"), nullptr);
}

TEST(Name, MayBeInternedByManyThreadsWhileOthersLook) {
  std::vector<std::thread> threads;
  std::array<std::vector<const Name*>, 4> made;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 20000; ++i) mine.push_back(&intern("thread-" + std::to_string(i)));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& mine : made) EXPECT_EQ(mine, made[0]);
  EXPECT_EQ(made[0][777]->text, "thread-777");
  EXPECT_EQ(made[0][777]->companion->text, "_thread-777");
}

TEST(Name, OfADocumentStaysInIt) {
  const auto document = read(R"({"onlyThisDocumentUsesIt":1,"id":"x"})");
  EXPECT_EQ(find_name("onlyThisDocumentUsesIt"), nullptr);
  ASSERT_NE(document->root().find("onlyThisDocumentUsesIt"), nullptr);
  // Interned after the document was read, it is still found.
  EXPECT_NE(document->root().find(intern("onlyThisDocumentUsesIt")), nullptr);
  EXPECT_EQ(document->root().find("another"), nullptr);
}

TEST(Node, SetsAndRemovesMembersWithoutTouchingTheOriginal) {
  const auto document = read(R"({"id":"1","status":"active","unknownToAll":true})");
  Arena arena;
  const Node changed = with(document->root(), intern("status"), Node::string("ended"), arena);
  EXPECT_EQ(write_json(changed), R"({"id":"1","status":"ended","unknownToAll":true})");
  EXPECT_EQ(write_json(with(changed, intern("note"), Node(), arena)),
            R"({"id":"1","status":"ended","unknownToAll":true,"note":null})");
  EXPECT_EQ(write_json(without(changed, intern("id"), arena)), R"({"status":"ended","unknownToAll":true})");
  EXPECT_EQ(write_json(without(changed, intern("unknownToAll"), arena)), R"({"id":"1","status":"ended"})");
  EXPECT_EQ(write_json(document->root()), R"({"id":"1","status":"active","unknownToAll":true})");
}

TEST(Node, CopiesLiveOnWithoutTheDocument) {
  Arena arena;
  Node kept;
  {
    const auto document = read(R"({"a":["text",1.50,{"neverSeenName":null}]})");
    kept = copy(document->root(), arena);
  }
  EXPECT_EQ(write_json(kept), R"({"a":["text",1.50,{"neverSeenName":null}]})");
}

TEST(Node, IsTheSameWhateverTheOrderOfMembers) {
  const auto one = read(R"({"a":1,"b":[true,null],"zzz-unknown":"x"})");
  EXPECT_TRUE(same(one->root(), read(R"({"zzz-unknown":"x","b":[true,null],"a":1})")->root()));
  for (const char* other :
       {R"({"a":1.0,"b":[true,null],"zzz-unknown":"x"})", R"({"a":1,"b":[null,true],"zzz-unknown":"x"})",
        R"({"a":1,"b":[true,null],"zzz-unknow":"x"})", R"({"a":1,"b":[true,null]})",
        R"({"a":"1","b":[true,null],"zzz-unknown":"x"})"}) {
    EXPECT_FALSE(same(one->root(), read(other)->root())) << other;
  }
}

TEST(Node, TreatsASingleValueAsAListOfOne) {
  const auto document = read(R"({"one":1,"two":[1,2],"none":null})");
  EXPECT_EQ(each(document->root().find("one")).size(), 1u);
  EXPECT_EQ(each(document->root().find("two")).size(), 2u);
  EXPECT_EQ(each(document->root().find("none")).size(), 0u);
  EXPECT_EQ(each(nullptr).size(), 0u);
}

}  // namespace
}  // namespace bhi::fhir
