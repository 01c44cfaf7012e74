// bhi keys: private keys for SMART Backend Services made and shown as the EHR will see them.
#include "bhi/commands.h"
#include "ehr/signing_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

namespace bhi::tools {

namespace {

// A new file that only its owner can read; one that is there stays as it is.
bool write_private(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  return close(file) == 0 && whole;
}

}  // namespace

int run_keys_new(const std::string& path, const std::string& algorithm) {
  const auto pem = ehr::new_private_key(algorithm);
  if (!pem) {
    std::cerr << "bhi keys new: " << pem.error().message << "\n";
    return 2;
  }
  const auto key = ehr::SigningKey::from_pem(*pem);
  if (!key || !write_private(path, *pem)) {
    std::cerr << "bhi keys new: " << path << ": cannot be written; a file that is there is never replaced\n";
    return 2;
  }
  std::cout << "private key (" << key->algorithm() << "): " << path << "\nkid: " << key->kid() << "\n\n"
            << "for bhi-adapter.yaml, in the source:\n    auth:\n      type: smart\n      client_id: (from the EHR)\n"
            << "      key_files: [" << path << "]\n\n"
            << "To register at the EHR: the address of /.well-known/jwks.json of this adapter, or this key set:\n"
            << ehr::key_set(std::vector{*key}) << "\n";
  return 0;
}

int run_keys_show(const std::vector<std::string>& paths) {
  std::vector<ehr::SigningKey> keys;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string pem(std::istreambuf_iterator<char>(in), {});
    auto key = ehr::SigningKey::from_pem(pem);
    if (!in || !key) {
      std::cerr << "bhi keys show: " << path << ": " << (in ? key.error().message : "cannot be read") << "\n";
      return 2;
    }
    keys.push_back(*std::move(key));
  }
  std::cout << ehr::key_set(keys) << "\n";
  return 0;
}

}  // namespace bhi::tools
