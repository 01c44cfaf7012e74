#include "mapping/transforms.h"

#include "fhirpath/value.h"
#include "mapping/assign.h"
#include "mapping/date_format.h"
#include "mapping/date_op.h"
#include "mapping/escape.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

namespace bhi::mapping {

namespace {

using fhir::Member;
using fhir::Node;
using fhirpath::Collection;
using fhirpath::Item;
using Values = Collection;

constexpr std::string_view kIdentifierTypes = "http://terminology.hl7.org/CodeSystem/v2-0203";

// Text of a parameter; nothing when it is absent or empty.
Result<std::optional<std::string_view>> text_of(const TransformCall& call, std::size_t at) {
  if (at >= call.given.size()) return std::optional<std::string_view>();
  return fhirpath::as_text(call.given[at]);
}

struct Texts {
  std::array<std::optional<std::string_view>, 4> at;
  bool has(std::size_t index) const { return at[index].has_value(); }
  std::string_view operator[](std::size_t index) const { return at[index].value_or(std::string_view{}); }
};

Result<Texts> texts_of(const TransformCall& call) {
  Texts texts;
  for (std::size_t i = 0; i < std::min(call.given.size(), texts.at.size()); ++i) {
    BHI_TRY(texts.at[i], text_of(call, i));
  }
  return texts;
}

Values one(const TransformCall& call, const Item& item) { return {call.arena.make<Item>(item), 1}; }

Item text_item(const TransformCall& call, std::string_view text) {
  return fhirpath::string_item(call.arena.copy(text), call.arena);
}

// An object of the members whose text is not empty.
class ObjectMaker {
 public:
  explicit ObjectMaker(const TransformCall& call) : call_(call), members_(call.arena) {}

  ObjectMaker& text(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, Node::string(value));
    return *this;
  }
  ObjectMaker& add(std::string_view name, const Node& value) {
    members_.push_back({&fhir::intern(name), value});
    return *this;
  }
  ObjectMaker& list_of_one(std::string_view name, const Node& value) {
    const std::array list = {value};
    return add(name, Node::array(call_.arena.copy(std::span<const Node>(list))));
  }
  Node node() const {
    return Node::object(call_.arena.copy(std::span<const Member>(members_.begin(), members_.size())));
  }
  Item item(std::string_view type) const { return {call_.arena.make<Node>(node()), nullptr, call_.types.find(type)}; }

 private:
  const TransformCall& call_;
  SmallList<Member, 8> members_;
};

// The first `length` characters (code points).
Result<Values> truncate(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (!texts.has(0) || !texts.has(1)) return Values{};
  std::size_t length = 0;
  const auto [end, problem] = std::from_chars(texts[1].data(), texts[1].data() + texts[1].size(), length);
  if (problem != std::errc{} || end != texts[1].data() + texts[1].size()) {
    return Error{Kind::Incorrect, "expected a whole number as length of truncate(), found another value"};
  }
  std::size_t at = 0;
  for (std::size_t count = 0; at < texts[0].size(); ++at) {
    const bool starts = (static_cast<unsigned char>(texts[0][at]) & 0xC0) != 0x80;
    if (starts && count++ == length) break;
  }
  return one(call, text_item(call, texts[0].substr(0, at)));
}

// escape(source, from, to); of two parameters the source is plain.
Result<Values> escape(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (!texts.has(0)) return Values{};
  const bool three = call.given.size() == 3;
  BHI_TRY(const std::string made, escape_text(texts[0], three ? texts[1] : "plain", three ? texts[2] : texts[1]));
  return one(call, text_item(call, made));
}

Result<Values> append(const TransformCall& call) {
  SmallList<std::string_view, 8> parts(call.arena);
  std::size_t size = 0;
  for (std::size_t i = 0; i < call.given.size(); ++i) {
    BHI_TRY(const auto text, text_of(call, i));
    if (!text) continue;
    parts.push_back(*text);
    size += text->size();
  }
  if (parts.empty()) return Values{};
  char* const all = call.arena.array<char>(size);
  char* end = all;
  for (const std::string_view part : parts) end = std::ranges::copy(part, end).out;
  return one(call, fhirpath::string_item({all, size}, call.arena));
}

Result<Values> cast(const TransformCall& call) {
  if (call.given[0].empty()) return Values{};
  if (call.given[0].size() > 1) {
    return Error{Kind::Incorrect, "expected one value to cast, found " + std::to_string(call.given[0].size())};
  }
  Item item = call.given[0].front();
  const fhir::TypeInfo* type = call.target.type;
  if (type == nullptr) return one(call, item);  // the type of the target element decides
  if (type->kind == fhir::TypeKind::Primitive) {
    BHI_TRY(const Node node, convert_primitive(item, *type, call.arena));
    return one(call, {call.arena.make<Node>(node), item.companion, type});
  }
  if (item.type != nullptr && !item.type->is(*type)) {
    return Error{Kind::Incorrect, "expected " + std::string(type->name) + ", found " + describe(item)};
  }
  item.type = type;
  return one(call, item);
}

Result<Values> evaluate(const TransformCall& call) {
  const Collection found = call.given[0];
  return found;
}

Result<Values> uuid(const TransformCall& call) {
  if (!call.world.new_uuid)
    return Error{Kind::Unsupported, "uuid() needs a source of new ids, which this run was not given"};
  return one(call, text_item(call, call.world.new_uuid()));
}

Node coding(const TransformCall& call, std::string_view system, std::string_view code, std::string_view display) {
  return ObjectMaker(call).text("system", system).text("code", code).text("display", display).node();
}

Result<Values> make_coding(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (texts[1].empty()) return Values{};
  return one(call,
             {call.arena.make<Node>(coding(call, texts[0], texts[1], texts[2])), nullptr, call.types.find("Coding")});
}

Result<Values> make_codeable_concept(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (call.given.size() == 1) {
    if (texts[0].empty()) return Values{};
    return one(call, ObjectMaker(call).text("text", texts[0]).item("CodeableConcept"));
  }
  if (texts[1].empty()) return Values{};
  return one(
      call,
      ObjectMaker(call).list_of_one("coding", coding(call, texts[0], texts[1], texts[2])).item("CodeableConcept"));
}

Result<Node> number(const TransformCall& call, std::string_view text) {
  const Item item = text_item(call, text);
  const fhir::TypeInfo* decimal = call.types.find("decimal");
  if (decimal == nullptr) return Error{Kind::Fault, "expected type decimal to be known"};
  return convert_primitive(item, *decimal, call.arena);
}

// qty(text): [comparator]value[ unit]; qty(value, unit[, system, code])
Result<Values> make_quantity(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (texts[0].empty()) return Values{};
  ObjectMaker made(call);
  if (call.given.size() > 1) {
    BHI_TRY(const Node value, number(call, texts[0]));
    made.add("value", value).text("unit", texts[1]).text("system", texts[2]).text("code", texts[3]);
    return one(call, made.item("Quantity"));
  }
  std::string_view rest = texts[0];
  std::string_view comparator;
  for (const std::string_view candidate : {"<=", ">=", "<", ">"}) {
    if (!comparator.empty() || !rest.starts_with(candidate)) continue;
    comparator = candidate;
    rest.remove_prefix(candidate.size());
  }
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find_first_not_of("+-.0123456789"), rest.size());
  BHI_TRY(const Node value, number(call, rest.substr(0, end)));
  std::string_view unit = rest.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  made.add("value", value).text("comparator", comparator).text("unit", unit);
  return one(call, made.item("Quantity"));
}

Result<Values> make_identifier(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (texts[1].empty()) return Values{};
  ObjectMaker made(call);
  if (!texts[2].empty()) {
    made.add("type", ObjectMaker(call).list_of_one("coding", coding(call, kIdentifierTypes, texts[2], {})).node());
  }
  made.text("system", texts[0]).text("value", texts[1]);
  return one(call, made.item("Identifier"));
}

// What a contact value looks like, when nobody says.
std::string_view contact_system(std::string_view value) {
  if (value.starts_with("http://") || value.starts_with("https://")) return "url";
  if (value.find('@') != std::string_view::npos) return "email";
  const bool digits = value.find_first_of("0123456789") != std::string_view::npos;
  return digits && value.find_first_not_of("+-./() 0123456789") == std::string_view::npos ? "phone" : "other";
}

Result<Values> make_contact_point(const TransformCall& call) {
  BHI_TRY(const Texts texts, texts_of(call));
  const bool alone = call.given.size() == 1;
  const std::string_view value = alone ? texts[0] : texts[1];
  if (value.empty()) return Values{};
  return one(call, ObjectMaker(call)
                       .text("system", alone ? contact_system(value) : texts[0])
                       .text("value", value)
                       .item("ContactPoint"));
}

// ---- translate

std::vector<SourceCode> codes_of(const Item& item) {
  std::vector<SourceCode> codes;
  if (!item.node->is_object()) {
    codes.push_back({{}, item.node->text()});
  } else if (const Node* list = item.node->find("coding")) {
    for (const Node& one : fhir::each(list)) codes.push_back({one.text_of("system"), one.text_of("code")});
  } else {
    codes.push_back({item.node->text_of("system"), item.node->text_of("code")});
  }
  std::erase_if(codes, [](const SourceCode& one) { return one.code.empty(); });
  return codes;
}

// The outputs of translate(). "string" and "uri" are of the reference implementation's maps.
enum class Output : std::uint8_t { Code, System, Display, Coding, CodeableConcept };

constexpr std::array kOutputs = std::to_array<std::pair<std::string_view, Output>>({
    {"code", Output::Code},
    {"string", Output::Code},
    {"system", Output::System},
    {"uri", Output::System},
    {"display", Output::Display},
    {"Coding", Output::Coding},
    {"coding", Output::Coding},
    {"CodeableConcept", Output::CodeableConcept},
    {"codeableConcept", Output::CodeableConcept},
});

Result<Values> translate(const TransformCall& call) {
  SmallList<Item, 4> values(call.arena);
  BHI_TRY(const auto wanted, text_of(call, 1));
  const auto output = std::ranges::find(kOutputs, wanted.value_or("code"), &decltype(kOutputs)::value_type::first);
  assert(output != kOutputs.end());  // checked when compiling
  const auto simple = [&](std::string_view text, std::string_view type) {
    if (text.empty()) return;
    values.push_back({call.arena.make<Node>(Node::string(call.arena.copy(text))), nullptr, call.types.find(type)});
  };
  for (const Item& item : call.given[0]) {
    const std::vector<SourceCode> codes = codes_of(item);
    BHI_TRY(const std::optional<Translation> found, translate_codes(*call.target.codes, codes));
    if (!found) {
      call.issues.push_back(
          {Severity::Warning, "code-invalid", to_text(call.place),
           "expected a code that concept map '" + call.target.codes->id + "' translates, found another"});
      continue;
    }
    const auto made = [&] { return coding(call, found->system, found->code, found->display); };
    switch (output->second) {
      case Output::Code: simple(found->code, wanted == "string" ? "string" : "code"); break;
      case Output::System: simple(found->system, "uri"); break;
      case Output::Display: simple(found->display, "string"); break;
      case Output::Coding: values.push_back({call.arena.make<Node>(made()), nullptr, call.types.find("Coding")}); break;
      case Output::CodeableConcept:
        values.push_back(ObjectMaker(call).list_of_one("coding", made()).item("CodeableConcept"));
        break;
    }
  }
  return Values(call.arena.copy(std::span<const Item>(values.begin(), values.size())));
}

// ---- dates and times

Result<Values> to_date(const TransformCall& call, DateKind kind) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (texts[0].empty()) return Values{};
  if (texts[1].empty()) {  // a FHIR value already; what else it may be made of says assign.h
    const std::string_view name = kind == DateKind::Date ? "date" : kind == DateKind::Time ? "time" : "dateTime";
    BHI_TRY(const Node node, convert_primitive(text_item(call, texts[0]), *call.types.find(name), call.arena));
    return one(call, {call.arena.make<Node>(node), nullptr, call.types.find(name)});
  }
  BHI_TRY(const std::string made, parse_date(texts[0], texts[1], kind));
  const fhir::TypeInfo& type = kind == DateKind::Date   ? fhirpath::system_type::Date
                               : kind == DateKind::Time ? fhirpath::system_type::Time
                                                        : fhirpath::system_type::DateTime;
  return one(call, fhirpath::text_item(type, call.arena.copy(std::string_view(made)), call.arena));
}

Result<Values> date_op(const TransformCall& call) {
  BHI_TRY(const auto source, text_of(call, 0));
  if (!source || call.given.size() < 2 || call.given[1].empty()) return Values{};
  if (call.given[1].size() > 1) {
    return Error{Kind::Incorrect,
                 "expected one second parameter of dateOp(), found " + std::to_string(call.given[1].size())};
  }
  BHI_TRY(const auto format, text_of(call, 2));
  BHI_TRY(const Item made, date_operation(call.given[0].front(), call.given[1].front(),
                                          format.value_or(std::string_view{}), call.arena));
  return one(call, made);
}

Result<Values> unix_to_date(const TransformCall& call, DateKind kind) {
  BHI_TRY(const Texts texts, texts_of(call));
  if (texts[0].empty()) return Values{};
  BHI_TRY(const std::string made, date_from_unix(texts[0], texts[1], kind));
  const fhir::TypeInfo& type = kind == DateKind::Date   ? fhirpath::system_type::Date
                               : kind == DateKind::Time ? fhirpath::system_type::Time
                                                        : fhirpath::system_type::DateTime;
  return one(call, fhirpath::text_item(type, call.arena.copy(std::string_view(made)), call.arena));
}

}  // namespace

bool is_translate_output(std::string_view text) {
  return std::ranges::find(kOutputs, text, &decltype(kOutputs)::value_type::first) != kOutputs.end();
}

Result<Values> transformed(const TransformCall& call) {
  switch (call.transform) {
    case Transform::Truncate: return truncate(call);
    case Transform::Append: return append(call);
    case Transform::Cast: return cast(call);
    case Transform::Copy:
    case Transform::Evaluate: return evaluate(call);
    case Transform::Translate: return translate(call);
    case Transform::Uuid: return uuid(call);
    case Transform::CodeableConcept: return make_codeable_concept(call);
    case Transform::Coding: return make_coding(call);
    case Transform::Quantity: return make_quantity(call);
    case Transform::Identifier: return make_identifier(call);
    case Transform::ContactPoint: return make_contact_point(call);
    case Transform::ToDateTime: return to_date(call, DateKind::DateTime);
    case Transform::ToDate: return to_date(call, DateKind::Date);
    case Transform::ToTime: return to_date(call, DateKind::Time);
    case Transform::UnixToDateTime: return unix_to_date(call, DateKind::DateTime);
    case Transform::UnixToDate: return unix_to_date(call, DateKind::Date);
    case Transform::UnixToTime: return unix_to_date(call, DateKind::Time);
    case Transform::Escape: return escape(call);
    case Transform::DateOp: return date_op(call);
    case Transform::Create:
    case Transform::Reference:
    case Transform::Pointer: break;
  }
  return Error{Kind::Unsupported,
               "transform " + std::string(entry_of(call.transform).name) + "() is not supported here"};
}

}  // namespace bhi::mapping
