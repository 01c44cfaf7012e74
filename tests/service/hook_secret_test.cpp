// How a notification proves whose it is.
#include "service/hook_secret.h"

#include "base/hash.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace bhi::service::test {
namespace {

const std::string kSecret = "0123456789abcdefABCDEF";

class HookSecret : public ::testing::Test {
 protected:
  HookSecret() {
    file = std::filesystem::temp_directory_path() / ("bhi-hook-secret-" + std::to_string(getpid()));
    write(kSecret + "\n");
    settings.secret_file = file;
    settings.header = "Authorization";
    request.body = R"({"resourceType":"Bundle"})";
  }
  ~HookSecret() override { std::filesystem::remove(file); }

  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file, std::ios::trunc) << text;
    ::chmod(file.c_str(), mode);
  }
  // "yes", "no", or what kept it from being known.
  std::string proven(std::vector<http::Field> fields) {
    request.fields = std::move(fields);
    const auto found = proves(settings, request);
    if (found.ok()) return *found ? "yes" : "no";
    EXPECT_EQ(found.error().message.find(kSecret), std::string::npos);
    return std::string(name(found.error().kind));
  }

  std::filesystem::path file;
  SubscriptionSettings settings;
  http::Request request;
};

TEST_F(HookSecret, D2_02_ASecretHeaderIsComparedWhole) {
  EXPECT_EQ(proven({{"authorization", "Bearer " + kSecret}}), "yes");
  EXPECT_EQ(proven({{"authorization", "bearer " + kSecret}}), "yes");
  for (const std::string& wrong : {std::string(), kSecret, "Bearer " + kSecret + "x", "Bearer " + kSecret.substr(1),
                                   std::string("Bearer "), "Basic " + kSecret, "Bearer  " + kSecret}) {
    EXPECT_EQ(proven({{"authorization", wrong}}), "forbidden") << wrong;
  }
  EXPECT_EQ(proven({}), "forbidden") << "unsigned is refused when a secret is set";
  EXPECT_EQ(proven({{"authorization", "Bearer " + kSecret}, {"authorization", "Bearer " + kSecret}}), "forbidden");
  settings.header = "X-Hook-Secret";
  EXPECT_EQ(proven({{"x-hook-secret", kSecret}}), "yes");
  EXPECT_EQ(proven({{"x-hook-secret", "Bearer " + kSecret}}), "forbidden");
  EXPECT_EQ(secret_header(settings, kSecret), "X-Hook-Secret: " + kSecret);
}

TEST_F(HookSecret, D2_02_AHubSignatureIsOverTheBytesOfTheBody) {
  settings.secret_place = SecretPlace::HubSignature;
  const auto digest = to_hex(hmac_sha256(kSecret, request.body));
  EXPECT_EQ(proven({{"x-hub-signature", "sha256=" + digest}}), "yes");
  EXPECT_EQ(proven({{"x-hub-signature-256", "sha256=" + digest}}), "yes");
  EXPECT_EQ(proven({{"x-hub-signature", digest}}), "forbidden");
  EXPECT_EQ(proven({{"x-hub-signature", "sha1=" + digest}}), "forbidden");
  EXPECT_EQ(proven({{"authorization", "Bearer " + kSecret}}), "forbidden");
  request.body += " ";
  EXPECT_EQ(proven({{"x-hub-signature", "sha256=" + digest}}), "forbidden");
  EXPECT_EQ(secret_header(settings, kSecret), "");
}

TEST_F(HookSecret, D2_02_AnXSignatureOfMedplumIsTheBareDigest) {
  settings.secret_place = SecretPlace::Signature;
  const auto digest = to_hex(hmac_sha256(kSecret, request.body));
  EXPECT_EQ(proven({{"x-signature", digest}}), "yes");
  EXPECT_EQ(proven({{"x-signature", "sha256=" + digest}}), "forbidden");
  EXPECT_EQ(proven({}), "forbidden");
}

TEST_F(HookSecret, WithoutASecretNothingIsProven) {
  settings.secret_file.clear();
  EXPECT_EQ(proven({{"authorization", "Bearer x"}}), "no");
}

TEST_F(HookSecret, ASecretIsLongPlainAndClosedToOthers) {
  for (const std::string& bad : {std::string("short"), std::string("with:colon-in-the-middle-of-it"),
                                 std::string("two words are not one secret"), std::string()}) {
    write(bad);
    EXPECT_FALSE(read_hook_secret(file).ok()) << bad;
  }
  write(kSecret, 0644);
  EXPECT_FALSE(read_hook_secret(file).ok());
  write(kSecret);
  EXPECT_EQ(*read_hook_secret(file), kSecret);
}

}  // namespace
}  // namespace bhi::service::test
