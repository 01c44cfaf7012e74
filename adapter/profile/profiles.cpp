#include "profile/profiles.h"

#include "profile/checker.h"

namespace bhi::profile {

namespace {

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

bool is_profile(const fhir::Node& resource) {
  return fhir::resource_type(resource) == "StructureDefinition" && resource.text_of("derivation") == "constraint" &&
         resource.text_of("kind") != "logical";
}

}  // namespace

std::shared_ptr<const Profiles> Profiles::with(std::span<const fhir::Node* const> resources,
                                               std::shared_ptr<const fhir::Types> types) {
  std::shared_ptr<Profiles> made(new Profiles(std::move(types)));
  ExpressionPool pool;
  for (const fhir::Node* resource : resources) {
    if (!is_profile(*resource)) continue;
    std::string url(resource->text_of("url"));
    auto definition = read_definition(*resource, *made->types_, pool, made->arena_);
    if (definition.ok()) {
      made->unreadable_.erase(url);
      made->definitions_.insert_or_assign(std::move(url), std::move(*definition));
    } else {
      made->definitions_.erase(url);
      made->unreadable_.insert_or_assign(std::move(url), definition.error());
    }
  }
  return made;
}

const Definition* Profiles::find(std::string_view canonical) const {
  const auto url = without_version(canonical);
  const auto found = definitions_.find(url);
  if (found == definitions_.end()) return nullptr;
  const bool any = url.size() == canonical.size();
  return any || canonical.substr(url.size() + 1) == found->second.version ? &found->second : nullptr;
}

Result<Verdict> Profiles::check(const fhirpath::Item& item, std::string_view canonical,
                                const fhirpath::Environment& environment) const {
  const Definition* definition = find(canonical);
  if (definition == nullptr) {
    return Error{Kind::NotFound, "expected the canonical of a loaded profile, found " + std::string(canonical)};
  }
  Verdict verdict;
  Effort effort;
  Checker checker(*this, environment, effort, verdict);
  checker.conform(item, *definition, std::string(definition->type->name));
  if (effort.exhausted()) return Error{Kind::Busy, "expected less to check against " + std::string(canonical)};
  return verdict;
}

Result<std::optional<bool>> Profiles::conforms(const fhirpath::Item& item, std::string_view canonical,
                                               const fhirpath::Environment& environment) const {
  if (find(canonical) == nullptr) {
    const auto broken = unreadable_.find(without_version(canonical));
    if (broken == unreadable_.end()) return std::optional<bool>();
    return Error{Kind::Unsupported, broken->second.message};
  }
  BHI_TRY(const auto verdict, check(item, canonical, environment));
  if (!verdict.problems.empty()) return std::optional(false);
  if (verdict.undecided.empty()) return std::optional(true);
  const auto& first = verdict.undecided.front();
  return Error{Kind::Unsupported,
               "cannot tell whether it conforms to " + std::string(canonical) + ": " + first.path + ": " + first.text};
}

}  // namespace bhi::profile
