#include "flow/practice.h"

#include "fhir/json.h"
#include "flow/bhi_act.h"
#include "flow/fields_practice.h"
#include "flow/practice_check.h"
#include "flow/struct_json.h"

#include <algorithm>
#include <tuple>

namespace bhi::flow {

namespace {

// Calls `visitor(T{})` for the struct of that kind; false when it is none of the practice's.
template <std::size_t Index = 0>
bool with_practice_kind(std::string_view kind, auto&& visitor) {
  if constexpr (Index == std::variant_size_v<PracticeEntity>) {
    return false;
  } else {
    using T = std::variant_alternative_t<Index, PracticeEntity>;
    if (Fields<T>::kind == kind) return visitor(T{}), true;
    return with_practice_kind<Index + 1>(kind, visitor);
  }
}

auto lists_of(care::PracticeRecord& record) {
  return std::tie(record.members, record.training, record.partners, record.protocols, record.baselines,
                  record.feedback);
}

template <typename T>
bool is_same_entry(const T& a, const T& b) {
  return stored_id(a) == stored_id(b);
}

// Puts it in the place of the one with its id, or at the end.
template <typename T>
void put(care::PracticeRecord& record, T entity) {
  if constexpr (std::is_same_v<T, care::Practice>) {
    record.practice = std::move(entity);
  } else {
    auto& list = std::get<std::vector<T>&>(lists_of(record));
    const auto held = std::ranges::find_if(list, [&](const T& one) { return is_same_entry(one, entity); });
    if (held != list.end())
      *held = std::move(entity);
    else
      list.push_back(std::move(entity));
  }
}

template <typename T>
const T* held_in(care::PracticeRecord& record, const T& entity) {
  if constexpr (std::is_same_v<T, care::Practice>) {
    return record.practice.id.empty() ? nullptr : &record.practice;
  } else {
    auto& list = std::get<std::vector<T>&>(lists_of(record));
    const auto held = std::ranges::find_if(list, [&](const T& one) { return is_same_entry(one, entity); });
    return held == list.end() ? nullptr : &*held;
  }
}

Issue refusal(const std::string& path, std::string_view code, std::string text) {
  return {Severity::Error, std::string(code), path, std::move(text)};
}

// What we set ourselves: of a repeat the moment of the first stands.
template <typename T>
void sign(T& entity, const T* held, const Actor& actor, Instant now, bool is_post) {
  if constexpr (requires { entity.recorded; }) {
    entity.recorded = {actor.by(), to_text(now)};
    if (is_post && held != nullptr) entity.recorded = held->recorded;
  }
}

template <typename T>
Result<Written> write_one(Store& store, LoadedPractice practice, T entity, std::string_view id,
                          std::optional<std::int64_t> version, const Actor& actor, Instant now) {
  const std::string kind(Fields<T>::kind);
  const bool is_post = !version;
  if constexpr (std::is_same_v<T, care::Practice>) entity.id = std::string(kPracticeId);
  const std::string path = kind + "/" + entity.id;
  Written written;
  if (!is_entry_id(entity.id)) {
    written.refused = {refusal(kind + ".id", "value", "expected letters, digits, '-', '.', '_', at most 64")};
    return written;
  }
  const std::string key = stored_id(entity);
  const T* held = held_in(practice.record, entity);
  if (!is_post && key != id) return Error{Kind::Incorrect, path + ".id: expected the id that the address names"};
  if (!is_post && held == nullptr) return Error{Kind::NotFound, "no such entry"};
  const auto known = practice.versions.find({kind, key});
  const std::int64_t stored_version = known == practice.versions.end() ? 0 : known->second;
  if (!is_post && stored_version != *version)
    return Error{Kind::Conflict, "the entry is at version " + std::to_string(stored_version) + ", If-Match says " +
                                     std::to_string(*version)};
  sign(entity, held, actor, now, is_post);
  if (held != nullptr && *held == entity) {
    BHI_TRY(written.entity, store.entity(kind, key));
    return written;
  }
  if (is_post && held != nullptr) {
    written.refused = {
        refusal(path, "conflict", "this id is taken by another entry; correct it with PUT and If-Match")};
    return written;
  }
  if constexpr (std::is_same_v<T, care::CrisisProtocol>) {
    if (held != nullptr && instant_from(held->in_force) <= std::optional(now)) {
      written.refused = {refusal(path, "conflict", "a version in force is never changed; post a new version")};
      return written;
    }
  }
  put(practice.record, entity);
  written.issues = in_words_of_the_model(check_entry(entity, practice.record, now));
  if (has_errors(written.issues)) {
    written.refused = std::exchange(written.issues, {});
    return written;
  }
  Worked worked;
  worked.at = now;
  worked.reason = is_post ? "post-practice" : "correct-practice";
  worked.entities.push_back({kind, key, "", stored_version, to_json(PracticeEntity(entity))});
  worked.audit.push_back({worked.reason, actor.name_in_audit(), kind + "/" + key, "ok", now});
  BHI_CHECK(store.commit(worked));
  BHI_TRY(written.entity, store.entity(kind, key));
  written.changed = true;
  return written;
}

}  // namespace

const care::TeamMember* LoadedPractice::member(std::string_view id) const {
  const auto found = std::ranges::find(record.members, id, &care::TeamMember::id);
  return found == record.members.end() ? nullptr : &*found;
}

bool is_practice_kind(std::string_view kind) {
  return with_practice_kind(kind, [](auto) {});
}

std::string stored_id(const PracticeEntity& entity) {
  if (const auto* protocol = std::get_if<care::CrisisProtocol>(&entity)) return protocol->id + "@" + protocol->version;
  return std::visit([](const auto& value) { return value.id; }, entity);
}

std::string to_json(const PracticeEntity& entity) {
  Arena arena;
  return std::visit([&](const auto& value) { return fhir::write_json(node_of(value, arena, true)); }, entity);
}

std::vector<std::string> bound_practice_paths(std::string_view kind) {
  std::vector<std::string> paths;
  with_practice_kind(kind, [&](auto value) { collect_paths<decltype(value)>(std::string(kind), paths); });
  return paths;
}

Result<ReadPracticeEntity> practice_entity_from(const fhir::Node& node) {
  ReadPracticeEntity read;
  const std::string_view kind = node.text_of(kKind);
  const bool known = with_practice_kind(kind, [&](auto value) {
    read_struct(value, node, std::string(kind), read.issues);
    read.entity = std::move(value);
  });
  if (!known) return Error{Kind::Incorrect, "expected an entity of the practice with a known 'kind'"};
  return read;
}

Result<LoadedPractice> load_practice(Store& store) {
  LoadedPractice loaded;
  const auto load = [&]<typename T>(const T&) -> Result<void> {
    BHI_TRY(const auto rows, store.entities_of("", Fields<T>::kind));
    for (const StoredEntity& row : rows) {
      BHI_TRY(const auto document, fhir::read_json(row.body));
      BHI_TRY(auto read, practice_entity_from(document->root()));
      if (has_errors(read.issues)) return Error{Kind::Fault, "stored entity: " + read.issues[0].path};
      put(loaded.record, std::get<T>(std::move(read.entity)));
      loaded.versions[{row.kind, row.id}] = row.version;
    }
    return {};
  };
  BHI_CHECK(load(care::Practice{}));
  BHI_CHECK(load(care::TeamMember{}));
  BHI_CHECK(load(care::TrainingRecord{}));
  BHI_CHECK(load(care::CommunityPartner{}));
  BHI_CHECK(load(care::CrisisProtocol{}));
  BHI_CHECK(load(care::Baseline{}));
  BHI_CHECK(load(care::Feedback{}));
  return loaded;
}

Result<Written> write_practice(Store& store, std::string_view kind, std::string_view id,
                               std::optional<std::int64_t> version, const fhir::Node& body, const Actor& actor,
                               Instant now) {
  if (!body.is_object()) return Error{Kind::Incorrect, "expected an object, the entry"};
  if (!is_practice_kind(kind)) return Error{Kind::NotFound, "no such collection"};
  Arena arena;
  BHI_TRY(auto read, practice_entity_from(fhir::with(body, fhir::intern(kKind), fhir::Node::string(kind), arena)));
  if (has_errors(read.issues)) {
    Written written;
    written.refused = std::move(read.issues);
    return written;
  }
  BHI_TRY(auto practice, load_practice(store));
  return std::visit(
      [&](auto entity) { return write_one(store, std::move(practice), std::move(entity), id, version, actor, now); },
      std::move(read.entity));
}

}  // namespace bhi::flow
