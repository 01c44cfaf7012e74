// JSON in and out. The one door to RapidJSON.
//
// Reading refuses what a FHIR endpoint must refuse: broken syntax, wrong UTF-8, NUL, repeated names (after unescaping),
// too deep nesting, too many values. Whatever the bytes, the answer is a document or an error that says line, column
// and, as far as it was read, the element path.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhir/node.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bhi::fhir {

struct ReadLimits {
  std::size_t max_depth = 64;          // nesting of objects and arrays; never more than 1000
  std::size_t max_bytes = 16u << 20;   // of the text
  std::size_t max_values = 4'000'000;  // nodes in one document
  bool refuse_repeated_names = true;   // FHIR policies; a conformance run of plain JSON switches them off
  bool refuse_nul = true;
  bool require_object = true;
};

// A tree and the memory it lies in. Immutable once made; share it as std::shared_ptr<const Document>.
class Document {
 public:
  Document(std::string buffer, Arena arena) : buffer_(std::move(buffer)), arena_(std::move(arena)) {}
  // Everything of the tree lies in the arena.
  Document(Arena arena, const Node& root) : arena_(std::move(arena)), root_(root) {}
  Document(Document&&) noexcept = default;
  Document& operator=(Document&&) noexcept = default;

  const Node& root() const { return root_; }
  std::size_t reserved_bytes() const { return buffer_.capacity() + arena_.reserved_bytes(); }

 private:
  friend Result<std::shared_ptr<const Document>> read_json(std::string text, const ReadLimits& limits);
  std::string buffer_;  // the received text, unescaped in place; strings of the tree point into it
  Arena arena_;
  Node root_;
};

using DocumentPtr = std::shared_ptr<const Document>;

// Takes the text over (it is rewritten in place). Error kind: Incorrect.
Result<DocumentPtr> read_json(std::string text, const ReadLimits& limits = {});

// Members in tree order, no white space; numbers as given.
std::string write_json(const Node& node);
// For people: two spaces an indent.
std::string write_json_pretty(const Node& node);

// Canonical form: members in the order of their names' bytes, arrays as they are, no white space, digits as given (1.0
// is not 1.00), one way to escape. Basis of content_hash.
std::string write_canonical_json(const Node& node);

// SHA-256 of a resource's canonical form without its `meta` and `text` (the id stays in): equal when nothing a reader
// would care about changed. The labels in `meta.security` count as content: who may see a record is no detail. 64 hex
// digits. Only the resource's own meta and text are left out: what it contains is its
// content, to the last element. The entries of a Bundle are hashed one by one, once they are taken apart (bundle.h).
std::string content_hash(const Node& resource);

}  // namespace bhi::fhir
