#include "fhir/bundle.h"

#include "fhir/release.h"
#include "fhir/types.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace bhi::fhir {

namespace {

constexpr std::size_t kLongestId = 64;
constexpr std::size_t kMostIssues = 1000;  // a hostile document must not be answered with millions

void add_issue(Issue issue, Issues& issues) {
  if (issues.size() < kMostIssues) return issues.push_back(std::move(issue));
  if (issues.size() == kMostIssues) {
    issues.push_back(
        {Severity::Error, "too-costly", issue.path, "expected fewer problems: from here on they are not listed"});
  }
}

bool is_urn(std::string_view text) { return text.starts_with("urn:uuid:") || text.starts_with("urn:oid:"); }

// "urn:uuid:X" without its prefix.
std::string_view urn_value(std::string_view urn) { return urn.substr(urn.find(':', 4) + 1); }

// UUIDs are the same in either case.
std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

// A type name as it may be shown; anything else is the sender's text and stays out of messages.
std::string shown_type(std::string_view type) {
  const bool plain = !type.empty() && type.size() <= kLongestId &&
                     std::ranges::all_of(type, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
  return plain ? "'" + std::string(type) + "'" : std::string("something else");
}

bool is_taken_type(std::string_view type) { return is_resource_type(type) || is_r4b_type(type); }

// What is wrong with a resource as such; empty text when nothing is.
Issue check_resource(const Node& resource, const std::string& path) {
  const auto issue = [&](std::string code, std::string where, std::string text) {
    return Issue{Severity::Error, std::move(code), std::move(where), std::move(text)};
  };
  if (!resource.is_object()) return issue("structure", path, "expected a resource, found another JSON value");
  const std::string_view type = resource_type(resource);
  if (type.empty()) return issue("structure", path, "expected a resourceType, found none");
  if (auto mark = r5_mark(resource, path)) return *std::move(mark);
  if (!is_taken_type(type)) {
    return issue("structure", path, "expected a resourceType of R4, found " + shown_type(type));
  }
  const Node* const id = resource.find("id");
  if (id != nullptr && (!id->is_string() || !is_safe_id(id->text()))) {
    return issue("value", path + ".id", "expected an id of 1 to 64 letters, digits, '-' and '.', found something else");
  }
  return {};
}

// Lower-case urn -> "Type/id". Ordered, because senders choose the keys and could make hashes collide.
using Urns = std::map<std::string, std::string>;

// The node with its urn references replaced; nothing is copied where nothing changes.
class Rewriter {
 public:
  Rewriter(const Urns& urns, Arena& arena) : urns_(urns), arena_(arena), reference_(intern("reference")) {}

  // True when `node` was replaced.
  bool rewrite(Node& node) {
    if (node.is_array()) return rewrite_array(node);
    return node.is_object() && rewrite_object(node);
  }

 private:
  bool rewrite_array(Node& node) {
    Node* copied = nullptr;
    const auto elements = node.elements();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      Node element = elements[i];
      if (!rewrite(element)) continue;
      if (copied == nullptr) copied = arena_.copy(elements).data();
      copied[i] = element;
    }
    if (copied != nullptr) node = Node::array({copied, elements.size()});
    return copied != nullptr;
  }

  bool rewrite_object(Node& node) {
    Member* copied = nullptr;
    const auto members = node.members();
    for (std::size_t i = 0; i < members.size(); ++i) {
      Node value = members[i].value;
      if (!(members[i].name == &reference_ && value.is_string() ? replace(value) : rewrite(value))) continue;
      if (copied == nullptr) copied = arena_.copy(members).data();
      copied[i].value = value;
    }
    if (copied != nullptr) node = Node::object({copied, members.size()});
    return copied != nullptr;
  }

  bool replace(Node& value) {
    if (!is_urn(value.text())) return false;
    const auto found = urns_.find(lower(value.text()));
    if (found == urns_.end()) return false;
    value = Node::string(arena_.copy(std::string_view(found->second)));
    return true;
  }

  const Urns& urns_;
  Arena& arena_;
  const Name& reference_;
};

std::string id_of_url(std::string_view url) {
  if (is_urn(url)) return std::string(urn_value(url));
  if (const auto reference = parse_reference(url)) return reference->id;
  return url.find("://") == std::string_view::npos ? std::string() : std::string(url.substr(url.rfind('/') + 1));
}

class Splitter {
 public:
  Splitter(const Node& bundle, Arena& arena, const Issues& left_out)
      : bundle_(bundle), arena_(arena), left_out_(left_out), type_(bundle.text_of("type")), id_name_(intern("id")) {}

  Entries split() {
    const Node* const list = bundle_.find("entry");
    if (list != nullptr && !list->is_array())
      refuse("Bundle.entry", "structure", "expected an array, found another value");
    std::size_t index = 0;
    if (list != nullptr) {
      for (const Node& node : list->elements()) take(node, "Bundle.entry[" + std::to_string(index++) + "]");
    }
    Rewriter rewriter(urns_, arena_);
    if (!urns_.empty()) {
      for (Entry& entry : found_.entries) rewriter.rewrite(entry.resource);
    }
    return std::move(found_);
  }

 private:
  void take(const Node& node, std::string path) {
    if (!node.is_object()) return refuse(path, "structure", "expected an object, found another value");
    Entry entry;
    entry.path = std::move(path);
    entry.full_url = node.text_of("fullUrl");
    const Node* const search = node.find("search");
    entry.outcome = search != nullptr && search->text_of("mode") == "outcome";
    const Node* const request = node.find("request");
    const std::string_view method = request == nullptr ? std::string_view{} : request->text_of("method");
    const Node* const resource = node.find("resource");
    if (method == "DELETE" || (resource == nullptr && type_ == "history" && method.empty())) {
      entry.deleted = true;
      if (entry.full_url.empty() && request != nullptr) entry.full_url = request->text_of("url");
      found_.entries.push_back(std::move(entry));
      return;
    }
    if (resource == nullptr) return take_nothing(entry, method);

    entry.resource = *resource;
    if (const Issue* const told = left_out_of(entry)) return add_issue(*told, found_.issues);
    Issue issue = check_resource(entry.resource, entry.path + ".resource");
    if (!issue.text.empty()) return add_issue(std::move(issue), found_.issues);
    if (resource_type(entry.resource) == "Bundle") {
      return refuse(entry.path + ".resource", "not-supported", "expected a resource that is no Bundle, found a Bundle");
    }
    if (give_id(entry)) found_.entries.push_back(std::move(entry));
  }

  // They come in the order of the entries.
  const Issue* left_out_of(const Entry& entry) {
    if (next_left_out_ == left_out_.size()) return nullptr;
    const Issue& next = left_out_[next_left_out_];
    if (!next.path.starts_with(entry.path + ".resource")) return nullptr;
    ++next_left_out_;
    return &next;
  }

  // An answer to a transaction carries no resources; a notification may name them only.
  void take_nothing(const Entry& entry, std::string_view method) {
    if (type_.ends_with("-response")) return;
    if (type_ == "history" && !method.empty()) {
      add_issue({Severity::Warning, "incomplete", entry.path,
                 "expected a resource, found only its address: it has to be fetched"},
                found_.issues);
      return;
    }
    refuse(entry.path, "required", "expected a resource, found none");
  }

  // The id that others may refer to it by. False when the entry cannot be taken.
  bool give_id(Entry& entry) {
    std::string_view id = entry.resource.text_of("id");
    if (id.empty() && !entry.full_url.empty()) {
      const std::string made = id_of_url(entry.full_url);
      if (!is_safe_id(made)) {
        refuse(entry.path + ".fullUrl", "value", "expected a fullUrl that ends in an id, found another");
        return false;
      }
      id = arena_.copy(std::string_view(made));
      entry.resource = with(entry.resource, id_name_, Node::string(id), arena_);
    }
    if (id.empty()) return true;
    std::string local(resource_type(entry.resource));
    local.append("/").append(id);
    if (type_ == "transaction" && !identities_.insert(local).second) {
      refuse(entry.path + ".resource", "duplicate", "expected each resource once in a transaction, found one twice");
      return false;
    }
    if (!is_urn(entry.full_url)) return true;
    const auto [place, is_new] = urns_.emplace(lower(entry.full_url), local);
    if (is_new || place->second == local) return true;
    refuse(entry.path + ".fullUrl", "duplicate", "expected a fullUrl of its own, found one that another entry has");
    return false;
  }

  void refuse(std::string path, std::string code, std::string text) {
    add_issue({Severity::Error, std::move(code), std::move(path), std::move(text)}, found_.issues);
  }

  const Node& bundle_;
  Arena& arena_;
  const Issues& left_out_;
  std::size_t next_left_out_ = 0;
  const std::string_view type_;
  const Name& id_name_;
  Entries found_;
  Urns urns_;
  std::set<std::string> identities_;  // "Type/id" of a transaction
};

// Adds "Patient/id" of each literal reference to a Patient that is not there yet.
void add_patients(const Node* references, std::string_view own_base, std::vector<std::string>& patients) {
  for (const Node& node : each(references)) {
    const auto reference = parse_reference(node.text_of("reference"));
    if (!reference || reference->type != "Patient") continue;
    if (!reference->base.empty() && !own_base.empty() && reference->base != own_base) continue;
    std::string local = "Patient/" + reference->id;
    if (std::ranges::find(patients, local) == patients.end()) patients.push_back(std::move(local));
  }
}

}  // namespace

bool is_safe_id(std::string_view text) {
  if (text.empty() || text.size() > kLongestId || text == "." || text == "..") return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

std::optional<Reference> parse_reference(std::string_view text) {
  Reference reference;
  if (text.starts_with('/')) return std::nullopt;
  if (text.starts_with('#')) {
    if (!is_safe_id(text.substr(1))) return std::nullopt;
    reference.contained = text.substr(1);
    return reference;
  }
  const auto take_last = [&text] {
    const std::size_t slash = text.rfind('/');
    const std::string_view last = text.substr(slash == std::string_view::npos ? 0 : slash + 1);
    text = text.substr(0, slash == std::string_view::npos ? 0 : slash);
    return last;
  };
  std::string_view id = take_last();
  std::string_view type = take_last();
  if (type == "_history") {
    if (!is_safe_id(id)) return std::nullopt;
    reference.version = id;
    id = take_last();
    type = take_last();
  }
  if (!is_safe_id(id) || !is_taken_type(type)) return std::nullopt;
  const bool absolute = text.starts_with("https://") || text.starts_with("http://");
  const bool plain = text.find_first_of("?#|") == std::string_view::npos && text.find("://") + 3 < text.size();
  if (!text.empty() && !(absolute && plain)) return std::nullopt;
  reference.base = text;
  reference.type = type;
  reference.id = id;
  return reference;
}

Result<Entries> split(const Node& document, Arena& arena, const Issues& left_out) {
  const std::string_view type = resource_type(document);
  if (type.empty()) return Error{Kind::Incorrect, "expected a resource with a resourceType, found none"};
  if (const auto mark = r5_mark(document, std::string(type)); mark && type != "Bundle") {
    return Error{Kind::Unsupported, mark->path + ": " + mark->text};
  }
  if (!is_taken_type(type)) return Error{Kind::Incorrect, "expected a resourceType of R4, found " + shown_type(type)};
  if (type == "Bundle") return Splitter(document, arena, left_out).split();

  Entries found;
  Issue issue = check_resource(document, std::string(type));
  if (issue.text.empty()) {
    Entry entry;
    entry.resource = document;
    entry.path = type;
    found.entries.push_back(std::move(entry));
  } else {
    found.issues.push_back(std::move(issue));
  }
  return found;
}

Lines read_ndjson(std::string_view text, const ReadLimits& limits) {
  Lines lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto document = read_json(std::string(line), limits);
    if (document.ok()) {
      lines.documents.push_back(std::move(document).value());
    } else {
      add_issue({Severity::Error, "structure", "line " + std::to_string(number), document.error().message},
                lines.issues);
    }
  }
  return lines;
}

std::string patient_reference(const Node& resource, std::string_view own_base) {
  const std::string_view type = resource_type(resource);
  if (type == "Patient") {
    const std::string_view id = resource.text_of("id");
    return is_safe_id(id) ? "Patient/" + std::string(id) : std::string();
  }
  if (own_base.ends_with('/')) own_base.remove_suffix(1);
  std::vector<std::string> patients;
  for (const std::string_view member : {"subject", "patient", "beneficiary", "individual", "for"}) {
    add_patients(resource.find(member), own_base, patients);
    if (!patients.empty()) break;
  }
  if (type == "Appointment") {
    for (const Node& participant : each(resource.find("participant"))) {
      add_patients(participant.find("actor"), own_base, patients);
    }
  }
  return patients.size() == 1 ? patients.front() : std::string();
}

}  // namespace bhi::fhir
