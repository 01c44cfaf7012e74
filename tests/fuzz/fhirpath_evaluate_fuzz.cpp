// Any expression ends, by its value or by an error: over a rich document, with every hook of the environment in place.
// The first byte chooses the focus and whether the check of types is strict; the rest is the expression.
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhir/terminology.h"
#include "fhirpath/expression.h"
#include "fhirpath/value.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace bhi;
using fhirpath::Item;

constexpr std::string_view kBundle = R"({"resourceType":"Bundle","id":"b","type":"collection","total":3,
"meta":{"lastUpdated":"2026-03-01T10:30:00.123+01:00"},
"entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p","active":true,"birthDate":"1974-12-25",
  "_birthDate":{"extension":[{"url":"u:time","valueDateTime":"1974-12-25T14:35:45-05:00"}]},
  "modifierExtension":[{"url":"u:m","valueBoolean":true}],"gender":"female","deceasedBoolean":false,
  "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Zo\u00eb \ud83d\ude00</p></div>"},
  "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}],"managingOrganization":{"reference":"#o"},
  "name":[{"use":"official","family":"Chalmers","given":["Peter","James"],"period":{"start":"2001","end":"2001-05"}},
          {"given":["Jim",null],"_given":[null,{"id":"g"}]}],"multipleBirthInteger":2}},
 {"resource":{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"},
  "code":{"coding":[{"system":"http://loinc.org","code":"44261-6","display":"total"}]},
  "effectivePeriod":{"start":"2026-03-01T10:30:00Z"},
  "valueQuantity":{"value":37.50,"unit":"C","system":"http://unitsofmeasure.org","code":"Cel"},
  "component":[{"code":{"text":"a"},"valueInteger":1},{"code":{"text":"b"},"valueTime":"10:00:00"},
               {"code":{"text":"c"},"valueQuantity":{"value":1e-7,"comparator":"<","code":"mg"}},
               {"code":{"text":"d"},"valueRange":{"low":{"value":1},"high":{"value":12345678901234567890.5}}}]}},
 {"resource":{"resourceType":"QuestionnaireResponse","id":"q","status":"completed","authored":"2026-03",
  "item":[{"linkId":"1","item":[{"linkId":"1.1","answer":[{"valueInteger":2,"item":[{"linkId":"x"}]}]}]},
          {"linkId":"2","answer":[{"valueDecimal":0.10},{"valueString":"a\tb"},{"valueDate":"2026-02-28"}]}]}}]})";

void require(bool holds) {
  if (!holds) std::abort();
}

struct World {
  fhir::DocumentPtr document = *fhir::read_json(std::string(kBundle));
  std::array<Item, 4> foci;
  fhirpath::Environment environment;

  World() {
    const fhir::Types& types = fhir::Types::r4();
    const fhir::Node& root = document->root();
    foci[0] = fhirpath::root_item(root, types);
    std::size_t at = 1;
    for (const fhir::Node& entry : fhir::each(root.find("entry"))) {
      foci[at++] = fhirpath::root_item(*entry.find("resource"), types);
    }
    environment.types = &types;
    environment.root_resource = foci[0];
    environment.utc_offset_minutes = -330;
    environment.now = Instant{std::chrono::milliseconds(1'772'360'123'456)};
    environment.resolve = [&root](std::string_view reference) { return reference == "Patient/p" ? &root : nullptr; };
    environment.trace = [](std::string_view, fhirpath::Collection) {};
    environment.conforms_to = [](const Item&, std::string_view url) -> Result<std::optional<bool>> {
      if (url.size() % 2 == 0) return std::optional<bool>();
      return Error{Kind::Unsupported, "cannot be decided"};
    };
    fhirpath::answer_from(fhir::Terminology::r4(), environment);
    environment.budget = {.max_steps = 20'000, .max_depth = 128, .max_items = 10'000, .max_text_bytes = 1 << 16};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Item& focus = world.foci[data[0] % world.foci.size()];
  fhirpath::CompileOptions options;
  options.types = world.environment.types;
  options.context = focus.type;
  options.strict = (data[0] & 4) != 0;
  const auto expression = fhirpath::Expression::compile(text, options);
  if (!expression.ok()) return 0;
  Arena first;
  Arena second;
  const auto items = expression->evaluate(focus, world.environment, first);
  const auto again = expression->evaluate(focus, world.environment, second);
  require(items.ok() == again.ok());
  if (!items.ok()) {
    require(items.error().message == again.error().message);
    return 0;
  }
  require(items->size() == again->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    require((*items)[i].node != nullptr && (*items)[i].type == (*again)[i].type);
    require(fhir::write_json(*(*items)[i].node) == fhir::write_json(*(*again)[i].node));
  }
  return 0;
}
