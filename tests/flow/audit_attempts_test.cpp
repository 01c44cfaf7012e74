// Every attempt to write leaves exactly one audit record, kept in the transaction that counts the attempt: after any
// failure and any kill the two agree, and no request was ever made without one.
#include "tests/flow/support/crashing_store.h"
#include "tests/flow/support/delivery_fixture.h"

#include <algorithm>
#include <random>

namespace bhi::flow {
namespace {

class AuditOfAttempts : public Deliver, public testing::WithParamInterface<unsigned> {};

TEST_P(AuditOfAttempts, AgreesWithTheCountOfAttemptsWhateverFails) {
  std::mt19937 random(GetParam());
  const auto chance = [&random](int percent) { return std::uniform_int_distribution<int>(1, 100)(random) <= percent; };
  const std::vector<FakeEhr::Rude> moods = {{What::Unknown, 0, true}, {What::Unknown, 0, false}, {What::Later, 503},
                                            {What::NotSent},          {What::Conflict, 409},     {What::Refused, 422}};
  ehr_.mood = [&]() -> std::optional<FakeEhr::Rude> {
    if (!chance(40)) return std::nullopt;
    return moods[std::uniform_int_distribution<std::size_t>(0, moods.size() - 1)(random)];
  };
  for (int n = 0; n < 20; ++n) {
    care::Screening screening = phq9();
    screening.id = "s" + std::to_string(n);
    keep({screening}, "screening-result");
  }
  int crashes = 0;
  for (int round = 0; round < 10'000; ++round) {
    clock_ += 10min;
    const auto due = store_->due(clock_, 4).value();
    if (due.empty()) break;
    for (const OutboxItem& item : due) {
      test::CrashingStore store(*store_);
      using Moment = test::CrashingStore::Moment;
      if (chance(20)) store.crash_at(chance(50) ? 1 : 2, chance(50) ? Moment::Before : Moment::After);
      static_cast<void>(deliver(test::engine(), store, ehr_, ehr_.declared, item, clock_));
      if (!store.crashed()) continue;
      ++crashes;
      restart();
      break;
    }
  }
  EXPECT_GT(crashes, 3);

  const auto items = store_->outbox("", 1000).value();
  std::size_t attempts = 0;
  for (const auto& item : items) attempts += static_cast<std::size_t>(item.attempts);
  const auto trail = store_->audit_trail(0, 100'000).value();
  const auto sends = static_cast<std::size_t>(
      std::ranges::count_if(trail, [](const AuditRow& row) { return row.entry.action == "send"; }));
  EXPECT_EQ(sends, attempts);
  EXPECT_GE(sends, count("POST ") + count("PUT ")) << "a request without its record";
  EXPECT_GT(sends, 40u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AuditOfAttempts, testing::Values(1u, 2u));

}  // namespace
}  // namespace bhi::flow
