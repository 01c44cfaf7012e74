// Keeps the lineage of one run (lineage.h): which source nodes each target node was made from, known by their addresses
// and named at the end. Exists only when a run is asked for its lineage.
#pragma once

#include "mapping/binding.h"
#include "mapping/compiled.h"
#include "mapping/lineage.h"
#include "mapping/target.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace bhi::mapping {

class Tracer {
  // Why a target node is there.
  using Addresses = std::vector<const fhir::Node*>;

  struct Note {
    const CompiledRule* rule = nullptr;
    const CompiledGroup* group = nullptr;
    const CompiledTarget* target = nullptr;
    LineageKind kind = LineageKind::Made;
    Addresses sources;
    const fhir::Node* because = nullptr;
    const TargetNode* original = nullptr;  // of a copied node
    std::string translation;
  };

 public:
  explicit Tracer(const TargetTree& tree) : tree_(tree) {}

  // Groups that are called while a target is put have targets of their own; afterwards this one goes on.
  class Pause {
   public:
    explicit Pause(Tracer* tracer) : tracer_(tracer) {
      if (tracer_ != nullptr) kept_ = tracer_->now_;
    }
    ~Pause() {
      if (tracer_ != nullptr) tracer_->now_ = std::move(kept_);
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Tracer* tracer_;
    Note kept_;
  };

  // A document whose nodes may be read: an input, or what a reference was resolved to.
  void add_document(const fhir::Node& root, const fhir::TypeInfo* type);

  // A target of a rule begins: what is read from now on goes into it.
  void begin(const CompiledRule& rule, const CompiledGroup& group, const CompiledTarget& target, const Binding& first);
  // A parameter or a variable of an expression.
  void read(const Binding& binding);
  void read(const fhirpath::Item& item);
  // A value that only became a variable: whoever reads it has read what it was made from.
  void name(const fhirpath::Item& item);

  void made(const TargetNode& node);                                 // without a value
  void put(const TargetNode& node, const Binding& value);            // with one
  void copied(const TargetNode& node, const TargetNode& made_once);  // a made node that was copied

  Lineage finish(const TargetNode& root) const;

 private:
  // Where a node of a document stands.
  struct Position {
    const fhir::Node* parent = nullptr;  // null at the root
    const fhir::Name* name = nullptr;    // of a member
    std::uint32_t index = 0;             // in a list, when there is no name
  };

  void index(const fhir::Node& node, const Position& position);
  bool is_known(const fhir::Node* node) const { return positions_.contains(node); }
  void add_sources(Addresses& to, const fhirpath::Item& item) const;
  Note note(LineageKind kind) const;
  LineageSource named(const fhir::Node* node) const;
  void write(const TargetNode& node, const std::string& path, Lineage& to) const;
  LineageEntry entry(const Note& note, const std::string& path) const;

  const TargetTree& tree_;
  std::unordered_map<const fhir::Node*, Position> positions_;
  std::unordered_map<const fhir::Node*, std::string_view> types_;  // of documents that do not say it themselves
  std::unordered_map<const fhir::Node*, Addresses> computed_;      // values that stand in no document
  std::unordered_map<const TargetNode*, std::vector<Note>> notes_;
  Note now_;
};

}  // namespace bhi::mapping
