#include "service/assets.h"

#include "base/hash.h"
#include "fhir/json.h"
#include "service/files.h"
#include "service/package.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string_view>

namespace bhi::service {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of one file; packages of whole guides are smaller

constexpr std::array<std::string_view, 1> kOurs = {".map"};
constexpr std::array<std::string_view, 4> kSites = {".map", ".fml", ".json", ".tgz"};

bool holds_assets(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "mappings", error) && fs::is_directory(folder / "fhir_profiles", error);
}

// Files of maps that a folder holds, without tests and what is hidden (what editors and mounts keep beside them).
std::vector<std::string> map_files(const std::string& folder, std::span<const std::string_view> endings) {
  const auto is_hidden = [](const std::string& name) { return name.starts_with('.'); };
  auto files =
      files_in(folder, "", [&is_hidden](const std::string& name) { return name == "cases" || is_hidden(name); });
  std::erase_if(files, [&](const std::string& path) {
    const auto wanted = [&path](std::string_view ending) { return path.ends_with(ending); };
    return is_hidden(fs::path(path).filename().string()) || std::ranges::none_of(endings, wanted);
  });
  return files;
}

// "core" and what lies in the folder itself: the layer of everybody; else the name of the folder.
std::string first_folder(const std::string& path, const std::string& folder) {
  const auto inside = fs::path(path).lexically_relative(folder);
  const bool deeper = std::distance(inside.begin(), inside.end()) > 1;
  const std::string first = deeper ? inside.begin()->string() : std::string();
  return first == "core" ? std::string() : first;
}

constexpr std::array<std::string_view, 5> kUseful = {"\"StructureMap\"", "\"ConceptMap\"", "\"StructureDefinition\"",
                                                     "\"ValueSet\"", "\"CodeSystem\""};

// A resource of a site: maps to the maps, models to the models, lists of codes to the terminology; other resources of
// packages are of no use here.
Result<void> add_resource(std::string name, std::string text, const std::string& layer, flow::EngineTexts& texts) {
  const auto said = [&text](std::string_view type) { return text.find(type) != std::string::npos; };
  if (std::ranges::none_of(kUseful, said)) return {};  // spares reading examples
  auto read = fhir::read_json(text, {.max_bytes = kMostBytes});
  if (!read.ok()) return Error{Kind::Incorrect, name + ": " + read.error().message};
  const auto type = fhir::resource_type((*read)->root());
  if (type == "StructureMap" || type == "ConceptMap") texts.maps.push_back({std::move(name), std::move(text), layer});
  if (type == "StructureDefinition") texts.definitions.push_back(std::move(text));
  const bool named = !(*read)->root().text_of("url").empty();
  if ((type == "ValueSet" || type == "CodeSystem") && named) texts.terminology.push_back(std::move(text));
  return {};
}

Result<void> add_file(const std::string& path, const std::string& layer, flow::EngineTexts& texts) {
  std::error_code error;
  if (fs::file_size(path, error) > kMostBytes && !error) {
    return Error{Kind::Incorrect, path + ": expected a file of at most " + std::to_string(kMostBytes >> 20) +
                                      " MiB, found a larger one"};
  }
  BHI_TRY(auto text, read_file(path));
  if (path.ends_with(".json")) return add_resource(path, std::move(text), layer, texts);
  if (!path.ends_with(".tgz")) {
    texts.maps.push_back({path, std::move(text), layer});
    return {};
  }
  BHI_TRY(auto files, read_package(text, path));
  for (auto& file : files) BHI_CHECK(add_resource(path + "!" + file.name, std::move(file.text), layer, texts));
  return {};
}

Result<void> load_own(const std::string& own, flow::EngineTexts& texts) {
  BHI_CHECK(check_folder(own));
  for (const auto& path : map_files(own, kSites)) {
    const auto overlay = first_folder(path, own);
    BHI_CHECK(add_file(path, overlay.empty() ? "site" : "site:" + overlay, texts));
  }
  return {};
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

Result<flow::EngineTexts> load_texts(const std::string& folder, const std::string& own) {
  flow::EngineTexts texts;
  for (const auto& file : files_in(folder + "/fhir_profiles/care", ".json")) {
    BHI_TRY(auto text, read_file(file));
    texts.definitions.push_back(std::move(text));
  }
  const auto mappings = folder + "/mappings";
  for (const auto& file : map_files(mappings, kOurs)) {
    BHI_TRY(auto text, read_file(file));
    texts.maps.push_back({file.substr(folder.size() + 1), std::move(text), first_folder(file, mappings)});
  }
  const bool has_core = std::ranges::any_of(texts.maps, [](const auto& map) { return map.layer.empty(); });
  if (!has_core || texts.definitions.empty()) {
    return Error{Kind::Unavailable,
                 "assets: expected maps in mappings/core and logical models in fhir_profiles/care of '" + folder +
                     "', found none"};
  }
  if (!own.empty()) BHI_CHECK(load_own(own, texts));
  return texts;
}

Result<flow::EngineTexts> load_assets(const std::string& configured, const std::string& own) {
  BHI_TRY(const auto folder, find_assets(configured));
  return load_texts(folder, own);
}

std::string signature_of(const std::string& own) {
  std::string signature;
  for (const auto& path : map_files(own, kSites)) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) continue;  // gone in between: the next look says so
    signature += path + '\0' + std::to_string(found.st_size) + ' ' + std::to_string(found.st_ino) + ' ' +
                 std::to_string(found.st_mtim.tv_sec) + '.' + std::to_string(found.st_mtim.tv_nsec) + '\n';
  }
  return to_hex(sha256(signature));
}

}  // namespace bhi::service
