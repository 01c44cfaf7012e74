#include "fhir/json.h"

#include "fhir/text_scan.h"
#include "fhir/tree_builder.h"
#include "fhir/types.h"

// A namespace of our own: the SSE2 code is asked for here and must not mix with another user's RapidJSON without it.
#define RAPIDJSON_NAMESPACE bhi_json_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace bhi_json_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/reader.h>

#include <algorithm>

namespace bhi::fhir {

namespace {

namespace rapid = bhi_json_rapidjson;

// The reader calls itself at each level; TreeBuilder stops it at the limit of depth. The text has been validated
// before, so the reader's own slower check is off.
constexpr unsigned kFlags = rapid::kParseInsituFlag | rapid::kParseNumbersAsStringsFlag;

struct Events : rapid::BaseReaderHandler<rapid::UTF8<>, Events> {
  explicit Events(TreeBuilder& to) : builder(to) {}
  bool Null() { return builder.null(); }
  bool Bool(bool value) { return builder.boolean(value); }
  bool RawNumber(const char* text, rapid::SizeType size, bool) { return builder.number({text, size}); }
  bool String(const char* text, rapid::SizeType size, bool) { return builder.string({text, size}); }
  bool Key(const char* text, rapid::SizeType size, bool) { return builder.name({text, size}); }
  bool StartObject() { return builder.start_object(); }
  bool EndObject(rapid::SizeType count) { return builder.end_object(count); }
  bool StartArray() { return builder.start_array(); }
  bool EndArray(rapid::SizeType count) { return builder.end_array(count); }

  TreeBuilder& builder;
};

// First block of a document's arena.
constexpr std::size_t kSmallest = 4096;
constexpr std::size_t kLargest = 64 * 1024;

constexpr std::size_t kLongestPath = 160;  // in a message

// Zeros behind the text end it for the in-place reader and let both readers work in blocks.
std::string padded(std::string text) {
  const std::size_t size = text.size();
  if (text.capacity() < size + kScanPadding) {
    std::string larger;  // a string that grows by itself would take twice the room
    larger.reserve(size + kScanPadding);
    larger.append(text);
    text = std::move(larger);
  }
  text.append(kScanPadding, '\0');
  return text;
}

std::string_view expectation(rapid::ParseErrorCode code) {
  switch (code) {
    case rapid::kParseErrorDocumentEmpty:
    case rapid::kParseErrorValueInvalid: return "a value";
    case rapid::kParseErrorDocumentRootNotSingular: return "the end of the text";
    case rapid::kParseErrorObjectMissName: return "a name in quotation marks";
    case rapid::kParseErrorObjectMissColon: return "':'";
    case rapid::kParseErrorObjectMissCommaOrCurlyBracket: return "',' or '}'";
    case rapid::kParseErrorArrayMissCommaOrSquareBracket: return "',' or ']'";
    case rapid::kParseErrorStringUnicodeEscapeInvalidHex: return "four hexadecimal digits after \\u";
    case rapid::kParseErrorStringUnicodeSurrogateInvalid: return "a pair of surrogate escapes";
    case rapid::kParseErrorStringEscapeInvalid: return "an escape that JSON knows";
    case rapid::kParseErrorStringMissQuotationMark: return "a closing quotation mark";
    case rapid::kParseErrorStringInvalidEncoding: return "UTF-8";
    case rapid::kParseErrorNumberTooBig: return "a number of at most 308 digits";
    case rapid::kParseErrorNumberMissFraction: return "a digit after the decimal point";
    case rapid::kParseErrorNumberMissExponent: return "a digit in the exponent";
    case rapid::kParseErrorNone:
    case rapid::kParseErrorTermination:
    case rapid::kParseErrorUnspecificSyntaxError: return "JSON";
  }
  return "JSON";
}

// One character says where to look and cannot say anything about a person.
std::string found_at(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the end of the text";
  const char found = text[offset];
  if (found > ' ' && found < '\x7f') return std::string("'") + found + "'";
  if (found == '\n' || found == '\r') return "a line break";
  if (found == '\t') return "a tab";
  return found == ' ' ? "a space" : "a character that is not ASCII";
}

Error error_at(const TextScan& scan, std::size_t offset, std::string_view fault, const std::string& path) {
  const LineColumn at = scan.line_column(offset);
  std::string message = "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": ";
  message += fault;
  if (!path.empty()) message += " (at " + path.substr(0, kLongestPath) + (path.size() > kLongestPath ? "..)" : ")");
  return {Kind::Incorrect, std::move(message)};
}

}  // namespace

Result<DocumentPtr> read_json(std::string text, const ReadLimits& limits) {
  Types::r4();  // once: the names of R4 are interned before the first document asks for them
  const std::size_t size = text.size();
  if (size > limits.max_bytes || size > 0xffff0000u) {
    return Error{Kind::Incorrect, "expected at most " + std::to_string(limits.max_bytes) +
                                      " bytes (limit max_bytes), found " + std::to_string(size)};
  }
  const auto document =
      std::make_shared<Document>(padded(std::move(text)), Arena(std::clamp(size / 2, kSmallest, kLargest)));
  const std::string_view bytes(document->buffer_.data(), size);
  const TextScan scan(bytes);
  if (!scan.ok()) return error_at(scan, scan.fault_offset(), scan.fault(), {});

  TreeBuilder builder(document->arena_, limits, scan.has_suspicious_escape(), size);
  Events events(builder);
  rapid::InsituStringStream stream(document->buffer_.data());
  rapid::Reader reader;
  const rapid::ParseResult result = reader.Parse<kFlags>(stream, events);
  if (result.IsError()) {
    if (!builder.fault().empty()) return error_at(scan, result.Offset(), builder.fault(), builder.path());
    std::string fault("expected ");
    fault.append(expectation(result.Code())).append(", found ").append(found_at(bytes, result.Offset()));
    return error_at(scan, result.Offset(), fault, builder.path());
  }
  if (limits.require_object && !builder.root().is_object()) {
    return error_at(scan, 0, "expected an object, found another value", {});
  }
  document->root_ = builder.root();
  return DocumentPtr(document);
}

}  // namespace bhi::fhir
