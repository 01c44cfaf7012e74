// The files that the engine is made of, as texts: logical models and maps.
//
// Ours: fhir_profiles/care/*.json and mappings/core/**/*.map below one folder, installed as share/bhi-adapter or as
// they lie in the source tree; mappings/NAME/**/*.map is the overlay NAME. Folders called `cases` hold tests; hidden
// files and folders are left alone.
//
// A site's own folder (option `maps.folder`): FML (.map, .fml), resources (.json: StructureMap, ConceptMap,
// StructureDefinition, ValueSet, CodeSystem) and FHIR packages (.tgz) that lie in it or in its `core` hold for every
// source; those in its folder NAME for the sources with `maps: NAME`.
#pragma once

#include "base/result.h"
#include "flow/engine.h"

#include <string>

namespace bhi::service {

// The folder: `configured` when it is not empty, else share/bhi-adapter beside the program's bin, else the nearest
// folder above the program that holds mappings/ and fhir_profiles/ (a build tree). Error Unavailable: none of them is
// there.
Result<std::string> find_assets(const std::string& configured);

// Errors: Unavailable (a file cannot be read, or there is no map at all), Incorrect (a package is damaged or too large,
// a .json file of the site is none).
Result<flow::EngineTexts> load_texts(const std::string& folder, const std::string& own = {});

// Both: the texts of the folder that find_assets() finds.
Result<flow::EngineTexts> load_assets(const std::string& configured, const std::string& own = {});

// Names, sizes and times of what load_texts() would read of `own`: differs when something has changed. Cheap.
std::string signature_of(const std::string& own);

}  // namespace bhi::service
