#include "flow/engine.h"

#include "fhir/json.h"

#include <utility>

namespace bhi::flow {

std::string Engine::identifier_system() const { return "urn:bhi-adapter:" + instance_id; }

Result<std::shared_ptr<const Engine>> make_engine(std::string instance_id, const care::Policy& policy,
                                                  const EngineTexts& texts, SourceBases bases) {
  std::vector<fhir::DocumentPtr> documents;
  std::vector<const fhir::Node*> definitions;
  for (const std::string& text : texts.definitions) {
    BHI_TRY(auto document, fhir::read_json(text));
    definitions.push_back(&document->root());
    documents.push_back(std::move(document));
  }
  auto engine = std::make_shared<Engine>();
  engine->instance_id = std::move(instance_id);
  engine->policy = policy;
  engine->bases = std::move(bases);
  BHI_TRY(engine->types, fhir::Types::with(definitions));
  BHI_TRY(engine->maps, mapping::Library::compile(texts.maps, engine->types));
  return std::shared_ptr<const Engine>(std::move(engine));
}

}  // namespace bhi::flow
