// Small questions to the file system, each answered with a value or a reason.
#pragma once

#include "base/result.h"

#include <functional>
#include <string>
#include <vector>

namespace bhi::service {

// Whole content. Error Unavailable: names the path and why.
Result<std::string> read_file(const std::string& path);

// Paths of the regular files in `folder` and below that end with `ending`, in byte order. None when there is no folder.
// Folders below of which `skip` says so (by their bare name) are not looked into.
std::vector<std::string> files_in(const std::string& folder, const std::string& ending,
                                  const std::function<bool(const std::string&)>& skip = {});

Result<void> check_folder(const std::string& path);
Result<void> check_folder_of(
    const std::string& file);  // the folder of the file is there, or can be made in one that is

// A secret lies in a regular file, not empty, that group and others can neither read nor write.
Result<void> check_secret_file(const std::string& path);

}  // namespace bhi::service
