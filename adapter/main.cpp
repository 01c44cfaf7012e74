// bhi-adapter: joins an EHR's FHIR R4 data with behavioral health integration.
//
//   bhi-adapter --config FILE            run
//   bhi-adapter --config FILE --check    read the configuration and the maps, and say what is wrong
//   bhi-adapter --print-options          every option, as a Markdown table
//   bhi-adapter --print-openapi          the API as an OpenAPI 3.1 document
//   bhi-adapter --failpoints             builds for tests: the places of base/failpoint.h, a name a line
//   bhi-adapter --version
//
// Exit codes: 0 fine; 1 the configuration has mistakes, or a fault ended the daemon; 2 usage, or the surroundings are
// not as needed (file not there, address in use).
#include "base/failpoint.h"
#include "service/api.h"
#include "service/assets.h"
#include "service/daemon.h"
#include "service/load_engine.h"
#include "service/openapi.h"
#include "service/options.h"
#include "service/read_settings.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kUsage =
    "usage: bhi-adapter --config FILE [--check]\n"
    "       bhi-adapter --print-options | --print-openapi | --version | --help\n";

struct Asked {
  std::string config;
  bool check = false;
  bool options = false;
  bool openapi = false;
  bool failpoints = false;
  bool version = false;
  bool help = false;
  bool wrong = false;
};

Asked read_arguments(const std::vector<std::string_view>& arguments) {
  Asked asked;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto argument = arguments[i];
    if (argument == "--config" && i + 1 < arguments.size()) {
      asked.config = arguments[++i];
    } else if (argument.starts_with("--config=")) {
      asked.config = argument.substr(9);
    } else if (argument == "--check") {
      asked.check = true;
    } else if (argument == "--print-options") {
      asked.options = true;
    } else if (argument == "--print-openapi") {
      asked.openapi = true;
    } else if (bhi::kHasFailpoints && argument == "--failpoints") {
      asked.failpoints = true;
    } else if (argument == "--version") {
      asked.version = true;
    } else if (argument == "--help" || argument == "-h") {
      asked.help = true;
    } else {
      asked.wrong = true;
    }
  }
  return asked;
}

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

// The configuration is in order; are the maps that it names?
int check_maps(const bhi::service::Settings& settings, const std::string& config) {
  const auto engine = bhi::service::load_engine(settings);
  if (!engine.ok()) {
    print(stderr, engine.error().message + "\n");
    return engine.error().kind == bhi::Kind::Incorrect ? 1 : 2;
  }
  for (const auto& warning : bhi::service::warnings_of(**engine)) print(stdout, warning + "\n");
  print(stdout, config + ": no mistakes found\n");
  return 0;
}

int print_openapi() {
  const auto texts = bhi::service::load_assets("", "");
  if (!texts.ok()) return print(stderr, texts.error().message + "\n"), 2;
  const auto meanings = bhi::flow::meanings_of(texts->definitions);
  return print(stdout, bhi::service::openapi(bhi::service::Api::routes(), meanings, BHI_VERSION)), 0;
}

int print_failpoints() {
  for (const auto& row : bhi::kFailpoints) print(stdout, std::string(row.name) + "\t" + std::string(row.where) + "\n");
  return 0;
}

}  // namespace

int main(int count, char** values) {
  // Neither a core file nor another process of ours may show what is in memory, and what we create is ours alone.
#ifndef __SANITIZE_ADDRESS__  // the leak check at the end of a test run looks at us from outside
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  umask(077);

  const auto asked = read_arguments({values + 1, values + count});
  if (asked.help) return print(stdout, kUsage), 0;
  if (asked.version) return print(stdout, "bhi-adapter " BHI_VERSION "\n"), 0;
  if (asked.failpoints) return print_failpoints();
  if (asked.openapi) return print_openapi();
  if (asked.options) return print(stdout, bhi::service::print_options()), 0;
  if (asked.wrong || asked.config.empty()) return print(stderr, kUsage), 2;

  const auto settings = bhi::service::load_settings(asked.config);
  if (!settings.ok()) {
    print(stderr, settings.error().message + "\n");
    return settings.error().kind == bhi::Kind::Incorrect ? 1 : 2;
  }
  if (asked.check) return check_maps(*settings, asked.config);
  return bhi::service::run(*settings, BHI_VERSION);
}
