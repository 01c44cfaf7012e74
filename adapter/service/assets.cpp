#include "service/assets.h"

#include "service/files.h"

#include <filesystem>

namespace bhi::service {

namespace {

namespace fs = std::filesystem;

bool holds_assets(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "mappings", error) && fs::is_directory(folder / "fhir_profiles", error);
}

}  // namespace

Result<std::string> find_assets(const std::string& configured) {
  if (!configured.empty()) {
    if (holds_assets(configured)) return configured;
    return Error{Kind::Unavailable,
                 "assets: expected mappings/ and fhir_profiles/ in '" + configured + "', found none"};
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto installed = program.parent_path().parent_path() / "share" / "bhi-adapter";
    if (holds_assets(installed)) return installed.string();
    for (auto folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
      if (holds_assets(folder)) return folder.string();
    }
  }
  return Error{Kind::Unavailable,
               "assets: no folder with mappings/ and fhir_profiles/ near the program; say where in `assets`"};
}

Result<flow::EngineTexts> load_texts(const std::string& folder) {
  flow::EngineTexts texts;
  for (const auto& file : files_in(folder + "/fhir_profiles/care", ".json")) {
    BHI_TRY(auto text, read_file(file));
    texts.definitions.push_back(std::move(text));
  }
  for (const auto& file : files_in(folder + "/mappings/core", ".map")) {
    BHI_TRY(auto text, read_file(file));
    texts.maps.push_back({file.substr(folder.size() + 1), std::move(text)});
  }
  if (texts.maps.empty() || texts.definitions.empty()) {
    return Error{Kind::Unavailable,
                 "assets: expected maps in mappings/core and logical models in fhir_profiles/care of '" + folder +
                     "', found none"};
  }
  return texts;
}

Result<flow::EngineTexts> load_assets(const std::string& configured) {
  BHI_TRY(const auto folder, find_assets(configured));
  return load_texts(folder);
}

}  // namespace bhi::service
