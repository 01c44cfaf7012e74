#include "fhir/xml_scan.h"

#include "fhir/text_scan.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::fhir {

namespace {

constexpr std::size_t kDeepest = 1000;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::array<std::string_view, 5> kEntities = {"amp", "lt", "gt", "quot", "apos"};

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) > 127;
}

bool continues_name(char c) { return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

// https://www.w3.org/TR/xml/#NT-Char
bool is_character(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && code != 0xfffe && code != 0xffff;
}

// A digit in this base, or the base when it is none.
std::uint32_t digit(char c, std::uint32_t base) {
  std::uint32_t value = base;
  if (c >= '0' && c <= '9') value = static_cast<std::uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') value = static_cast<std::uint32_t>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') value = static_cast<std::uint32_t>(c - 'A') + 10;
  return std::min(value, base);
}

// "#65", "#x41", "amp": what stands between '&' and ';'.
bool is_reference(std::string_view name) {
  if (!name.starts_with('#')) return std::ranges::find(kEntities, name) != kEntities.end();
  name.remove_prefix(1);
  std::uint32_t base = 10;
  if (name.starts_with('x')) {
    base = 16;
    name.remove_prefix(1);
  }
  if (name.empty() || name.size() > 8) return false;
  std::uint32_t code = 0;
  for (const char c : name) {
    const std::uint32_t value = digit(c, base);
    if (value == base) return false;
    code = code * base + value;
  }
  return is_character(code);
}

// Where the first character lies that XML does not allow. The text is UTF-8.
std::size_t find_forbidden(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && !is_blank(text[i])) return i;
    if (byte != 0xef) continue;
    const std::string_view three = text.substr(i, 3);
    if (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf") return i;
  }
  return std::string_view::npos;
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(std::min(max_depth, kDeepest)) {}

  bool document() {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    return declaration() && surroundings() && element() && surroundings() && end();
  }

  bool one_element() { return (peek() == '<' || refuse("an element")) && element() && end(); }

  // Everything from a start tag to its end tag.
  bool element() {
    const std::size_t above = open_.size();
    if (!start_tag()) return false;
    while (open_.size() > above) {
      if (!text() || !markup()) return false;
    }
    return true;
  }

  void go_to(std::size_t at) { at_ = at; }
  std::size_t at() const { return at_; }
  XmlFault fault() const { return {std::min(fault_at_, text_.size()), fault_}; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool sees(std::string_view wanted) const { return text_.substr(at_).starts_with(wanted); }
  bool take(std::string_view wanted) {
    if (!sees(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  bool blanks() {
    const std::size_t before = at_;
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ > before;
  }
  bool refuse(std::string_view expected) {
    std::string found = "the end of the text";
    if (at_ < text_.size()) {
      const char c = text_[at_];
      found = c > ' ' && c < '\x7f' ? std::string("'") + c + "'" : is_blank(c) ? "white space" : "another character";
    }
    return fail("expected " + std::string(expected) + ", found " + found);
  }
  bool fail(std::string text) {
    fault_ = std::move(text);
    fault_at_ = at_;
    return false;
  }

  bool name(std::string_view& found) {
    const std::size_t begin = at_;
    if (!starts_name(peek())) return refuse("a name");
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    found = text_.substr(begin, at_ - begin);
    return true;
  }

  // <?xml version="1.0" encoding="UTF-8" standalone="no"?>
  bool declaration() {
    if (!sees("<?xml") || (at_ + 5 < text_.size() && continues_name(text_[at_ + 5]))) return true;
    at_ += 5;
    while (blanks() && !sees("?>")) {
      std::string_view which;
      std::string_view value;
      if (!attribute(which, value)) return false;
      const bool known = which == "version" || which == "encoding" || which == "standalone";
      if (!known) return fail("expected version, encoding or standalone, found another declaration");
      if (which == "version" && value != "1.0") return fail("expected XML 1.0, found another version");
      const bool utf8 = std::ranges::equal(
          value, std::string_view("utf-8"), {}, [](char c) { return c | 0x20; }, [](char c) { return c | 0x20; });
      if (which == "encoding" && !utf8) return fail("expected encoding UTF-8, found another one");
    }
    return take("?>") || refuse("'?>'");
  }

  // Before and after the element of the document.
  bool surroundings() {
    for (;;) {
      blanks();
      if (sees("<!--")) {
        if (!comment()) return false;
      } else if (sees("<?")) {
        if (!instruction()) return false;
      } else {
        if (sees("<!")) return fail("expected no document type, found one");
        return at_ == text_.size() || peek() == '<' || refuse("an element");
      }
    }
  }

  bool end() { return at_ == text_.size() || refuse("the end of the text"); }

  bool markup() {
    if (at_ >= text_.size()) return refuse("an end tag");
    if (sees("</")) return end_tag();
    if (sees("<!--")) return comment();
    if (sees("<![CDATA[")) return skip_past("]]>");
    if (sees("<?")) return instruction();
    if (sees("<!")) return fail("expected an element, found a declaration");
    return start_tag();
  }

  bool start_tag() {
    if (!take("<")) return refuse("an element");
    std::string_view element;
    if (!name(element)) return false;
    names_.clear();
    while (blanks() && peek() != '>' && peek() != '/') {
      std::string_view which;
      std::string_view value;
      const std::size_t begin = at_;
      if (!attribute(which, value)) return false;
      if (std::ranges::find(names_, which) != names_.end()) {
        at_ = begin;
        return fail("expected each attribute once, found one twice");
      }
      names_.push_back(which);
      if (names_.size() > kMostAttributes) {
        return fail("expected at most " + std::to_string(kMostAttributes) + " attributes, found more");
      }
    }
    if (take("/>")) return true;
    if (!take(">")) return refuse("an attribute or '>'");
    open_.push_back(element);
    return open_.size() <= max_depth_ ||
           fail("expected at most " + std::to_string(max_depth_) + " levels of elements (limit max_depth), found more");
  }

  bool end_tag() {
    const std::size_t begin = at_;
    at_ += 2;
    std::string_view element;
    if (!name(element)) return false;
    blanks();
    if (!take(">")) return refuse("'>'");
    if (element != open_.back()) {
      at_ = begin;
      return fail("expected the end tag of the open element, found another one");
    }
    open_.pop_back();
    return true;
  }

  bool attribute(std::string_view& which, std::string_view& value) {
    if (!name(which)) return false;
    blanks();
    if (!take("=")) return refuse("'='");
    blanks();
    const char quote = peek();
    if (quote != '"' && quote != '\'') return refuse("a quotation mark");
    const std::size_t begin = ++at_;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '<') return refuse("a closing quotation mark");
      if (text_[at_] == '&' && !reference()) return false;
    }
    if (at_ >= text_.size()) return refuse("a closing quotation mark");
    value = text_.substr(begin, at_ - begin);
    ++at_;
    return true;
  }

  // Leaves the position at its ';'.
  bool reference() {
    constexpr std::size_t kLongest = 12;
    const std::string_view ahead = text_.substr(at_ + 1, kLongest);
    const std::size_t end = ahead.find(';');
    if (end == std::string_view::npos || !is_reference(ahead.substr(0, end))) {
      return fail("expected one of the five entities of XML or the number of a character, found another reference");
    }
    at_ += end + 1;
    return true;
  }

  bool text() {
    for (; at_ < text_.size() && text_[at_] != '<'; ++at_) {
      if (text_[at_] == '&' && !reference()) return false;
      if (text_[at_] == ']' && sees("]]>")) return refuse("text without ']]>'");
    }
    return true;
  }

  bool comment() {
    at_ += 4;
    const std::size_t dashes = text_.find("--", at_);
    at_ = std::min(dashes, text_.size());
    return take("-->") || refuse("'-->'");
  }

  // It says nothing about the resource and is passed over.
  bool instruction() {
    at_ += 2;
    std::string_view target;
    if (!name(target)) return false;
    if (target.size() == 3 && (target[0] | 0x20) == 'x' && (target[1] | 0x20) == 'm' && (target[2] | 0x20) == 'l') {
      return fail("expected the XML declaration at the very beginning, found one here");
    }
    return sees("?>") || is_blank(peek()) ? skip_past("?>") : refuse("'?>'");
  }

  bool skip_past(std::string_view closing) {
    const std::size_t found = text_.find(closing, at_);
    if (found == std::string_view::npos) {
      at_ = text_.size();
      return refuse("'" + std::string(closing) + "'");
    }
    at_ = found + closing.size();
    return true;
  }

  const std::string_view text_;
  const std::size_t max_depth_;
  std::size_t at_ = 0;
  std::vector<std::string_view> open_;   // names of the open elements
  std::vector<std::string_view> names_;  // of the attributes of one tag
  std::size_t fault_at_ = 0;
  std::string fault_;
};

std::optional<XmlFault> check_bytes(std::string_view text) {
  if (const std::size_t found = find_not_utf8(text); found != std::string_view::npos) {
    return XmlFault{found, "expected UTF-8, found another encoding"};
  }
  if (const std::size_t found = find_forbidden(text); found != std::string_view::npos) {
    return XmlFault{found, "expected a character that XML allows, found another one"};
  }
  return {};
}

}  // namespace

std::optional<XmlFault> check_xml(std::string_view text, std::size_t max_depth) {
  if (auto fault = check_bytes(text)) return fault;
  Scanner scanner(text, max_depth);
  return scanner.document() ? std::optional<XmlFault>() : scanner.fault();
}

std::optional<XmlFault> check_xml_element(std::string_view text, std::size_t max_depth) {
  if (auto fault = check_bytes(text)) return fault;
  Scanner scanner(text, max_depth);
  return scanner.one_element() ? std::optional<XmlFault>() : scanner.fault();
}

std::string_view xml_element_at(std::string_view text, std::size_t begin) {
  Scanner scanner(text, kDeepest);
  scanner.go_to(begin);
  return scanner.element() ? text.substr(begin, scanner.at() - begin) : std::string_view();
}

bool is_xml_text(std::string_view text) { return is_utf8(text) && find_forbidden(text) == std::string_view::npos; }

}  // namespace bhi::fhir
