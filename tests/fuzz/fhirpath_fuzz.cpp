// Any bytes give a result or an error: the first line is the expression, the rest a JSON document.
#include "fhir/json.h"
#include "fhirpath/expression.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bhi;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string_view text = input.substr(0, end);
  const std::string_view json = end == std::string_view::npos ? std::string_view("{}") : input.substr(end + 1);
  const fhir::Types& types = fhir::Types::r4();

  fhirpath::Lexer maps(input, fhirpath::Dialect::Mapping);
  while (maps.peek().kind != fhirpath::TokenKind::End) {
    const fhirpath::Token token = maps.take();
    if (token.kind == fhirpath::TokenKind::Invalid) break;
    (void)fhirpath::unescape(token).ok();
  }

  const auto document = fhir::read_json(std::string(json));
  const fhir::Node empty = fhir::Node::object({});
  const fhirpath::Item focus = fhirpath::root_item(document.ok() ? (*document)->root() : empty, types);
  fhirpath::CompileOptions options;
  options.types = &types;
  options.strict = false;
  const auto expression = fhirpath::Expression::compile(text, options);
  if (!expression.ok()) return 0;
  fhirpath::Environment environment;
  environment.types = &types;
  environment.budget.max_steps = 20'000;
  environment.budget.max_items = 10'000;
  Arena arena;
  (void)expression->evaluate(focus, environment, arena).ok();
  return 0;
}
