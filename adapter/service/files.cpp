#include "service/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace bhi::service {

namespace fs = std::filesystem;

Result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::error_code error;
  if (!in || fs::is_directory(path, error)) {
    return Error{Kind::Unavailable, path + ": cannot be read: " + (errno != 0 ? std::strerror(errno) : "not a file")};
  }
  std::string text;
  std::array<char, 16384> part;
  while (in.read(part.data(), part.size()) || in.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

std::vector<std::string> files_in(const std::string& folder, const std::string& ending,
                                  const std::function<bool(const std::string&)>& skip) {
  std::vector<std::string> found;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); at != fs::recursive_directory_iterator(); ++at) {
    if (skip && at->is_directory(error) && skip(at->path().filename().string())) {
      at.disable_recursion_pending();
      continue;
    }
    auto path = at->path().string();
    if (path.ends_with(ending) && at->is_regular_file(error)) found.push_back(std::move(path));
  }
  std::ranges::sort(found);
  return found;
}

Result<void> check_folder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  return Error{Kind::Incorrect, "expected an existing folder, found none at '" + path + "'"};
}

Result<void> check_folder_of(const std::string& file) {
  const auto folder = fs::path(file).parent_path();
  const auto above = folder.parent_path();
  std::error_code error;
  if (folder.empty() || above.empty() || fs::is_directory(folder, error)) return {};
  return check_folder(above.string());
}

Result<void> check_secret_file(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) {
    return Error{Kind::Incorrect, "'" + path + "' cannot be read: " + std::strerror(errno)};
  }
  if (!S_ISREG(found.st_mode)) return Error{Kind::Incorrect, "'" + path + "' is not a regular file"};
  if ((found.st_mode & 077) != 0) {
    return Error{Kind::Incorrect, "'" + path + "' holds a secret but is open to group or others; `chmod 600` it"};
  }
  if (found.st_size == 0) return Error{Kind::Incorrect, "'" + path + "' is empty"};
  return {};
}

}  // namespace bhi::service
