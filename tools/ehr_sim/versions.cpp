#include "ehr_sim/versions.h"

#include "base/hash.h"
#include "ehr_sim/json_maker.h"

#include <algorithm>
#include <limits>
#include <set>

namespace bhi::sim {

namespace {

using fhir::Node;

// What we print ourselves was within the limits when it came; stamping it must not push it over.
constexpr fhir::ReadLimits kOwnLimits{.max_depth = 128, .max_bytes = std::numeric_limits<std::size_t>::max()};

Node stamped_meta(const Node* meta, std::uint64_t number, Instant updated, JsonMaker& make) {
  std::vector<fhir::Member> members = {
      make.member("versionId", make.text(std::to_string(number))),
      make.member("lastUpdated", make.text(to_text(updated))),
  };
  if (meta != nullptr) {
    for (const fhir::Member& member : meta->members()) {
      if (member.name->text != "versionId" && member.name->text != "lastUpdated") members.push_back(member);
    }
  }
  return make.object(members);
}

Node stamped(const Node& resource, std::string_view id, std::uint64_t number, Instant updated, JsonMaker& make) {
  std::vector<fhir::Member> members = {
      make.member("resourceType", make.text(fhir::resource_type(resource))),
      make.member("id", make.text(id)),
      make.member("meta", stamped_meta(resource.find("meta"), number, updated, make)),
  };
  for (const fhir::Member& member : resource.members()) {
    const std::string_view name = member.name->text;
    if (name != "resourceType" && name != "id" && name != "meta") members.push_back(member);
  }
  return make.object(members);
}

std::string identifier_key(std::string_view type, std::string_view value) {
  std::string key(type);
  key += ' ';
  key += value;
  return key;
}

}  // namespace

std::string_view name(Method method) {
  switch (method) {
    case Method::Post: return "POST";
    case Method::Put: return "PUT";
    case Method::Delete: return "DELETE";
  }
  return "PUT";
}

const std::vector<VersionPtr>* Versions::find(std::string_view type, std::string_view id) const {
  const auto by_type = types_.find(type);
  if (by_type == types_.end()) return nullptr;
  const auto found = by_type->second.find(id);
  return found == by_type->second.end() ? nullptr : &found->second;
}

VersionPtr Versions::newest(std::string_view type, std::string_view id) const {
  const auto* all = find(type, id);
  return all == nullptr ? nullptr : all->back();
}

VersionPtr Versions::version(std::string_view type, std::string_view id, std::uint64_t number) const {
  const auto* all = find(type, id);
  return all == nullptr || number == 0 || number > all->size() ? nullptr : (*all)[number - 1];
}

std::span<const VersionPtr> Versions::history(std::string_view type, std::string_view id) const {
  const auto* all = find(type, id);
  return all == nullptr ? std::span<const VersionPtr>{} : std::span<const VersionPtr>(*all);
}

std::vector<VersionPtr> Versions::living(std::string_view type) const {
  std::vector<VersionPtr> found;
  if (const auto by_type = types_.find(type); by_type != types_.end()) {
    for (const auto& [id, all] : by_type->second) {
      if (!all.back()->deleted()) found.push_back(all.back());
    }
  }
  std::ranges::sort(found, {}, &Version::sequence);
  return found;
}

std::vector<VersionPtr> Versions::with_identifier(std::string_view type, std::string_view value) const {
  std::set<std::string, std::less<>> ids;
  const auto [from, to] = identifiers_.equal_range(identifier_key(type, value));
  for (auto entry = from; entry != to; ++entry) ids.insert(entry->second);
  std::vector<VersionPtr> found;
  for (const std::string& id : ids) {
    const VersionPtr last = newest(type, id);
    if (last != nullptr && !last->deleted()) found.push_back(last);
  }
  std::ranges::sort(found, {}, &Version::sequence);
  return found;
}

std::string Versions::new_id(std::string_view type) {
  for (;;) {
    std::string id = stable_id({seed_, type, std::to_string(next_id_++)});
    if (find(type, id) == nullptr) return id;
  }
}

Result<VersionPtr> Versions::put(std::string_view type, std::string_view id, const Node& resource, Method method,
                                 Instant now) {
  const VersionPtr before = newest(type, id);
  auto version = std::make_shared<Version>();
  version->type = type;
  version->id = id;
  version->number = before == nullptr ? 1 : before->number + 1;
  version->updated = log_.empty() ? now : std::max(now, log_.back()->updated);
  version->method = method;
  version->created = before == nullptr || before->deleted();
  JsonMaker make;
  version->json = fhir::write_json(stamped(resource, id, version->number, version->updated, make));
  BHI_TRY(version->document, fhir::read_json(version->json, kOwnLimits));
  version->sequence = log_.size();
  restore(version);
  return VersionPtr(version);
}

VersionPtr Versions::remove(std::string_view type, std::string_view id, Instant now) {
  const VersionPtr before = newest(type, id);
  auto version = std::make_shared<Version>();
  version->type = type;
  version->id = id;
  version->number = before == nullptr ? 1 : before->number + 1;
  version->updated = log_.empty() ? now : std::max(now, log_.back()->updated);
  version->method = Method::Delete;
  version->created = false;
  version->sequence = log_.size();
  restore(version);
  return version;
}

void Versions::restore(VersionPtr version) {
  if (!version->deleted()) {
    for (const Node& identifier : fhir::each(version->document->root().find("identifier"))) {
      const std::string_view value = identifier.text_of("value");
      if (!value.empty()) identifiers_.emplace(identifier_key(version->type, value), version->id);
    }
  }
  types_[version->type][version->id].push_back(version);
  log_.push_back(std::move(version));
}

void Versions::roll_back(std::size_t count) {
  while (log_.size() > count) {
    const VersionPtr last = std::move(log_.back());
    log_.pop_back();
    auto by_type = types_.find(last->type);
    auto by_id = by_type->second.find(last->id);
    by_id->second.pop_back();
    if (by_id->second.empty()) by_type->second.erase(by_id);
    if (by_type->second.empty()) types_.erase(by_type);
  }
}

std::vector<Versions::TypeCount> Versions::counts() const {
  std::vector<TypeCount> counts;
  for (const auto& [type, by_id] : types_) {
    TypeCount count{.type = type};
    for (const auto& [id, all] : by_id) {
      count.versions += all.size();
      ++(all.back()->deleted() ? count.deleted : count.resources);
    }
    counts.push_back(std::move(count));
  }
  return counts;
}

}  // namespace bhi::sim
