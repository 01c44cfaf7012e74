#include "ehr_sim/versions.h"

#include "base/hash.h"
#include "ehr_sim/json_maker.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <set>

namespace bhi::sim {

namespace {

using fhir::Node;

// What we print ourselves was within the limits when it came; stamping it must not push it over.
constexpr fhir::ReadLimits kOwnLimits{.max_depth = 128, .max_bytes = std::numeric_limits<std::size_t>::max()};

Node stamped_meta(const Node* meta, std::string_view tag, Instant updated, JsonMaker& make) {
  std::vector<fhir::Member> members = {
      make.member("versionId", make.text(tag)),
      make.member("lastUpdated", make.text(to_text(updated))),
  };
  if (meta != nullptr) {
    for (const fhir::Member& member : meta->members()) {
      if (member.name->text != "versionId" && member.name->text != "lastUpdated") members.push_back(member);
    }
  }
  return make.object(members);
}

Node stamped(const Node& resource, const Version& version, const Manners& manners, JsonMaker& make) {
  const std::array<fhir::Member, 2> own = {
      make.member("id", make.text(version.id)),
      make.member("meta", stamped_meta(resource.find("meta"), version.tag, version.updated, make)),
  };
  std::vector<fhir::Member> members = {make.member("resourceType", make.text(fhir::resource_type(resource)))};
  if (!manners.meta_last) members.insert(members.end(), own.begin(), own.end());
  for (const fhir::Member& member : resource.members()) {
    const std::string_view name = member.name->text;
    if (name != "resourceType" && name != "id" && name != "meta") members.push_back(member);
  }
  if (manners.meta_last) members.insert(members.end(), own.begin(), own.end());
  return make.object(members);
}

// "1.50" to "1.5" in numbers, as a server does that reads them into binary ones.
std::string without_zeros(std::string_view json) {
  std::string cut;
  cut.reserve(json.size());
  bool in_text = false;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (in_text || (c != '-' && (c < '0' || c > '9'))) {
      if (in_text && c == '\\') cut += json[at++];  // and what it escapes
      if (c == '"') in_text = !in_text;
      cut += json[at++];
      continue;
    }
    const std::size_t end = std::min(json.find_first_not_of("+-.eE0123456789", at), json.size());
    std::string_view number = json.substr(at, end - at);
    if (number.find('.') != std::string_view::npos && number.find_first_of("eE") == std::string_view::npos) {
      while (number.ends_with('0')) number.remove_suffix(1);
      if (number.ends_with('.')) number.remove_suffix(1);
    }
    cut += number;
    at = end;
  }
  return cut;
}

// As a UUID of version 4 looks.
std::string uuid_of(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) all += std::to_string(part.size()) + ":" + std::string(part);
  const Digest digest = sha256(all);
  std::string hex = to_hex(std::span(digest).first(16));
  hex[12] = '4';
  hex[16] = 'a';
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20);
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

VersionPtr Versions::version(std::string_view type, std::string_view id, std::string_view tag) const {
  const auto* all = find(type, id);
  if (all == nullptr) return nullptr;
  const auto found = std::ranges::find(*all, tag, &Version::tag);
  return found == all->end() ? nullptr : *found;
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
    const std::string number = std::to_string(next_id_++);
    std::string id = manners_.ids == Ids::Uuid      ? uuid_of({seed_, type, number})
                     : manners_.ids == Ids::Counted ? number
                                                    : stable_id({seed_, type, number});
    if (find(type, id) == nullptr) return id;
  }
}

std::string Versions::tag_for(std::string_view type, std::string_view id, std::uint64_t number) const {
  const std::string text = std::to_string(number);
  return manners_.uuid_versions ? uuid_of({seed_, type, id, text}) : text;
}

Instant Versions::stamp(Instant now) const {
  return log_.empty() || manners_.time_may_go_back ? now : std::max(now, log_.back()->updated);
}

Result<VersionPtr> Versions::put(std::string_view type, std::string_view id, const Node& resource, Method method,
                                 Instant now) {
  const VersionPtr before = newest(type, id);
  auto version = std::make_shared<Version>();
  version->type = type;
  version->id = id;
  version->number = before == nullptr ? 1 : before->number + 1;
  version->tag = tag_for(type, id, version->number);
  version->updated = stamp(now);
  version->method = method;
  version->created = before == nullptr || before->deleted();
  JsonMaker make;
  version->json = fhir::write_json(stamped(resource, *version, manners_, make));
  if (manners_.cuts_zeros) version->json = without_zeros(version->json);
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
  version->tag = tag_for(type, id, version->number);
  version->updated = stamp(now);
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

VersionPtr Versions::publish(const Version& late) {
  const VersionPtr before = newest(late.type, late.id);
  if (late.deleted() && (before == nullptr || before->deleted())) return nullptr;
  auto version = std::make_shared<Version>(late);
  version->sequence = log_.size();
  version->created = !late.deleted() && (before == nullptr || before->deleted());
  const std::uint64_t number = before == nullptr ? 1 : before->number + 1;
  if (number != late.number) {
    version->number = number;
    version->tag = tag_for(late.type, late.id, number);
    if (!late.deleted()) {
      JsonMaker make;
      version->json = fhir::write_json(stamped(late.document->root(), *version, manners_, make));
      auto read = fhir::read_json(version->json, kOwnLimits);
      assert(read.ok());  // we printed it
      version->document = *std::move(read);
    }
  }
  restore(version);
  return version;
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
