// The commands of bhi, one function each: options in, exit code out.
#pragma once

#include <string>
#include <vector>

namespace bhi::tools {

struct MapOptions {
  std::vector<std::string> files;
  bool json = false;
  std::string source = "file";
  std::string instance = "example";
  std::string share;
  std::string now;
};

struct TokenOptions {
  std::string name;
  std::string role = "bhi-app";
};

int run_map(const MapOptions& options);
int run_token(const TokenOptions& options);

}  // namespace bhi::tools
