#include "ehr_sim/simulator.h"

#include "ehr_sim/capability.h"
#include "ehr_sim/router.h"
#include "ehr_sim/search.h"
#include "ehr_sim/search_parameters.h"
#include "ehr_sim/transaction.h"

#include <algorithm>
#include <array>
#include <mutex>

namespace bhi::sim {

// One request on its way, with what was understood of it.
struct Simulator::Call {
  const Request& request;
  Target target;
  Instant now;

  std::string_view header_of(std::string_view name) const { return header(request.headers, name); }
  Asked asked() const { return {request.base, now, preferred_return(header_of("Prefer"))}; }
};

struct Simulator::Row {
  Place place;
  std::string_view method;
  bool has_body;
  Response (Simulator::*act)(const Call&);
};

std::span<const Simulator::Row> Simulator::rows() {
  static constexpr std::array kRows = std::to_array<Row>({
      {Place::System, "POST", true, &Simulator::run_bundle},
      {Place::Metadata, "GET", false, &Simulator::show_capabilities},
      {Place::Type, "GET", false, &Simulator::search},
      {Place::Type, "POST", true, &Simulator::create_one},
      {Place::Search, "GET", false, &Simulator::search},
      {Place::Search, "POST", true, &Simulator::search},
      {Place::Instance, "GET", false, &Simulator::read_one},
      {Place::Instance, "PUT", true, &Simulator::update_one},
      {Place::Instance, "DELETE", false, &Simulator::remove_one},
      {Place::History, "GET", false, &Simulator::history},
      {Place::Version, "GET", false, &Simulator::read_one},
  });
  return kRows;
}

namespace {

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// https://hl7.org/fhir/R4/http.html#mime-type. Empty: all is well.
std::optional<Response> check_media(const Request& request, const Target& target, bool has_body) {
  const auto accept = header(request.headers, "Accept");
  if (!accept.empty() && !mentions(accept, {"json", "*/*", "application/*"})) {
    return refuse(406, "not-supported", "Accept: this server speaks application/fhir+json only");
  }
  const auto encoding = header(request.headers, "Content-Encoding");
  if (has_body && !encoding.empty() && encoding != "identity") {
    return refuse(415, "not-supported", "Content-Encoding: this server takes none");
  }
  const auto type = header(request.headers, "Content-Type");
  if (!has_body || target.place == Place::Search || mentions(type, {"application/fhir+json", "application/json"}))
    return std::nullopt;
  return refuse(415, "not-supported", "Content-Type: expected application/fhir+json");
}

// Given but empty is a mistake of the client, not the absence of a condition.
std::optional<Response> check_conditions(const Request& request) {
  for (const std::string_view name : {"If-Match", "If-None-Match", "If-None-Exist"}) {
    if (has_header(request.headers, name) && header(request.headers, name).empty()) {
      return refuse(400, "invalid", std::string(name) + ": the header has no value");
    }
  }
  return std::nullopt;
}

Result<std::vector<Parameter>> query_of(const Request& request) {
  BHI_TRY(auto parameters, parse_query(request.query));
  if (request.method != "POST") return parameters;
  if (!mentions(header(request.headers, "Content-Type"), {"application/x-www-form-urlencoded"}) &&
      !request.body.empty()) {
    return Error{Kind::Incorrect, "_search: expected Content-Type application/x-www-form-urlencoded"};
  }
  BHI_TRY(auto more, parse_query(request.body));
  std::ranges::move(more, std::back_inserter(parameters));
  return parameters;
}

std::string_view cursor_of(const std::vector<Parameter>& parameters) {
  const auto found = std::ranges::find(parameters, "_cursor", &Parameter::name);
  return found == parameters.end() ? std::string_view{} : std::string_view(found->value);
}

}  // namespace

Simulator::Simulator(Settings settings, Keep keep)
    : settings_(std::move(settings)), keep_(std::move(keep)), versions_(settings_.seed), lists_(settings_.seed) {}

Response Simulator::handle(const Request& request, Instant now) {
  auto target = route(request.path);
  if (!target) return refuse(target.error());
  const bool head = request.method == "HEAD";
  const std::string_view method = head ? "GET" : std::string_view(request.method);
  std::string allowed;
  for (const Row& row : rows()) {
    if (row.place != target->place) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(row.method);
    if (row.method != method) continue;
    if (auto refused = check_media(request, *target, row.has_body)) return *std::move(refused);
    if (auto refused = check_conditions(request)) return *std::move(refused);
    const Call call{request, *std::move(target), now};
    if (auto refused = refused_by_profile(call)) return *std::move(refused);
    return (this->*row.act)(call);
  }
  Response refused = refuse(405, "not-supported", "this method has no meaning here");
  refused.headers.emplace_back("Allow", allowed);
  return refused;
}

namespace {

char letter_of(Place place, std::string_view method) {
  switch (place) {
    case Place::Type: return method == "POST" ? 'c' : 's';
    case Place::Search: return 's';
    case Place::Instance: return method == "PUT" ? 'u' : method == "DELETE" ? 'd' : 'r';
    default: return '-';  // what none of the profiles has
  }
}

// What one of these parameters alone may stand for in a search about patients.
bool names_a_patient(const Parameter& given) {
  return given.name == "patient" || given.name == "subject" || given.name == "_id" || given.name == "identifier";
}

}  // namespace

// What an EHR does not declare it refuses.
std::optional<Response> Simulator::refused_by_profile(const Call& call) {
  const Profile& profile = settings_.rules.profile;
  if (profile.name.empty() || call.request.inside) return std::nullopt;
  if (profile.calls_per_minute > 0) {
    const std::lock_guard lock(minute_mutex_);
    const Instant minute(std::chrono::floor<std::chrono::minutes>(call.now));
    if (minute != minute_) minute_ = minute, minute_calls_ = 0;
    if (++minute_calls_ > profile.calls_per_minute) return refuse(429, "throttled", "too many calls in this minute");
  }
  if (call.target.place == Place::Metadata) return std::nullopt;
  const ProfileType* type = profile.of(call.target.type);
  const char letter = letter_of(call.target.place, call.request.method == "HEAD" ? "GET" : call.request.method);
  if (type == nullptr) return refuse(404, "not-supported", "this EHR does not know the type");
  if (type->allowed.find(letter) == std::string::npos) {
    return refuse(405, "not-supported", "this EHR does not declare the interaction");
  }
  if (letter != 's') return std::nullopt;
  const auto parameters = query_of(call.request);
  if (!parameters) return std::nullopt;  // said better by the search itself
  bool named = false;
  for (const Parameter& given : *parameters) {
    if (given.name == "_cursor") return std::nullopt;
    named = named || names_a_patient(given);
    const auto name = given.name.substr(0, given.name.find(':'));
    if (std::ranges::find(type->parameters, name) == type->parameters.end()) {
      return refuse(400, "not-supported", "this EHR does not declare a parameter of the search");
    }
  }
  const bool about_patients = find_parameter(call.target.type, "patient") != nullptr || call.target.type == "Patient";
  const bool other = std::ranges::any_of(*parameters, [&](const Parameter& given) {
    return call.target.type == "Patient" && given.name != "_count";  // a name, a birth date
  });
  if (profile.patient_required && about_patients && !named && !other) {
    return refuse(400, "required", "this EHR wants a patient in the search");
  }
  return std::nullopt;
}

Response Simulator::show_capabilities(const Call& call) {
  Response response;
  response.body = capability_statement(call.request.base, settings_.rules, settings_.started);
  return response;
}

Response Simulator::search(const Call& call) {
  const std::shared_lock lock(mutex_);
  return search_in(call, versions_);
}

Response Simulator::search_in(const Call& call, const Versions& versions) {
  const auto parameters = query_of(call.request);
  if (!parameters) return refuse(parameters.error());
  if (const auto cursor = cursor_of(*parameters); !cursor.empty()) return next_page(call, cursor);
  const bool lenient = mentions(call.header_of("Prefer"), {"handling=lenient"});
  const auto search =
      parse_search(call.target.type, *parameters, call.request.base, lenient ? Handling::Lenient : Handling::Strict);
  if (!search) return refuse(search.error());
  List list{
      .kind = ListKind::Searchset,
      .base = call.request.base,
      .path = call.target.path(),
      .query = search->canonical_query,
      .found = run_search(*search, versions),
      .page_size = search->page_size,
      .with_total = search->with_total || search->count_only,
      .asked = call.now,
  };
  return first_page(std::move(list), search->count_only);
}

Response Simulator::history(const Call& call) {
  const auto parameters = query_of(call.request);
  if (!parameters) return refuse(parameters.error());
  if (const auto cursor = cursor_of(*parameters); !cursor.empty()) return next_page(call, cursor);
  List list{
      .kind = ListKind::History,
      .base = call.request.base,
      .path = call.target.path(),
      .query = call.request.query,
      .found = {},
      .page_size = kUsualPage,
      .with_total = true,
      .asked = call.now,
  };
  std::optional<Instant> since;
  for (const Parameter& given : *parameters) {
    if (given.name == "_since") {
      since = instant_from(given.value);
      if (!since) return refuse(400, "invalid", "_since: expected an instant");
    } else if (given.name == "_count") {
      const auto count = parse_search(call.target.type, {given}, call.request.base);
      if (!count) return refuse(count.error());
      list.page_size = std::max<std::size_t>(count->page_size, 1);
    } else if (given.name != "_format") {
      return refuse(400, "not-supported", "history: this server knows _count and _since");
    }
  }
  {
    const std::shared_lock lock(mutex_);
    const auto all = versions_.history(call.target.type, call.target.id);
    if (all.empty()) return refuse(404, "not-found", "this resource is not known here");
    list.found.assign(all.rbegin(), all.rend());  // newest first
  }
  std::erase_if(list.found, [&](const VersionPtr& version) { return since && version->updated < *since; });
  return first_page(std::move(list), false);
}

Response Simulator::first_page(List list, bool count_only) {
  Response response;
  if (count_only) {
    response.body = count_bundle(list);
    return response;
  }
  const auto kept = std::make_shared<const List>(std::move(list));
  const std::string key = kept->found.size() > kept->page_size ? lists_.keep(kept) : "";
  response.body = page_bundle(*kept, 0, key);
  return response;
}

Response Simulator::next_page(const Call& call, std::string_view text) {
  const auto cursor = cursor_from(text);
  const auto list = cursor ? lists_.find(cursor->key) : nullptr;
  if (list == nullptr || list->path != call.target.path()) {
    return refuse(410, "expired", "this page is not kept any more: search again");
  }
  Response response;
  response.body = page_bundle(*list, cursor->offset, cursor->key);
  return response;
}

Response Simulator::read_one(const Call& call) {
  const std::shared_lock lock(mutex_);
  return answer(call, versions_);
}

Response Simulator::answer(const Call& call, const Versions& versions) {
  const Target& target = call.target;
  switch (target.place) {
    case Place::Type: return search_in(call, versions);
    case Place::Instance: return read(versions, target.type, target.id, call.header_of("If-None-Match"));
    case Place::Version: return read_version(versions, target.type, target.id, target.version);
    case Place::System:
    case Place::Metadata:
    case Place::Search:
    case Place::History: break;
  }
  return refuse(400, "not-supported", "inside a Bundle this server reads and searches only");
}

Response Simulator::change(const std::function<Response(Versions&)>& act) {
  const std::unique_lock lock(mutex_);
  const std::size_t before = versions_.count();
  Response response = act(versions_);
  if (response.status >= 400 || versions_.count() == before || !keep_) return response;
  if (const auto kept = keep_(versions_.since(before)); !kept) {
    versions_.roll_back(before);
    return refuse(kept.error());
  }
  return response;
}

Response Simulator::create_one(const Call& call) {
  const auto resource = read_resource(call.request.body, call.target.type);
  if (!resource) return refuse(resource.error());
  return change([&](Versions& versions) {
    return create(versions, call.target.type, (*resource)->root(), call.header_of("If-None-Exist"), call.asked());
  });
}

Response Simulator::update_one(const Call& call) {
  const auto resource = read_resource(call.request.body, call.target.type);
  if (!resource) return refuse(resource.error());
  return change([&](Versions& versions) {
    return update(versions, call.target.type, call.target.id, (*resource)->root(), call.header_of("If-Match"),
                  call.header_of("If-None-Match"), settings_.rules, call.asked());
  });
}

Response Simulator::remove_one(const Call& call) {
  return change([&](Versions& versions) {
    return remove(versions, call.target.type, call.target.id, call.header_of("If-Match"), call.asked());
  });
}

Response Simulator::run_bundle(const Call& call) {
  const auto bundle = read_resource(call.request.body, "Bundle");
  if (!bundle) return refuse(bundle.error());
  const fhir::Node& root = (*bundle)->root();
  const std::string_view type = root.text_of("type");
  // The answer to a Bundle is short unless more is asked for.
  const auto resources =
      mentions(call.header_of("Prefer"), {"return=representation"}) ? Resources::Included : Resources::LeftOut;
  if (type == "batch") {
    return run_batch(root, call.request.base, resources, [&](const Request& one) { return handle(one, call.now); });
  }
  if (type != "transaction")
    return refuse(400, "not-supported", "Bundle.type: expected transaction or batch", "Bundle.type");
  return change([&](Versions& versions) {
    const auto get = [&](const Request& one) {
      auto target = route(one.path);
      return target ? answer(Call{one, *std::move(target), call.now}, versions) : refuse(target.error());
    };
    return run_transaction(versions, root, settings_.rules, call.asked(), resources, get);
  });
}

std::size_t Simulator::version_count() const {
  const std::shared_lock lock(mutex_);
  return versions_.count();
}

void Simulator::restore(VersionPtr version) {
  const std::unique_lock lock(mutex_);
  versions_.restore(std::move(version));
}

Result<void> Simulator::roll_back(std::size_t count, const Forget& forget) {
  const std::unique_lock lock(mutex_);
  if (forget) BHI_CHECK(forget(count));
  versions_.roll_back(count);
  lists_.clear();
  return {};
}

std::vector<Versions::TypeCount> Simulator::counts() const {
  const std::shared_lock lock(mutex_);
  return versions_.counts();
}

}  // namespace bhi::sim
