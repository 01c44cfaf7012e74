#include "base/failpoint.h"

#ifdef BHI_FAILPOINTS

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>

namespace bhi {

namespace {

struct Plan {
  std::size_t index = kFailpoints.size();  // none
  int signal = SIGKILL;
  int at = 1;
};

// name:kill:3. What cannot be read must not pass for a test that was made.
Plan read_plan() {
  const char* given = std::getenv("BHI_FAILPOINT");
  if (given == nullptr || *given == 0) return {};
  const std::string_view text(given);
  const auto first = text.find(':');
  const auto second = text.find(':', first == text.npos ? first : first + 1);
  Plan plan;
  plan.index = 0;
  while (plan.index < kFailpoints.size() && kFailpoints[plan.index].name != text.substr(0, first)) ++plan.index;
  const auto act =
      first == text.npos ? "kill" : text.substr(first + 1, second == text.npos ? second : second - first - 1);
  const auto count = second == text.npos ? "1" : text.substr(second + 1);
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), plan.at);
  const bool whole = error == std::errc() && end == count.data() + count.size() && plan.at > 0;
  if (plan.index == kFailpoints.size() || (act != "kill" && act != "stop") || !whole) {
    constexpr std::string_view kWrong = "BHI_FAILPOINT: expected NAME:kill|stop:COUNT with a name of --failpoints\n";
    static_cast<void>(!::write(STDERR_FILENO, kWrong.data(), kWrong.size()));
    std::_Exit(2);
  }
  if (act == "stop") plan.signal = SIGSTOP;
  return plan;
}

void note(std::string_view name) {
  const char* file = std::getenv("BHI_FAILPOINT_LOG");
  if (file == nullptr) return;
  const int log = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return;
  char line[64];
  const auto size = name.copy(line, sizeof line - 1);
  line[size] = '\n';
  static_cast<void>(!::write(log, line, size + 1));
  ::close(log);
}

}  // namespace

void failpoint(Failpoint place) noexcept {
  static const Plan plan = read_plan();
  static std::array<std::atomic<int>, kFailpoints.size()> reached{};
  const int times = ++reached[place.index()];
  if (times == 1) note(kFailpoints[place.index()].name);
  if (place.index() == plan.index && times == plan.at) ::kill(::getpid(), plan.signal);
}

}  // namespace bhi

#endif
