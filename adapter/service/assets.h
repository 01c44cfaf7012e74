// The files that the engine is made of: our logical models and maps, as texts. Installed under share/bhi-adapter, or as
// they lie in the source tree: mappings/core/**/*.map and fhir_profiles/care/*.json below one folder.
#pragma once

#include "base/result.h"
#include "flow/engine.h"

#include <string>

namespace bhi::service {

// The folder: `configured` when it is not empty, else share/bhi-adapter beside the program's bin, else the nearest
// folder above the program that holds mappings/ and fhir_profiles/ (a build tree). Error Unavailable: none of them is
// there.
Result<std::string> find_assets(const std::string& configured);

// Error Unavailable: a file cannot be read, or there is no map at all.
Result<flow::EngineTexts> load_texts(const std::string& folder);

// Both: the texts of the folder that find_assets() finds.
Result<flow::EngineTexts> load_assets(const std::string& configured);

}  // namespace bhi::service
