// bhi test: the cases of maps, run on the code that the daemon runs.
#include "bhi/commands.h"
#include "bhi/map_case.h"
#include "flow/engine.h"
#include "service/assets.h"
#include "service/files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

namespace bhi::tools {

namespace {

namespace fs = std::filesystem;

constexpr int kFine = 0;
constexpr int kCasesFailed = 1;
constexpr int kUsage = 2;

int fail(const Error& error) {
  std::cerr << "bhi test: " << error.message << "\n";
  return error.kind == Kind::Incorrect ? kCasesFailed : kUsage;
}

bool is_case(const fs::path& folder) { return folder.parent_path().filename() == "cases"; }

std::vector<std::string> cases_below(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code error;
  if (is_case(folder)) found.push_back(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.is_directory(error) && is_case(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// Where the maps of a case lie: in our own layout (a folder with mappings/ and fhir_profiles/), or in a site's.
struct Ground {
  std::string assets;
  std::string own;    // maps.folder of a site; empty: none
  fs::path mappings;  // the cases' overlay is the first folder below it
};

Result<Ground> ground_of(const fs::path& folder, const TestOptions& options) {
  if (options.maps_folder.empty()) {
    for (auto at = folder; at.has_relative_path(); at = at.parent_path()) {
      if (at.filename() == "mappings" && service::find_assets(at.parent_path()).ok())
        return Ground{at.parent_path(), {}, at};
    }
  }
  BHI_TRY(auto assets, service::find_assets(options.share));
  const std::string own = options.maps_folder.empty() ? folder.string() : fs::absolute(options.maps_folder).string();
  return Ground{std::move(assets), own, own};
}

std::string overlay_of(const fs::path& one, const fs::path& mappings) {
  const auto inside = one.lexically_relative(mappings);
  const std::string first = inside.empty() ? "" : inside.begin()->string();
  return first == "core" || first == "cases" || first == ".." || first == "." ? std::string() : first;
}

Result<void> bless(const MapCase& one, const std::string& text) {
  const auto file = one.folder + "/expected.json";
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Error{Kind::Unavailable, file + ": cannot be written"};
  return {};
}

class Run {
 public:
  Run(const TestOptions& options, Ground ground, flow::EngineTexts texts)
      : options_(options), ground_(std::move(ground)), texts_(std::move(texts)) {}

  Result<void> one(const std::string& folder) {
    const std::string overlay = overlay_of(folder, ground_.mappings);
    BHI_TRY(const auto engine, engine_of(overlay));
    ++count_;
    const std::string name = fs::path(folder).lexically_relative(ground_.mappings).string();
    auto read = read_case(folder);
    if (!read.ok()) return say("FAIL", name, {read.error().message}), Result<void>{};
    CaseOutcome outcome = run_case(*read, engine->maps_of("case"));
    if (outcome.wrong.empty()) {
      ++passed_;
    } else if (options_.bless && outcome.to_bless) {
      BHI_CHECK(bless(*read, *outcome.to_bless));
      say(read->expected == nullptr ? "new" : "blessed", name, outcome.wrong);
      read = read_case(folder);
      if (read.ok() && run_case(*read, engine->maps_of("case")).wrong.empty()) ++passed_;  // issues are not blessed
    } else {
      say("FAIL", name, outcome.wrong);
    }
    return {};
  }

  int finish() const {
    std::cout << "passed " << passed_ << " of " << count_ << "\n";
    return passed_ == count_ ? kFine : kCasesFailed;
  }

 private:
  Result<std::shared_ptr<const flow::Engine>> engine_of(const std::string& overlay) {
    auto& engine = engines_[overlay];
    if (engine != nullptr) return engine;
    const auto known = flow::overlays_in(texts_);
    flow::SourceMaps maps;
    if (std::ranges::find(known, overlay) != known.end()) maps.emplace("case", overlay);
    BHI_TRY(engine, flow::make_engine("test", {}, texts_, {}, std::move(maps)));
    for (const auto& problem : engine->maps_of("case").diagnostics()) std::cout << to_text(problem) << "\n";
    return engine;
  }

  static void say(std::string_view what, const std::string& name, const std::vector<std::string>& lines) {
    std::cout << what << " " << name << "\n";
    for (const auto& line : lines) std::cout << "  " << line << "\n";
  }

  const TestOptions& options_;
  Ground ground_;
  flow::EngineTexts texts_;
  std::map<std::string, std::shared_ptr<const flow::Engine>> engines_;
  std::size_t count_ = 0, passed_ = 0;
};

Result<int> test(const TestOptions& options) {
  std::string folder = options.folder;
  if (folder.empty()) {
    BHI_TRY(folder, service::find_assets(options.share));
    folder += "/mappings";
  }
  std::error_code error;
  const fs::path top = fs::canonical(folder, error);
  if (error || !fs::is_directory(top, error))
    return Error{Kind::Unavailable, "expected a folder, found none at '" + folder + "'"};
  auto cases = cases_below(top);
  std::erase_if(cases, [&](const std::string& name) { return name.find(options.only) == std::string::npos; });
  if (cases.empty())
    return Error{Kind::Unavailable, "expected cases (folders cases/NAME) in '" + folder + "', found none"};
  BHI_TRY(auto ground, ground_of(top, options));
  BHI_TRY(auto texts, service::load_texts(ground.assets, ground.own));
  Run run(options, std::move(ground), std::move(texts));
  for (const auto& one : cases) BHI_CHECK(run.one(one));
  return run.finish();
}

}  // namespace

int run_test(const TestOptions& options) {
  const auto code = test(options);
  return code.ok() ? *code : fail(code.error());
}

}  // namespace bhi::tools
