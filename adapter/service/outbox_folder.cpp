#include "service/outbox_folder.h"

#include "base/failpoint.h"
#include "ehr/base64url.h"
#include "flow/outbox_file.h"
#include "service/files.h"
#include "service/json_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace bhi::service {

namespace {

Error failed(const std::string& what) {
  return {Kind::Unavailable, "writing.outbox_folder: " + what + ": " + std::strerror(errno)};
}

class Handle {
 public:
  explicit Handle(int number) : number_(number) {}
  ~Handle() {
    if (number_ >= 0) ::close(number_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

// Under another name first, so that nobody ever finds half of it.
Result<void> write_whole(const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  {
    const Handle file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.number() < 0) return failed("a file cannot be made");
    while (!text.empty()) {
      const auto written = ::write(file.number(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return failed("a file cannot be written");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.number()) != 0) return failed("a file cannot be made durable");
  }
  failpoint("outbox-file.part");
  if (std::rename(part.c_str(), path.c_str()) != 0) return failed("a file cannot be put in its place");
  return {};
}

}  // namespace

Result<std::string> detached_jws(const ehr::SigningKey& key, std::string_view content) {
  const auto header = ehr::base64url(JsonObject().text("alg", key.algorithm()).text("kid", key.kid()).str());
  BHI_TRY(const auto signature, key.sign(header + "." + ehr::base64url(content)));
  return header + ".." + ehr::base64url(signature);
}

Result<ehr::SigningKey> outbox_key(const WritingOptions& options) {
  BHI_CHECK(check_secret_file(options.outbox_key_file));
  BHI_TRY(const auto pem, read_file(options.outbox_key_file));
  auto key = ehr::SigningKey::from_pem(pem);
  if (!key) return Error{Kind::Incorrect, "'" + options.outbox_key_file + "': " + key.error().message};
  return key;
}

Result<std::string> write_outbox_file(const WritingOptions& options, const flow::OutboxFile& file) {
  BHI_TRY(const auto key, outbox_key(options));
  BHI_TRY(const auto signature, detached_jws(key, file.body));
  const auto name = flow::name_of(file);
  const auto path = options.outbox_folder + "/" + name;
  BHI_CHECK(write_whole(path + ".jws", signature + "\n"));
  BHI_CHECK(write_whole(path, file.body));
  const Handle folder(::open(options.outbox_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0 || ::fsync(folder.number()) != 0) return failed("the folder cannot be made durable");
  failpoint("outbox-file.placed");
  return name;
}

}  // namespace bhi::service
