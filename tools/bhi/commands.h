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
  std::string maps;         // overlay
  std::string maps_folder;  // of the site
  std::string now;
};

struct TestOptions {
  std::string folder;
  std::string only;  // part of a case's path
  std::string share;
  std::string maps_folder;
  bool bless = false;
};

struct TokenOptions {
  std::string name;
  std::string role = "bhi-app";
};

int run_map(const MapOptions& options);
int run_test(const TestOptions& options);
int run_token(const TokenOptions& options);

}  // namespace bhi::tools
