// The address where EHRs call by themselves, of the whole daemon.
#include "base/hash.h"
#include "service/watched_store.h"
#include "tests/service/support/daemon.h"

#include <fstream>

#include <sys/stat.h>

namespace bhi::service::test {
namespace {

const std::string kSecret = "0123456789abcdefABCDEF";
const std::string kPatient = R"({"resourceType":"Patient","id":"a1","name":[{"family":"Alder"}]})";
const std::string kJson = "Content-Type: application/fhir+json\r\n";
const std::string kProof = "Authorization: Bearer " + kSecret + "\r\n";

// Keeps nothing from some moment on, without being broken for good.
class FullStore : public WatchedStore {
 public:
  FullStore(std::unique_ptr<flow::Store> store, Metrics& metrics, const std::atomic<bool>& full)
      : WatchedStore(std::move(store), metrics, [](const Error&) {}), full_(full) {}
  Result<flow::AcceptOutcome> accept(const flow::Accepted& batch) override {
    if (full_) return Error{Kind::Unavailable, "disk full"};
    return WatchedStore::accept(batch);
  }

 private:
  const std::atomic<bool>& full_;
};

class Notify : public DaemonTest {
 protected:
  Notify() {
    const auto secret = folder / "secret";
    std::ofstream(secret) << kSecret;
    ::chmod(secret.c_str(), 0600);
    auto& one = settings.sources.front().subscriptions.emplace_back();
    apply_defaults(one);
    one.name = "people";
    one.criteria = "Patient";
    one.payload = PayloadWish::Full;
    one.manage = false;
    one.secret_file = secret;
  }
  int notify(const std::string& method, const std::string& path, const std::string& body, const std::string& fields) {
    last = ask(method, path, body, fields + (body.empty() ? "Content-Length: 0\r\n" : ""));
    return status_of(last);
  }
  int held(const std::string& id) { return status_of(ask("GET", "/fhir/Patient/" + id)); }
  std::string with_id(const std::string& id) const {
    std::string text = kPatient;
    return text.replace(text.find("a1"), 2, id);
  }

  std::string last;
};

TEST_F(Notify, D2_01_R4HooksComeEmptyByPostAndPutWithARecordAndAsANoticeOfDeletion) {
  start();
  EXPECT_EQ(notify("POST", "/notify/people", "", kProof), 200);
  EXPECT_EQ(notify("PUT", "/notify/people", "", kProof), 200);
  EXPECT_EQ(notify("POST", "/notify/people", "{}", kProof + kJson), 200);
  EXPECT_EQ(notify("POST", "/notify/people", with_id("b1"), kProof + kJson), 200);
  EXPECT_EQ(notify("PUT", "/notify/people", with_id("b2"), kProof), 200) << "without a type, the content decides";
  EXPECT_EQ(notify("PUT", "/notify/people/Patient/b3", with_id("b3"), kProof + kJson), 200);
  EXPECT_EQ(notify("POST", "/notify/people/Patient/b4", with_id("b4"), kProof + kJson), 200);
  for (const char* id : {"b1", "b2", "b3", "b4"}) EXPECT_EQ(held(id), 200) << id;
  EXPECT_EQ(notify("DELETE", "/notify/people/Patient/b3", "", kProof), 200);
  EXPECT_NE(last.find("1 to be fetched"), std::string::npos) << last;
  EXPECT_EQ(notify("POST", "/notify/people", "{}", kProof + kJson + "X-Medplum-Deleted-Resource: Patient/b4\r\n"), 200);
  EXPECT_NE(last.find("1 to be fetched"), std::string::npos) << last;
  EXPECT_EQ(held("b3"), 200) << "only the EHR itself says what is deleted";
  EXPECT_EQ(notify("PUT", "/notify/people/Patient/b5", with_id("b6"), kProof + kJson), 400);
  EXPECT_EQ(held("b6"), 404);
}

TEST_F(Notify, D2_02_UnsignedIsRefusedWhenASecretIsSetAndNothingIsKept) {
  start();
  for (const std::string& fields :
       {std::string(), std::string("Authorization: Bearer wrong\r\n"), std::string("X-Signature: 00\r\n")}) {
    EXPECT_EQ(notify("POST", "/notify/people", with_id("c1"), fields + kJson), 401);
    EXPECT_EQ(notify("PUT", "/notify/people/Patient/c1", with_id("c1"), fields + kJson), 401);
    EXPECT_EQ(notify("DELETE", "/notify/people/Patient/c1", "", fields), 401);
  }
  EXPECT_EQ(held("c1"), 404);
  EXPECT_EQ(last.find(kSecret), std::string::npos);
}

TEST_F(Notify, D2_02_SignaturesAreOverTheBytesThatCame) {
  settings.sources.front().subscriptions.front().secret_place = SecretPlace::HubSignature;
  start();
  const auto body = with_id("d1") + "  ";
  const auto signed_by = [](const std::string& key, const std::string& bytes) {
    return "X-Hub-Signature: sha256=" + to_hex(hmac_sha256(key, bytes)) + "\r\n";
  };
  EXPECT_EQ(notify("POST", "/notify/people", body, signed_by(kSecret, with_id("d1")) + kJson), 401);
  EXPECT_EQ(notify("POST", "/notify/people", body, signed_by("another", body) + kJson), 401);
  EXPECT_EQ(held("d1"), 404);
  EXPECT_EQ(notify("POST", "/notify/people", body, signed_by(kSecret, body) + kJson), 200);
  EXPECT_EQ(held("d1"), 200);
  EXPECT_EQ(notify("POST", "/notify/people", "", signed_by(kSecret, "")), 200) << "an empty body is signed too";
}

TEST_F(Notify, D2_06_EventNotificationsAreNotAnswered2xxBeforeTheyAreKept) {
  std::atomic<bool> full{false};
  Metrics metrics;
  wrap = [&](std::unique_ptr<flow::Store> store) -> std::unique_ptr<flow::Store> {
    return std::make_unique<FullStore>(std::move(store), metrics, full);
  };
  start();
  full = true;
  EXPECT_EQ(notify("POST", "/notify/people", with_id("e1"), kProof + kJson), 503);
  EXPECT_EQ(held("e1"), 404);
  full = false;
  EXPECT_EQ(notify("POST", "/notify/people", with_id("e1"), kProof + kJson), 200);
  EXPECT_EQ(held("e1"), 200);
  daemon.reset();
}

TEST_F(Notify, WithoutASecretARecordIsNeverUsedOnlyItsName) {
  settings.sources.front().subscriptions.front().secret_file.clear();
  start();
  EXPECT_EQ(notify("POST", "/notify/people", with_id("f1"), kJson), 200);
  EXPECT_NE(last.find("1 to be fetched"), std::string::npos) << last;
  EXPECT_EQ(held("f1"), 404);
}

TEST_F(Notify, ASecretThatCannotBeReadIsOursToMend) {
  settings.sources.front().subscriptions.front().secret_file = folder / "nothing";
  start();
  EXPECT_EQ(notify("POST", "/notify/people", with_id("g1"), kProof + kJson), 500);
  EXPECT_EQ(last.find("nothing"), std::string::npos) << "what a fault says is for the log";
}

}  // namespace
}  // namespace bhi::service::test
