// bhi-ehr-sim: an EHR with a FHIR R4 interface, for tests and demonstrations.
#include "ehr_sim/front.h"
#include "ehr_sim/journal.h"
#include "ehr_sim/notifier.h"
#include "ehr_sim/samples.h"
#include "ehr_sim/server.h"
#include "ehr_sim/simulator.h"

#include <CLI/CLI.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace {

using namespace bhi;
using namespace bhi::sim;

struct Options {
  std::string listen = "127.0.0.1:8181";
  std::string port_file;
  std::vector<std::string> load;
  bool samples = false;
  std::string faults;
  std::string state;
  std::string auth;
  std::string bulk;
  std::uint64_t bulk_generate = 0;
  bool no_update_create = false;
  std::string profile = "open";
  std::string statement;
  Tls tls;
};

Instant now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

// Beside the program when installed, in the sources when built.
std::filesystem::path samples_folder() {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  for (const char* below : {"../share/bhi-adapter/ehr_sim/samples", "../../../tools/ehr_sim/samples"}) {
    const auto folder = program / below;
    if (std::filesystem::is_directory(folder, failed)) return folder;
  }
  return "samples";
}

std::string random_seed() {
  std::random_device device;
  return std::to_string(device()) + "-" + std::to_string(device());
}

Result<void> write_port(const std::string& path, unsigned port) {
  if (path.empty()) return {};
  // Whoever waits for the file never sees half of it.
  const std::string unfinished = path + ".new";
  {
    std::ofstream file(unfinished);
    file << port << '\n';
    if (!file.flush()) return Error{Kind::Fault, path + ": cannot be written"};
  }
  std::error_code failed;
  std::filesystem::rename(unfinished, path, failed);
  if (failed) return Error{Kind::Fault, path + ": " + failed.message()};
  return {};
}

Result<void> read_faults(FaultTable& faults, const std::string& path) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Kind::NotFound, path + ": cannot be read"};
  BHI_TRY(const auto settings, fhir::read_json(std::string(std::istreambuf_iterator<char>(file), {})));
  return faults.add(settings->root());
}

Result<void> read_auth(Authority& authority, const std::string& path) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Kind::NotFound, path + ": cannot be read"};
  BHI_TRY(const auto settings, fhir::read_json(std::string(std::istreambuf_iterator<char>(file), {})));
  return authority.set(settings->root());
}

Result<void> read_bulk(BulkServer& bulk, const Options& options) {
  if (options.bulk_generate > 0) {
    BHI_TRY(const auto size, fhir::read_json("{\"generate_bytes\": " + std::to_string(options.bulk_generate) + "}"));
    BHI_CHECK(bulk.set(size->root()));
  }
  if (options.bulk.empty()) return {};
  std::ifstream file(options.bulk, std::ios::binary);
  if (!file) return Error{Kind::NotFound, options.bulk + ": cannot be read"};
  BHI_TRY(const auto settings, fhir::read_json(std::string(std::istreambuf_iterator<char>(file), {})));
  return bulk.set(settings->root());
}

Result<Profile> read_profile(const Options& options) {
  BHI_TRY(Profile profile, profile_named(options.profile));
  if (options.statement.empty()) return profile;
  std::ifstream file(options.statement, std::ios::binary);
  if (!file) return Error{Kind::NotFound, options.statement + ": cannot be read"};
  BHI_CHECK(take_statement(profile, std::string(std::istreambuf_iterator<char>(file), {})));
  return profile;
}

Result<void> load_all(Simulator& simulator, const Options& options, Journal* journal) {
  for (const std::string& where : options.load) {
    const auto loaded = load_files(simulator, where, Dates::AsWritten, now(), journal);
    if (!loaded) return loaded.error();
  }
  if (options.samples) {
    const auto loaded = load_files(simulator, samples_folder(), Dates::Expanded, now(), journal);
    if (!loaded) return loaded.error();
  }
  return {};
}

Result<void> run(const Options& options, const sigset_t& ending) {
  Settings settings;
  settings.rules.update_creates = !options.no_update_create;
  BHI_TRY(settings.rules.profile, read_profile(options));
  settings.seed = random_seed();
  settings.started = now();
  std::unique_ptr<Journal> journal;
  std::atomic<Subscriptions*> told{nullptr};
  Simulator simulator(settings, [&](std::span<const VersionPtr> versions) -> Result<void> {
    if (journal) BHI_CHECK(journal->append(versions));
    if (auto* listening = told.load()) listening->saw(versions);
    return {};
  });
  if (!options.state.empty()) {
    BHI_TRY(journal, Journal::open(options.state, [&](VersionPtr version) { simulator.restore(std::move(version)); }));
  }
  BHI_CHECK(load_all(simulator, options, journal.get()));

  Pause pause;
  Front front(
      simulator, now, [&](std::chrono::milliseconds time) { pause.wait(time); },
      [&](std::size_t count) { return journal ? journal->forget_after(count) : Result<void>(); });
  front.mark_start();
  front.authority().set_strict(settings.rules.profile.manners.strict_tokens);
  Subscriptions subscriptions(simulator, send_over_loopback);
  front.set_subscriptions(&subscriptions);
  BHI_CHECK(read_faults(front.faults(), options.faults));
  BHI_CHECK(read_auth(front.authority(), options.auth));
  BHI_CHECK(read_bulk(front.bulk(), options));
  BHI_TRY(const auto server, Server::start(options.listen, front, pause, {}, options.tls));
  subscriptions.set_base(server->base());
  told = &subscriptions;
  const Notifier notifier(subscriptions, now);
  BHI_CHECK(write_port(options.port_file, server->port()));
  std::printf("bhi-ehr-sim ready: %s holding %zu resource versions\n", server->base().c_str(),
              simulator.version_count());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&ending, &signal);
  server->stop();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("An EHR with a FHIR R4 interface, for tests and demonstrations. It holds invented persons only.");
  app.set_version_flag("--version", std::string(BHI_VERSION));
  app.add_option("--listen", options.listen, "address:port; port 0 takes a free one")->capture_default_str();
  app.add_option("--port-file", options.port_file, "write the port there when ready");
  app.add_option("--load", options.load, "load a file or a folder of *.json and *.ndjson; may be repeated");
  app.add_flag("--samples", options.samples, "load the sample patients that come with the program");
  app.add_option("--faults", options.faults, "JSON file of faults (see README.md)");
  app.add_option("--auth", options.auth, "JSON file of clients: every FHIR request then needs a token (authority.h)");
  app.add_option("--bulk", options.bulk, "JSON file of switches of Bulk Data $export (bulk_export.h)");
  app.add_option("--bulk-generate", options.bulk_generate, "exports are made on the fly, of about so many bytes");
  app.add_option("--state", options.state, "journal file: what was written survives a restart");
  app.add_option(
         "--profile", options.profile,
         "behave like epic, oracle, athenahealth, eclinicalworks, medplum, medplum-plain (without transactions), hapi, "
         "or open")
      ->capture_default_str();
  app.add_option("--statement", options.statement,
                 "a captured CapabilityStatement (JSON): served as it is, and what it does not declare is refused");
  app.add_option("--tls-cert", options.tls.cert_file, "PEM: serve https with this certificate");
  app.add_option("--tls-key", options.tls.key_file, "PEM: and this key");
  app.add_option("--tls-client-ca", options.tls.client_ca_file,
                 "PEM: let in who has a certificate of these authorities");
  app.add_flag("--no-update-create", options.no_update_create, "PUT to an unknown id is refused");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  // Blocked here, so that every thread inherits it and only sigwait sees them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  if (const auto done = run(options, ending); !done) {
    std::fprintf(stderr, "bhi-ehr-sim: %s\n", done.error().message.c_str());
    return 2;
  }
  return 0;
}
