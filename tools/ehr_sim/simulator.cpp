#include "ehr_sim/simulator.h"

#include "ehr_sim/capability.h"
#include "ehr_sim/search_parameters.h"
#include "ehr_sim/simulator_call.h"
#include "ehr_sim/transaction.h"

#include <algorithm>
#include <array>
#include <mutex>

namespace bhi::sim {

struct Simulator::Row {
  Place place;
  std::string_view method;
  bool has_body;
  Response (Simulator::*act)(const Call&);
};

std::span<const Simulator::Row> Simulator::rows() {
  static constexpr std::array kRows = std::to_array<Row>({
      {Place::System, "GET", false, &Simulator::page_of_search},
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

// https://hl7.org/fhir/R4/http.html#mime-type. Empty: all is well.
std::optional<Response> check_media(const Request& request, const Target& target, bool has_body,
                                    const Manners& manners) {
  const auto accept = header(request.headers, "Accept");
  if (!accept.empty() && !manners.ignores_accept && !mentions(accept, {"json", "*/*", "application/*"})) {
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

}  // namespace

Simulator::Simulator(Settings settings, Keep keep)
    : settings_(std::move(settings)),
      keep_(std::move(keep)),
      versions_(settings_.seed, manners()),
      lists_(settings_.seed) {}

Response Simulator::handle(const Request& request, Instant now) {
  publish_late(now + request.timing.behind);
  if (AsyncJobs::is_job(request.path)) return jobs_.status(request.path);
  auto target = route(request.path);
  if (!target) return refuse(target.error());
  const bool head = request.method == "HEAD";
  if (head && !manners().head) return refuse(404, "not-found", "this server has no HEAD");
  if (manners().most_body > 0 && request.body.size() > manners().most_body) {
    return refuse(400, "invalid", "File too large");
  }
  const std::string_view method = head ? "GET" : std::string_view(request.method);
  const bool by_search_id = manners().paging == Paging::SearchId;
  std::string allowed;
  for (const Row& row : rows()) {
    if (row.place != target->place || (row.act == &Simulator::page_of_search && !by_search_id)) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(row.method);
    if (row.method != method) continue;
    if (auto refused = check_media(request, *target, row.has_body, manners())) return *std::move(refused);
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

int Simulator::cost_of(const Call& call) const {
  const bool search = call.target.place == Place::Search || call.target.place == Place::Type;
  if (call.request.method == "GET" || call.target.place == Place::Search) {
    return search ? manners().search_cost : manners().read_cost;
  }
  return manners().write_cost;
}

// What an EHR does not declare it refuses.
std::optional<Response> Simulator::refused_by_profile(const Call& call) {
  const Profile& profile = settings_.rules.profile;
  if (call.request.inside) return std::nullopt;
  if (profile.calls_per_minute > 0) {
    const std::lock_guard lock(minute_mutex_);
    const Instant minute(std::chrono::floor<std::chrono::minutes>(call.now));
    if (minute != minute_) minute_ = minute, minute_calls_ = 0;
    minute_calls_ += cost_of(call);
    if (minute_calls_ > profile.calls_per_minute) {
      Response busy = refuse(429, "throttled", "too many calls in this minute");
      const auto left = std::chrono::ceil<std::chrono::seconds>(minute + std::chrono::minutes(1) - call.now).count();
      if (manners().rate_limit_header) {
        busy.headers.emplace_back("RateLimit", "\"fhirInteractions\";r=0;t=" + std::to_string(left));
      }
      return busy;
    }
  }
  if (profile.open() || call.target.place == Place::Metadata) return std::nullopt;
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

Response Simulator::read_one(const Call& call) {
  const std::shared_lock lock(mutex_);
  return answer(call, versions_);
}

Response Simulator::answer(const Call& call, const Versions& versions) {
  const Target& target = call.target;
  switch (target.place) {
    case Place::Type: return search_in(call, versions);
    case Place::Instance: {
      const auto known = manners().not_modified ? call.header_of("If-None-Match") : std::string_view();
      return read(versions, target.type, target.id, known);
    }
    case Place::Version: return read_version(versions, target.type, target.id, target.version);
    case Place::System:
    case Place::Metadata:
    case Place::Search:
    case Place::History: break;
  }
  return refuse(400, "not-supported", "inside a Bundle this server reads and searches only");
}

Response Simulator::change(const std::function<Response(Versions&)>& act, const Request& request, Instant now) {
  const std::unique_lock lock(mutex_);
  const std::size_t before = versions_.count();
  Response response = act(versions_);
  if (response.status >= 400 || versions_.count() == before) return response;
  if (request.timing.late.count() > 0) {
    for (const VersionPtr& version : versions_.since(before))
      late_.push_back({now + request.timing.behind + request.timing.late, version});
    versions_.roll_back(before);
    any_late_ = true;
    return response;
  }
  if (!keep_) return response;
  if (const auto kept = keep_(versions_.since(before)); !kept) {
    versions_.roll_back(before);
    return refuse(kept.error());
  }
  return response;
}

void Simulator::publish_late(Instant now) {
  if (!any_late_) return;
  const std::unique_lock lock(mutex_);
  const std::size_t before = versions_.count();
  std::erase_if(late_, [&](const Late& one) {
    if (one.due > now) return false;
    versions_.publish(*one.version);
    return true;
  });
  any_late_ = !late_.empty();
  if (keep_ && versions_.count() > before) static_cast<void>(keep_(versions_.since(before)));  // answered long ago
}

Response Simulator::create_one(const Call& call) {
  const auto resource = read_resource(call.request.body, call.target.type);
  if (!resource) return refuse(resource.error());
  return change(
      [&](Versions& versions) {
        return create(versions, call.target.type, (*resource)->root(), call.header_of("If-None-Exist"),
                      call.asked(manners()));
      },
      call.request, call.now);
}

Response Simulator::update_one(const Call& call) {
  const auto resource = read_resource(call.request.body, call.target.type);
  if (!resource) return refuse(resource.error());
  return change(
      [&](Versions& versions) {
        return update(versions, call.target.type, call.target.id, (*resource)->root(), call.header_of("If-Match"),
                      call.header_of("If-None-Match"), settings_.rules, call.asked(manners()));
      },
      call.request, call.now);
}

Response Simulator::remove_one(const Call& call) {
  return change(
      [&](Versions& versions) {
        return remove(versions, call.target.type, call.target.id, call.header_of("If-Match"), call.asked(manners()));
      },
      call.request, call.now);
}

Response Simulator::run_bundle(const Call& call) {
  const auto bundle = read_resource(call.request.body, "Bundle");
  if (!bundle) return refuse(bundle.error());
  const fhir::Node& root = (*bundle)->root();
  const std::string_view type = root.text_of("type");
  // The answer to a Bundle is short unless more is asked for.
  const auto resources =
      mentions(call.header_of("Prefer"), {"return=representation"}) ? Resources::Included : Resources::LeftOut;
  const bool later = manners().respond_async && mentions(call.header_of("Prefer"), {"respond-async"});
  const auto answered = [&](Response response) {
    return later ? jobs_.accept(call.request.base, std::move(response)) : std::move(response);
  };
  if (type == "batch" || (type == "transaction" && manners().transactions_as_batch)) {
    return answered(run_batch(root, call.request.base, resources, manners(), [&](Request one) {
      one.timing = call.request.timing, one.inside = call.request.inside;
      return handle(one, call.now);
    }));
  }
  if (type != "transaction")
    return refuse(400, "not-supported", "Bundle.type: expected transaction or batch", "Bundle.type");
  const auto run = [&](Versions& versions) {
    const auto get = [&](const Request& one) {
      auto target = route(one.path);
      return target ? answer(Call{one, *std::move(target), call.now}, versions) : refuse(target.error());
    };
    return run_transaction(versions, root, settings_.rules, call.asked(manners()), resources, get);
  };
  return answered(change(run, call.request, call.now));
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
  late_.clear();
  lists_.clear();
  return {};
}

std::vector<Versions::TypeCount> Simulator::counts() const {
  const std::shared_lock lock(mutex_);
  return versions_.counts();
}

}  // namespace bhi::sim
