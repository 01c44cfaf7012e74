// Whom we believe to be the EHR. Needs the openssl program for certificates and a TLS server.
#include "ehr/http.h"

#include "tests/ehr/support/tiny_server.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace bhi::ehr {
namespace {

using namespace std::chrono_literals;

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

// `openssl s_server` with one certificate, on a port of its own.
class TlsServer {
 public:
  TlsServer(const std::filesystem::path& folder, const std::string& name, std::vector<std::string> more = {})
      : port_(test::silent_port()) {
    std::vector<std::string> words = {"openssl", "s_server",
                                      "-www",    "-quiet",
                                      "-accept", std::to_string(port_),
                                      "-cert",   (folder / (name + ".crt")).string(),
                                      "-key",    (folder / (name + ".key")).string()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
      execvp(pointers[0], pointers.data());
      _exit(127);
    }
    for (int i = 0; i < 200 && !listens(); ++i) std::this_thread::sleep_for(10ms);
  }
  ~TlsServer() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  std::string base(const std::string& host = "localhost") const {
    return "https://" + host + ":" + std::to_string(port_);
  }

 private:
  bool listens() const {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    const bool connected = connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    return connected;
  }

  int port_;
  pid_t process_ = -1;
};

class Tls : public testing::Test {
 protected:
  void SetUp() override {
    if (!run("openssl version")) GTEST_SKIP() << "tls: no openssl program at hand";
    std::string name = (std::filesystem::temp_directory_path() / "bhi-tls-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    ASSERT_TRUE(run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout " +
                    file("ca.key") + " -out " + file("ca.crt")));
    ASSERT_TRUE(issue("good", "localhost", "2") && issue("other", "ehr.example", "2") &&
                issue("expired", "localhost", "-1") && issue("client", "bhi", "2"));
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  bool issue(const std::string& name, const std::string& host, const std::string& days) {
    return run("printf 'subjectAltName=DNS:" + host + "' > " + file(name + ".ext")) &&
           run("openssl req -newkey rsa:2048 -nodes -subj /CN=" + host + " -keyout " + file(name + ".key") + " -out " +
               file(name + ".csr")) &&
           run("openssl x509 -req -in " + file(name + ".csr") + " -CA " + file("ca.crt") + " -CAkey " + file("ca.key") +
               " -CAcreateserial -days " + days + " -extfile " + file(name + ".ext") + " -out " + file(name + ".crt"));
  }

  Response ask(const TlsServer& server, const std::string& authority) {
    auto http = Http::open({.base_url = server.base(), .ca_file = authority});
    EXPECT_TRUE(http.ok());
    return (*http)->send({.method = Method::Get, .url = (*http)->base() + "/metadata"});
  }

  // A server that demands a certificate of the same authority, and what a client with `mine` hears.
  Response ask_mutual(const std::string& mine) {
    const TlsServer server(folder_, "good", {"-Verify", "2", "-verify_return_error", "-CAfile", file("ca.crt")});
    HttpSettings settings;
    settings.base_url = server.base();
    settings.ca_file = file("ca.crt");
    if (!mine.empty()) settings.cert_file = file(mine + ".crt"), settings.key_file = file(mine + ".key");
    auto http = Http::open(settings);
    EXPECT_TRUE(http.ok());
    return (*http)->send({.method = Method::Get, .url = (*http)->base() + "/metadata"});
  }

  std::filesystem::path folder_;
};

TEST_F(Tls, D1_12_MutualTlsShowsTheConfiguredCertificate) {
  EXPECT_EQ(ask_mutual("client").what, Response::What::Answered);
  EXPECT_NE(ask_mutual("").what, Response::What::Answered);
  EXPECT_NE(ask_mutual("expired").what, Response::What::Answered);
}

TEST_F(Tls, D1_12_TrustsTheConfiguredAuthorityAndTheRightName) {
  const TlsServer server(folder_, "good");
  const Response response = ask(server, file("ca.crt"));
  EXPECT_EQ(response.what, Response::What::Answered) << response.reason;
}

TEST_F(Tls, D1_12_RefusesAnAuthorityItDoesNotKnow) {
  const TlsServer server(folder_, "good");
  EXPECT_EQ(ask(server, "").what, Response::What::NotSent);
}

TEST_F(Tls, D1_12_RefusesACertificateOfAnotherHost) {
  const TlsServer server(folder_, "other");
  EXPECT_EQ(ask(server, file("ca.crt")).what, Response::What::NotSent);
}

TEST_F(Tls, D1_12_RefusesAnExpiredCertificate) {
  const TlsServer server(folder_, "expired");
  EXPECT_EQ(ask(server, file("ca.crt")).what, Response::What::NotSent);
}

TEST_F(Tls, D1_12_RefusesATooOldProtocol) {
  const TlsServer server(folder_, "good", {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"});
  EXPECT_EQ(ask(server, file("ca.crt")).what, Response::What::NotSent);
}

}  // namespace
}  // namespace bhi::ehr
