#include "service/run_command.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bhi::service {

namespace {

constexpr std::size_t kMostInput = 4096;  // fits into the pipe, so that writing never waits
constexpr std::chrono::milliseconds kLook{10};

Error unavailable(std::string text) { return Error{Kind::Unavailable, std::move(text)}; }

std::string words_of(int code) { return std::strerror(code); }

// Both ends, closed when left.
struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) read = ends[0], write = ends[1];
  }
  ~Pipe() {
    close_write();
    if (read >= 0) ::close(read);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
};

struct Actions {
  posix_spawn_file_actions_t value;
  Actions() { posix_spawn_file_actions_init(&value); }
  ~Actions() { posix_spawn_file_actions_destroy(&value); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() { posix_spawnattr_init(&value); }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

Result<pid_t> start(const std::vector<std::string>& argv, int input) {
  Actions actions;
  posix_spawn_file_actions_adddup2(&actions.value, input, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions.value, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions.value, STDERR_FILENO + 1);

  // A group of its own, to be killed as a whole; signals as a program expects them, though we block and ignore some.
  Attributes attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setsigdefault(&attributes.value, &all);
  posix_spawnattr_setpgroup(&attributes.value, 0);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  std::vector<std::string> texts = argv;
  std::vector<char*> arguments;
  for (auto& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const char* path = std::getenv("PATH");
  std::string path_text = "PATH=" + std::string(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  char* environment[] = {path_text.data(), nullptr};

  pid_t pid = 0;
  const int code =
      posix_spawn(&pid, texts.front().c_str(), &actions.value, &attributes.value, arguments.data(), environment);
  if (code != 0) return unavailable("the command cannot be started: " + words_of(code));
  return pid;
}

}  // namespace

Result<void> run_command(const std::vector<std::string>& argv, std::string_view input, std::chrono::milliseconds most) {
  if (argv.empty() || !argv.front().starts_with('/'))
    return Error{Kind::Incorrect, "expected the absolute path of a program"};
  if (input.size() > kMostInput) return Error{Kind::Incorrect, "too much input for a command"};
  Pipe pipe;
  if (pipe.read < 0) return unavailable("no pipe to the command: " + words_of(errno));
  // Our reading end is open still, so that this neither waits nor raises SIGPIPE.
  if (::write(pipe.write, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    return unavailable("no pipe to the command: " + words_of(errno));
  pipe.close_write();
  BHI_TRY(const pid_t pid, start(argv, pipe.read));

  const auto until = std::chrono::steady_clock::now() + most;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) return unavailable("the command was lost: " + words_of(errno));
    if (std::chrono::steady_clock::now() >= until) {
      ::kill(-pid, SIGKILL);
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      return unavailable("the command did not end within " + std::to_string(most.count()) + " ms");
    }
    std::this_thread::sleep_for(kLook);
  }
  if (WIFSIGNALED(status)) return unavailable("the command ended by signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return unavailable("the command ended with exit code " + std::to_string(WEXITSTATUS(status)));
  return {};
}

}  // namespace bhi::service
