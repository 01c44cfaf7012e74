#include "ehr_sim/journal.h"

#include "ehr_sim/json_maker.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <vector>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr fhir::ReadLimits kOwnLimits{
    .max_depth = 128, .max_bytes = std::numeric_limits<std::size_t>::max(), .max_values = 100'000'000};

std::optional<std::uint64_t> whole_number(const Node* node) {
  if (node == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view digits = node->text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::optional<Method> method_from(std::string_view text) {
  for (const Method method : {Method::Post, Method::Put, Method::Delete}) {
    if (name(method) == text) return method;
  }
  return std::nullopt;
}

Result<VersionPtr> read_version(const Node& node, std::size_t sequence) {
  const auto number = whole_number(node.find("version"));
  const auto updated = instant_from(node.text_of("updated"));
  const auto method = method_from(node.text_of("method"));
  const Node* created = node.find("created");
  if (!number || !updated || !method || created == nullptr) return Error{Kind::Incorrect, "not a version"};
  auto version = std::make_shared<Version>();
  version->type = node.text_of("type");
  version->id = node.text_of("id");
  version->number = *number;
  version->tag = node.text_of("tag").empty() ? std::to_string(*number) : std::string(node.text_of("tag"));
  version->updated = *updated;
  version->method = *method;
  version->created = created->text() == "true";
  version->sequence = sequence;
  if (const Node* resource = node.find("resource")) {
    version->json = fhir::write_json(*resource);
    BHI_TRY(version->document, fhir::read_json(version->json, kOwnLimits));
  }
  return VersionPtr(version);
}

Node version_node(const Version& version, JsonMaker& make) {
  std::vector<fhir::Member> members = {
      make.member("type", make.text(version.type)),
      make.member("id", make.text(version.id)),
      make.member("version", make.number(version.number)),
      make.member("tag", make.text(version.tag)),
      make.member("updated", make.text(to_text(version.updated))),
      make.member("method", make.text(name(version.method))),
      make.member("created", Node::boolean(version.created)),
  };
  if (!version.deleted()) members.push_back(make.member("resource", version.document->root()));
  return make.object(members);
}

// One line into what was read so far.
Result<void> replay(std::string line, std::vector<VersionPtr>& versions, std::set<std::string>& loaded) {
  BHI_TRY(const auto document, fhir::read_json(std::move(line), kOwnLimits));
  if (const auto digest = document->root().text_of("loaded"); !digest.empty()) loaded.emplace(digest);
  if (const auto keep = whole_number(document->root().find("keep"))) {
    if (*keep > versions.size()) return Error{Kind::Incorrect, "keeps more than there is"};
    versions.resize(*keep);
    return {};
  }
  for (const Node& node : fhir::each(document->root().find("versions"))) {
    BHI_TRY(auto version, read_version(node, versions.size()));
    versions.push_back(std::move(version));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path,
                                               const std::function<void(VersionPtr)>& restore) {
  std::vector<VersionPtr> versions;
  auto journal = std::make_unique<Journal>();
  std::uintmax_t good_bytes = 0;
  {
    std::ifstream file(path, std::ios::binary);
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      const std::size_t bytes = line.size() + 1;
      if (file.eof()) break;  // no line end: the program died while writing it
      if (const auto read = replay(std::move(line), versions, journal->loaded_); !read) {
        return Error{Kind::Incorrect, path + ":" + std::to_string(number) + ": " + read.error().message};
      }
      good_bytes += bytes;
    }
  }
  std::error_code failed;
  if (std::filesystem::exists(path) && std::filesystem::file_size(path) > good_bytes) {
    std::filesystem::resize_file(path, good_bytes, failed);
    if (failed) return Error{Kind::Fault, path + ": " + failed.message()};
  }
  journal->file_.reset(std::fopen(path.c_str(), "ab"));
  if (journal->file_ == nullptr) return Error{Kind::Fault, path + ": cannot be opened for writing"};
  for (VersionPtr& version : versions) restore(std::move(version));
  return journal;
}

Result<void> Journal::append(std::span<const VersionPtr> versions) {
  JsonMaker make;
  std::vector<Node> nodes;
  for (const VersionPtr& version : versions) nodes.push_back(version_node(*version, make));
  return write_line(fhir::write_json(make.object({make.member("versions", make.array(nodes))})));
}

Result<void> Journal::forget_after(std::size_t count) {
  JsonMaker make;
  return write_line(fhir::write_json(make.object({make.member("keep", make.number(count))})));
}

Result<void> Journal::mark_loaded(const std::string& digest) {
  JsonMaker make;
  loaded_.insert(digest);
  return write_line(fhir::write_json(make.object({make.member("loaded", make.text(digest))})));
}

Result<void> Journal::write_line(std::string line) {
  line += '\n';
  const std::lock_guard lock(mutex_);
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0) {
    return Error{Kind::Fault, "journal: the line could not be written"};
  }
  return {};
}

}  // namespace bhi::sim
