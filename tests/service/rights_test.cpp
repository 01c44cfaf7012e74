#include "service/rights.h"

#include "care/team.h"
#include "service/collections.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::service {
namespace {

const Instant kNow = *instant_from("2026-11-22T12:00:00Z");

PracticePtr team() {
  flow::LoadedPractice practice;
  practice.record.practice.id = "practice";
  practice.record.practice.roles_active = {"care-manager", "nurse"};
  practice.record.members = {{"m1", "A", {"care-manager"}, "", false, false, "", ""},
                             {"gone", "B", {"care-manager"}, "", false, false, "", "2026-01-01"}};
  return std::make_shared<const flow::LoadedPractice>(std::move(practice));
}

http::Request request(std::vector<std::string> members) {
  http::Request made;
  for (auto& member : members) made.fields.push_back({"x-bhi-member", std::move(member)});
  return made;
}

Caller app(std::string member = {}) { return {"console", false, Role::BhiApp, {}, std::move(member)}; }

Result<Who> ask(const Caller& caller, std::vector<std::string> members, PracticePtr practice = team(),
                At at = At::Patients) {
  return who_acts(caller, request(std::move(members)), std::move(practice), at, kNow);
}

TEST(Rights, AreNotAskedForBeforeThereIsATeam) {
  const auto empty = std::make_shared<const flow::LoadedPractice>();
  const auto who = ask(app(), {}, empty);
  ASSERT_TRUE(who.ok());
  EXPECT_TRUE(who->may("prescribe"));
  EXPECT_EQ(ask(app(), {"somebody"}, empty)->member, "");
}

TEST(Rights, FollowTheRolesOfTheMemberNamed) {
  const auto who = ask(app(), {"m1"});
  ASSERT_TRUE(who.ok());
  EXPECT_TRUE(who->may("record-contact"));
  EXPECT_FALSE(who->may("recommend"));
  EXPECT_TRUE(who->may(""));
  EXPECT_EQ(who->actor().name_in_audit(), "console/m1");
  EXPECT_EQ(who->actor().by(), "m1");
}

TEST(Rights, NeedANameThatIsKnownAndWorksHere) {
  EXPECT_FALSE(ask(app(), {}).ok());
  EXPECT_FALSE(ask(app(), {"stranger"}).ok());
  EXPECT_FALSE(ask(app(), {"m1", "m1"}).ok());
  EXPECT_FALSE(ask(app(), {"gone"})->may("record-contact"));
}

TEST(Rights, OfABoundTokenCannotBeThoseOfAnother) {
  EXPECT_EQ(ask(app("m1"), {})->member, "m1");
  EXPECT_EQ(ask(app("m1"), {"m1"})->member, "m1");
  EXPECT_FALSE(ask(app("m1"), {"gone"}).ok());
}

TEST(Rights, LetTheOperatorMendThePracticeOnly) {
  const Caller op{"ops", false, Role::Operator, {}, {}};
  EXPECT_TRUE(ask(op, {}, team(), At::Practice)->may("change-workflow"));
  EXPECT_FALSE(ask(op, {}, team(), At::Patients).ok());
  EXPECT_FALSE(ask(app(), {}, team(), At::Practice).ok());
}

TEST(Collections, NameRightsThatTheTeamsTableHas) {
  const auto known = [](std::string_view right) {
    return std::ranges::find(care::rights(), right, &care::Right::act) != care::rights().end();
  };
  for (const auto collections : {patient_collections(), practice_collections()}) {
    for (const Collection& one : collections) {
      EXPECT_TRUE(known(one.read)) << one.path;
      EXPECT_EQ(one.write.empty(), one.way == Way::Read) << one.path;
      EXPECT_TRUE(one.write.empty() || known(one.write)) << one.path;
    }
  }
}

TEST(Collections, AreThereForEveryKindOfARecord) {
  for (std::size_t i = 1; i < std::variant_size_v<care::Entity>; ++i) {
    const auto kind = care::kind_at(i);
    EXPECT_NE(collection_of(patient_collections(), kind), nullptr) << kind;
  }
}

}  // namespace
}  // namespace bhi::service
