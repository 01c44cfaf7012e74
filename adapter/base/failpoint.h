// Named places on a record's way where a test ends the process, so that what must survive is seen to survive the worst
// moment. Compiled in with the CMake option BHI_FAILPOINTS (tests); without it a call is nothing at all.
//
//   BHI_FAILPOINT=settle.after:kill:3     SIGKILL when that place is reached for the third time
//   BHI_FAILPOINT=create.before:stop:1    SIGSTOP: as a machine that freezes
//   BHI_FAILPOINT_LOG=FILE                the name of each place when it is first reached, a line each
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace bhi {

struct FailpointRow {
  std::string_view name;
  std::string_view where;
};

// In the order of a record's way. `.before`: nothing is durable yet; `.after`: durable, and nobody knows.
inline constexpr std::array kFailpoints = std::to_array<FailpointRow>({
    // name, where
    {"accept.before", "received, before the store is asked"},
    {"accept.rows", "rows and copies are written, the cursor is not, nothing is committed"},
    {"accept.after", "durable, before whoever sent it is answered"},
    {"poll.page", "a page of a poll is read, before it is kept"},
    {"poll.cursor", "the last page is kept with the cursor, before the poller knows"},
    {"bulk.kickoff", "the EHR has begun an export, before its address is kept"},
    {"bulk.lines", "lines of an export are read, before they are kept"},
    {"bulk.end", "everything of an export is kept, before it is removed there"},
    {"bulk.removed", "it is removed there, before that is kept"},
    {"notify.before", "a notification is understood, before it is kept"},
    {"notify.after", "it is kept, before it is answered"},
    {"drop.kept", "a dropped file is kept, before it is moved away"},
    {"work.before", "a lane is worked, before care state, intents and audit are committed"},
    {"work.after", "they are durable, before anybody is told"},
    {"commit.before", "the rows of a group are written, before COMMIT"},
    {"commit.after", "COMMIT has answered, before any caller knows"},
    {"checkpoint.before", "the log is about to be moved into the database"},
    {"checkpoint.after", "it was moved"},
    {"keep-copy.before", "a copy of what the EHR holds is about to be kept"},
    {"mark-sent.before", "a request is ready, before it is announced"},
    {"mark-sent.after", "it is announced, before it goes"},
    {"create.before", "a create is about to go"},
    {"create.after", "its answer is here, before anybody has read it"},
    {"update.before", "an update is about to go"},
    {"update.after", "its answer is here, before anybody has read it"},
    {"settle.before", "the outcome of a delivery is known, before it is kept"},
    {"settle.after", "it is kept, before the lane goes on"},
    {"provenance.expected", "a note of a write is kept, before the write"},
    {"outbox-file.part", "a file for people is written under another name"},
    {"outbox-file.placed", "it has its name, before the delivery is settled"},
    {"on-call.before", "somebody is about to be told of a safety event"},
    {"on-call.told", "they were told, before that is kept"},
    {"requeue.before", "an item is about to be worked on again"},
    {"requeue.after", "it is pending again, before anybody is told"},
    {"recover.after", "at start: sends of unknown outcome are marked, nothing runs yet"},
    {"retention.before", "settled rows are about to be forgotten"},
    {"retention.after", "they are forgotten"},
    {"migrate.copied", "the copy before a migration is made"},
    {"migrate.step", "the steps of a migration have run, before COMMIT"},
    {"migrate.after", "it is committed"},
    {"migrate.made", "a new store is on disk, before it has its name"},
    {"backup.copied", "a backup is written under another name"},
    {"backup.checked", "it is checked and on disk, before it has its name"},
    {"restore.prepared", "a restored store is prepared, before it has its name"},
    {"rekey.page", "some rows are sealed anew, before COMMIT"},
    {"rekey.column", "all rows of a column are sealed anew"},
});

// A name of the table; another does not compile.
class Failpoint {
 public:
  consteval Failpoint(const char* name) {
    while (index_ < kFailpoints.size() && kFailpoints[index_].name != name) ++index_;
    if (index_ == kFailpoints.size()) throw "no such failpoint: see the table";
  }
  constexpr std::size_t index() const { return index_; }

 private:
  std::size_t index_ = 0;
};

#ifdef BHI_FAILPOINTS
inline constexpr bool kHasFailpoints = true;
void failpoint(Failpoint place) noexcept;
#else
inline constexpr bool kHasFailpoints = false;
constexpr void failpoint(Failpoint) noexcept {}
#endif

}  // namespace bhi
