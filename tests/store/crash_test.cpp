// A process that is killed while it writes: what it had answered is there, whole; the rest is there whole or not at
// all.
#include "tests/store/support/temp_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

namespace bhi::store::test {
namespace {

constexpr int kWriters = 4;

struct Answered {
  int writer;
  int number;
};

std::string name_of(int writer, int number) { return std::to_string(writer) + "-" + std::to_string(number); }

// One transaction each: a resource, its inbox row, a cursor, an audit row; then care, outbox, outcome and audit.
void write_without_end(flow::Store& store, int writer, int first, int to) {
  for (int number = first;; ++number) {
    const std::string id = name_of(writer, number);
    auto batch = batch_of({item_of(copy_of(id, "h"), "lane-" + std::to_string(writer))});
    batch.cursor = flow::Cursor{"clinic", std::to_string(writer), std::to_string(number)};
    batch.audit = {audit_of("accept", id)};
    if (!store.accept(batch)) _exit(3);

    const auto pending = store.pending(batch.items[0].lane, 1);
    if (!pending || pending->empty()) _exit(4);
    flow::Worked worked;
    worked.entities = {{"Screening", id, "p", 0, "{}"}};
    worked.outbox = {intent_of("p" + std::to_string(writer), id)};
    worked.inbox = {{pending->front().seq, flow::InboxState::Done, {}, {}}};
    worked.audit = {audit_of("map", id)};
    if (!store.commit(worked)) _exit(5);
    const Answered answered{writer, number};
    if (::write(to, &answered, sizeof answered) != sizeof answered) _exit(6);
  }
}

[[noreturn]] void run_child(const std::string& path, const int (&first)[kWriters], int to) {
  auto store = open_sqlite(path, {.checkpoint_pages = 50});
  if (!store) _exit(2);
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] { write_without_end(**store, writer, first[writer], to); });
  }
  for (auto& thread : threads) thread.join();
  _exit(0);
}

int rounds() {
  const char* text = std::getenv("BHI_KILL_ROUNDS");
  return text == nullptr ? 15 : std::atoi(text);
}

TEST(Crash, LosesNothingAnsweredWhenKilledWhileWriting) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "fork with threads is not for the thread sanitizer";
#endif
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  must(open_sqlite(path));
  std::mt19937 random(std::random_device{}());
  int next[kWriters] = {};
  std::size_t answered_in_all = 0;

  for (int round = 0; round < rounds(); ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      run_child(path, next, ends[1]);
    }
    ::close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + random() % 150));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself, code " << WEXITSTATUS(status);

    int last[kWriters];
    for (int writer = 0; writer < kWriters; ++writer) last[writer] = next[writer] - 1;
    Answered answered{};
    while (::read(ends[0], &answered, sizeof answered) == sizeof answered) {
      last[answered.writer] = answered.number;
      ++answered_in_all;
    }
    ::close(ends[0]);

    const auto store = must(open_sqlite(path));
    ASSERT_NE(store, nullptr);
    const auto report = must(verify_sqlite(path));
    std::size_t accepted = 0;
    std::size_t worked = 0;
    std::set<std::string> planned;
    for (const auto& item : must(store->outbox("", 1'000'000))) EXPECT_TRUE(planned.insert(item.care_id).second);
    for (int writer = 0; writer < kWriters; ++writer) {
      const int cursor = std::stoi(must(store->cursor("clinic", std::to_string(writer))).value_or("-1"));
      ASSERT_GE(cursor, last[writer]);
      for (int number = 0; number <= cursor; ++number) {
        EXPECT_TRUE(must(store->resource("clinic", "QuestionnaireResponse", name_of(writer, number)))) << number;
      }
      accepted += static_cast<std::size_t>(cursor + 1);
      // What was accepted and not worked on is still pending; nothing is in between.
      const auto pending = must(store->pending("lane-" + std::to_string(writer), 1'000'000));
      const int done = cursor + 1 - static_cast<int>(pending.size());
      ASSERT_GE(done, last[writer] + 1);
      for (int number = 0; number < done; ++number) {
        EXPECT_TRUE(must(store->entity("Screening", name_of(writer, number)))) << number;
        EXPECT_TRUE(planned.contains(name_of(writer, number))) << number;
      }
      worked += static_cast<std::size_t>(done);
      // Finish what is left, so that the next round starts clean.
      for (const auto& item : pending) {
        flow::Worked rest;
        rest.entities = {{"Screening", item.resource.id, "p", 0, "{}"}};
        rest.outbox = {intent_of("p" + std::to_string(writer), item.resource.id)};
        rest.inbox = {{item.seq, flow::InboxState::Done, {}, {}}};
        rest.audit = {audit_of("map", item.resource.id)};
        must(store->commit(rest));
      }
      next[writer] = cursor + 1;
    }
    EXPECT_EQ(planned.size(), worked);
    EXPECT_EQ(report.audit_rows, accepted + worked);
  }
  EXPECT_GT(answered_in_all, 0u);
  RecordProperty("answered", static_cast<int>(answered_in_all));
  std::printf("killed %d times, %zu answered, none lost\n", rounds(), answered_in_all);
}

}  // namespace
}  // namespace bhi::store::test
