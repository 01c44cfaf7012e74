// Every version of every resource, in the order they came to be. Never forgets: a search can be answered from the
// versions it once found, a transaction that fails is taken back to where it began. One thread at a time may change it;
// the simulator holds the lock.
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/manners.h"
#include "fhir/json.h"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bhi::sim {

// The request a version came from.
enum class Method { Post, Put, Delete };
std::string_view name(Method method);  // "POST", ...

// One version as it was stored; immutable and shared by all who read it.
struct Version {
  std::string type;
  std::string id;
  std::uint64_t number = 1;  // of this resource
  std::string tag;           // meta.versionId, as the server forms them
  Instant updated{};         // meta.lastUpdated
  Method method = Method::Post;
  bool created = true;         // there was none before, or it had been deleted
  std::uint64_t sequence = 0;  // order among all versions
  fhir::DocumentPtr document;  // null: deleted
  std::string json;            // the same as text

  bool deleted() const { return document == nullptr; }
  std::string path() const { return type + "/" + id; }
};

using VersionPtr = std::shared_ptr<const Version>;

class Versions {
 public:
  // `seed` makes the ids that this server gives; same seed, same ids.
  explicit Versions(std::string seed, const Manners& manners = {}) : seed_(std::move(seed)), manners_(manners) {}

  // Newest version, deleted or not; null when there never was one.
  VersionPtr newest(std::string_view type, std::string_view id) const;
  VersionPtr version(std::string_view type, std::string_view id, std::string_view tag) const;
  std::span<const VersionPtr> history(std::string_view type, std::string_view id) const;  // oldest first
  // Newest versions of all that are not deleted, by the sequence of that version.
  std::vector<VersionPtr> living(std::string_view type) const;
  // Living resources of a type that carry this identifier value (whatever its system).
  std::vector<VersionPtr> with_identifier(std::string_view type, std::string_view value) const;

  std::string new_id(std::string_view type);

  // Adds a version; id, versionId and lastUpdated are written into the resource, the rest stays as given.
  // Time never runs backwards, unless it is the server's manner: `now` earlier than the newest version counts as that
  // one's time.
  Result<VersionPtr> put(std::string_view type, std::string_view id, const fhir::Node& resource, Method method,
                         Instant now);
  VersionPtr remove(std::string_view type, std::string_view id, Instant now);
  // A version read back from the journal, as it was.
  void restore(VersionPtr version);
  // A version that was taken back and becomes visible only now: last in sequence, with the times it had. Renumbered
  // when others came in between; refused (null) only when what it deletes is gone.
  VersionPtr publish(const Version& late);

  std::size_t count() const { return log_.size(); }
  std::span<const VersionPtr> since(std::size_t count) const { return std::span(log_).subspan(count); }
  // Takes back everything after the first `count` versions.
  void roll_back(std::size_t count);

  struct TypeCount {
    std::string type;
    std::size_t resources = 0;  // living
    std::size_t deleted = 0;
    std::size_t versions = 0;
  };
  std::vector<TypeCount> counts() const;

 private:
  using ById = std::map<std::string, std::vector<VersionPtr>, std::less<>>;
  const std::vector<VersionPtr>* find(std::string_view type, std::string_view id) const;

  std::string tag_for(std::string_view type, std::string_view id, std::uint64_t number) const;
  Instant stamp(Instant now) const;

  std::string seed_;
  Manners manners_;
  std::uint64_t next_id_ = 1;
  std::map<std::string, ById, std::less<>> types_;
  std::vector<VersionPtr> log_;
  std::unordered_multimap<std::string, std::string>
      identifiers_;  // "Type value" -> id, of any version; checked when read
};

}  // namespace bhi::sim
