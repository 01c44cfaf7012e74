#include "service/store_keys.h"

#include "service/files.h"

#include <algorithm>

namespace bhi::service {

Result<std::vector<store::SealKey>> read_store_keys(const std::vector<std::string>& files) {
  std::vector<store::SealKey> keys;
  for (const std::string& file : files) {
    BHI_CHECK(check_secret_file(file));
    BHI_TRY(const std::string text, read_file(file));
    const auto key = store::seal_key_from(text);
    if (!key) return Error{Kind::Incorrect, file + ": " + key.error().message};
    if (std::ranges::find(keys, *key) != keys.end())
      return Error{Kind::Incorrect, file + ": this key stands there twice"};
    keys.push_back(*key);
  }
  return keys;
}

}  // namespace bhi::service
