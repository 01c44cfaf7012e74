// A notice really goes out: to an HTTP server in this process, and to programs.
#include "service/on_call_contact.h"

#include "service/http/server.h"
#include "service/options.h"
#include "service/read_settings.h"
#include "service/run_command.h"
#include "tests/service/support/daemon.h"

#include <fstream>
#include <mutex>

#include <sys/stat.h>

namespace bhi::service::test {
namespace {

// Answers every POST with `status` and keeps what came.
class Webhook {
 public:
  struct Heard {
    std::string path, token, type, body;
  };

  Webhook() {
    Settings settings;
    apply_defaults(settings);
    http::Application application;
    application.admit = [this](const http::Request&) {
      http::Admission admission;
      admission.go_on = [this](http::Request& request) {
        const std::lock_guard lock(mutex_);
        std::string path;
        for (const auto& part : request.path) path += "/" + part;
        for (const auto& one : request.query) path += "?" + one.name + "=" + one.value;
        heard_.push_back({path, std::string(request.field("authorization").value_or("")),
                          std::string(request.field("content-type").value_or("")), request.body});
        http::Response response;
        response.status = status;
        return response;
      };
      return admission;
    };
    application.refuse = [](int refused, std::string_view) {
      http::Response response;
      response.status = refused;
      return response;
    };
    application.finished = [](const http::Trace&) {};
    auto opened = http::Server::open({"127.0.0.1", 0}, settings.limits, std::move(application));
    EXPECT_TRUE(opened.ok());
    server_ = *std::move(opened);
    thread_ = std::jthread([this] { server_->run(); });
  }
  ~Webhook() { server_->stop(); }

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  std::vector<Heard> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  std::atomic<int> status = 200;

 private:
  mutable std::mutex mutex_;
  std::vector<Heard> heard_;
  std::unique_ptr<http::Server> server_;
  std::jthread thread_;
};

class OnCallContactTest : public DaemonTest {
 protected:
  OnCallContactTest() { on_call.timeout_secs = 30; }
  std::string file(const std::string& name, const std::string& text, mode_t mode) {
    const auto path = (folder / name).string();
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  std::string read(const std::string& name) {
    std::ifstream in(folder / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  OnCallSettings on_call;
};

TEST_F(OnCallContactTest, TheWebhookGetsTheNoticeWithItsQueryAndToken) {
  Webhook webhook;
  OnCallContact contact;
  contact.webhook_url = webhook.url("/hook?key=1");
  contact.webhook_token_file = file("token", "s3cret-token\n", 0600);
  const auto telling = tell(contact, on_call, R"({"event":"e1"})", "1");
  EXPECT_TRUE(telling.told) << telling.problems;
  ASSERT_EQ(webhook.heard().size(), 1u);
  const auto heard = webhook.heard()[0];
  EXPECT_EQ(heard.path, "/hook?key=1");
  EXPECT_EQ(heard.token, "Bearer s3cret-token");
  EXPECT_EQ(heard.type, "application/json");
  EXPECT_EQ(heard.body, R"({"event":"e1"})");
}

TEST_F(OnCallContactTest, AWebhookThatRefusesOrIsNotThereIsAFailureThatDoesNotNameItsAddress) {
  Webhook webhook;
  OnCallContact contact;
  contact.webhook_url = webhook.url("/hook?key=1");
  for (const int status : {301, 400, 500, 503}) {
    webhook.status = status;
    const auto telling = tell(contact, on_call, "{}", "1");
    EXPECT_FALSE(telling.told);
    EXPECT_EQ(telling.problems, "webhook: answered " + std::to_string(status));
  }
  contact.webhook_url = "http://127.0.0.1:1/hook?key=1";
  const auto telling = tell(contact, on_call, "{}", "1");
  EXPECT_FALSE(telling.told);
  EXPECT_EQ(telling.problems.find("key"), std::string::npos) << telling.problems;
}

TEST_F(OnCallContactTest, ATokenThatOthersCanReadIsNotSent) {
  Webhook webhook;
  OnCallContact contact;
  contact.webhook_url = webhook.url("/");
  contact.webhook_token_file = file("token", "s3cret-token", 0644);
  EXPECT_FALSE(tell(contact, on_call, "{}", "1").told);
  EXPECT_TRUE(webhook.heard().empty());
}

TEST_F(OnCallContactTest, OneOfTwoWaysIsEnoughAndTheOtherIsSaid) {
  OnCallContact contact;
  contact.webhook_url = "http://127.0.0.1:1/";
  contact.command = {"/bin/true"};
  const auto telling = tell(contact, on_call, "{}", "1");
  EXPECT_TRUE(telling.told);
  EXPECT_TRUE(telling.problems.starts_with("webhook: ")) << telling.problems;
}

TEST_F(OnCallContactTest, ACommandGetsTheNoticeItsArgumentsAndNothingOfOurEnvironmentButPath) {
  const auto script = file("page.sh",
                           "#!/bin/sh\ncat > \"$1/stdin\"\nprintf '%s|' \"$@\" > \"$1/arguments\"\nenv > \"$1/env\"\n"
                           "ls /proc/self/fd | wc -l > \"$1/files\"\n",
                           0700);
  setenv("BHI_TEST_SECRET", "do not pass on", 1);
  const auto done = run_command({script, folder.string(), "a b; $(c)"}, R"({"event":"e1"})", std::chrono::seconds(30));
  unsetenv("BHI_TEST_SECRET");
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(read("stdin"), R"({"event":"e1"})");
  EXPECT_EQ(read("arguments"), folder.string() + "|a b; $(c)|");
  EXPECT_EQ(read("env").find("BHI_TEST_SECRET"), std::string::npos);
  EXPECT_NE(read("env").find("PATH="), std::string::npos);
  EXPECT_EQ(read("env").find("HOME="), std::string::npos);
  EXPECT_LE(std::stoi(read("files")), 4) << "0, 1, 2 and the folder that is listed";
}

TEST_F(OnCallContactTest, ACommandThatFailsHangsOrIsMissingIsAFailureWithItsReason) {
  const auto said = [](const std::vector<std::string>& argv, std::chrono::milliseconds most) {
    const auto done = run_command(argv, "{}", most);
    return done.ok() ? std::string("ok") : done.error().message;
  };
  EXPECT_EQ(said({"/bin/sh", "-c", "exit 3"}, std::chrono::seconds(30)), "the command ended with exit code 3");
  EXPECT_EQ(said({"/bin/sh", "-c", "kill -9 $$"}, std::chrono::seconds(30)), "the command ended by signal 9");
  EXPECT_EQ(said({"/bin/sh", "-c", "sleep 600"}, std::chrono::milliseconds(50)),
            "the command did not end within 50 ms");
  EXPECT_TRUE(said({"/no/such/program"}, std::chrono::seconds(30)).starts_with("the command cannot be started"));
  EXPECT_EQ(said({"true"}, std::chrono::seconds(30)), "expected the absolute path of a program");
}

std::string settings_with(const std::string& on_call) {
  const auto read = read_settings("instance_id: test\nstore:\n  path: /tmp/bhi.db\non_call:\n" + on_call, "f");
  return read.ok() ? "" : read.error().message;
}

TEST(OnCallOptions, TakeWhatIsSafeAndRefuseWhatIsNotNamingThePlace) {
  EXPECT_EQ(settings_with("  webhook_url: https://alerts.example/hook?key=1\n  repeat_secs: 60\n"), "");
  EXPECT_EQ(settings_with("  webhook_url: http://localhost:9000/hook\n"), "");
  EXPECT_EQ(settings_with("  command: [/usr/bin/page, --now]\n  backup:\n    webhook_url: http://127.0.0.1:1\n"), "");
  EXPECT_NE(settings_with("  webhook_url: http://alerts.example/hook\n").find("expected an https URL"),
            std::string::npos);
  EXPECT_EQ(settings_with("  webhook_url: http://alerts.example/hook?key=s3cret\n").find("s3cret"), std::string::npos);
  EXPECT_NE(settings_with("  webhook_url: https://user@alerts.example/\n").find("f:5:"), std::string::npos);
  EXPECT_NE(settings_with("  command: [page]\n").find("absolute path"), std::string::npos);
  EXPECT_NE(settings_with("  backup:\n    command: [/bin/page]\n").find("a backup needs somebody"), std::string::npos);
  EXPECT_NE(settings_with("  webhook_token_file: /x\n").find("no meaning without webhook_url"), std::string::npos);
}

}  // namespace
}  // namespace bhi::service::test
