// Files for a person to file: whole, for our eyes only, and signed so that a change is seen.
#include "service/outbox_folder.h"

#include "ehr/base64url.h"
#include "flow/outbox_file.h"
#include "service/files.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>

namespace bhi::service {
namespace {

class OutboxFolder : public testing::Test {
 protected:
  OutboxFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "bhi-outbox-XXXXXX").string();
    folder_ = mkdtemp(name.data()) == nullptr ? "" : name;
    options_.outbox_folder = folder_ / "files";
    options_.outbox_key_file = folder_ / "key.pem";
    std::filesystem::create_directory(options_.outbox_folder);
    static const std::string pem = *ehr::new_private_key("RS384");
    pem_ = pem;
    std::ofstream(options_.outbox_key_file) << pem_;
    chmod(options_.outbox_key_file.c_str(), 0600);
  }
  ~OutboxFolder() override { std::filesystem::remove_all(folder_); }

  static std::string decoded(std::string_view text) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0, count = 0;
    for (const char c : text) {
      bits = bits << 6 | static_cast<unsigned>(kAlphabet.find(c));
      if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
    }
    return out;
  }

  // By OpenSSL's own verification, with the public half of the key.
  bool verifies(std::string_view jws, std::string_view content) const {
    const auto first = jws.find(".."), end = jws.find('\n');
    const auto signature = decoded(jws.substr(first + 2, end - first - 2));
    const std::string signed_text = std::string(jws.substr(0, first)) + "." + ehr::base64url(content);
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_mem_buf(pem_.data(), static_cast<int>(pem_.size())),
                                                         BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> check(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestVerifyInit(check.get(), nullptr, EVP_sha384(), nullptr, key.get());
    const auto bytes = [](std::string_view of) { return reinterpret_cast<const unsigned char*>(of.data()); };
    return EVP_DigestVerify(check.get(), bytes(signature), signature.size(), bytes(signed_text), signed_text.size()) ==
           1;
  }

  std::filesystem::path folder_;
  std::string pem_;
  WritingOptions options_;
  const flow::OutboxFile file_{"main", "care-plan", "c1", 3, R"({"resourceType":"Bundle","type":"collection"})"};
};

TEST_F(OutboxFolder, HoldsTheFileAndASignatureOverItsBytes) {
  const auto name = write_outbox_file(options_, file_);
  ASSERT_TRUE(name.ok()) << name.error().message;
  EXPECT_EQ(*name, flow::name_of(file_));
  const auto path = options_.outbox_folder + "/" + *name;
  EXPECT_EQ(*read_file(path), file_.body);
  const auto jws = *read_file(path + ".jws");
  EXPECT_TRUE(verifies(jws, file_.body));
  EXPECT_FALSE(verifies(jws, file_.body + " "));
  EXPECT_NE(decoded(jws.substr(0, jws.find('.'))).find("\"alg\":\"RS384\""), std::string::npos);
}

TEST_F(OutboxFolder, IsForOurEyesOnlyAndOverwritesTheSameAgain) {
  ASSERT_TRUE(write_outbox_file(options_, file_).ok());
  const auto name = write_outbox_file(options_, file_);
  ASSERT_TRUE(name.ok());
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options_.outbox_folder)) {
    ++files;
    struct stat found {};
    ASSERT_EQ(stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u) << entry.path();
  }
  EXPECT_EQ(files, 2u);
}

TEST_F(OutboxFolder, SaysWhatIsWrongWithKeyOrFolder) {
  auto wrong = options_;
  wrong.outbox_folder += "/not-there";
  EXPECT_NE(write_outbox_file(wrong, file_).error().message.find("writing.outbox_folder"), std::string::npos);
  chmod(options_.outbox_key_file.c_str(), 0644);
  EXPECT_FALSE(write_outbox_file(options_, file_).ok()) << "a key that others can read";
}

}  // namespace
}  // namespace bhi::service
