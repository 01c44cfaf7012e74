// A daemon in this process: real store and engine in a folder of its own, an EHR made by the test, port 0.
#pragma once

#include "service/assets.h"
#include "service/daemon.h"
#include "service/options.h"
#include "store/sqlite_store.h"
#include "tests/service/support/socket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

namespace bhi::service::test {

// True when `condition` has become true within the time; asks again and again.
inline bool until(const std::function<bool()>& condition, std::chrono::seconds most = std::chrono::seconds(60)) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

// Maps that come with the adapter; a folder each.
inline std::size_t core_maps() {
  const std::filesystem::directory_iterator folders(std::filesystem::path(BHI_SOURCE_DIR) / "mappings/core");
  return static_cast<std::size_t>(std::distance(begin(folders), end(folders)));
}

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() {
    // Never a name made of the process id: ids come again, and a test that was killed leaves its store behind.
    std::string name = (std::filesystem::temp_directory_path() / "bhi-daemon-XXXXXX").string();
    folder = mkdtemp(name.data()) == nullptr ? "" : name;
    apply_defaults(settings);
    settings.instance_id = "test";
    settings.listen.port = settings.management.port = 0;
    settings.store_path = folder / "bhi.db";
    SourceSettings source;
    apply_defaults(source);
    source.name = "main";
    settings.sources.push_back(source);
  }
  ~DaemonTest() override {
    daemon.reset();
    std::filesystem::remove_all(folder);
  }

  static std::shared_ptr<const flow::Engine> engine() {
    static const auto made = [] {
      const auto texts = load_texts(BHI_SOURCE_DIR);
      EXPECT_TRUE(texts.ok());
      auto result = flow::make_engine("test", {}, *texts);
      EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
      return result.ok() ? *result : nullptr;
    }();
    return made;
  }

  void start() {
    DaemonParts parts;
    auto opened = store::open_sqlite(settings.store_path);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    parts.store = wrap ? wrap(*std::move(opened)) : *std::move(opened);
    parts.engine = started_with != nullptr ? started_with : engine();
    parts.maps = maps;
    parts.connect = [this](const SourceSettings&, std::shared_ptr<ehr::Traffic>) -> Result<std::shared_ptr<flow::Ehr>> {
      return ehr;
    };
    parts.now = [] {
      return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    };
    parts.version = "test";
    auto started = Daemon::start(settings, std::move(parts));
    ASSERT_TRUE(started.ok()) << started.error().message;
    daemon = *std::move(started);
  }

  std::string ask(const std::string& method, const std::string& path, const std::string& body = "",
                  const std::string& fields = "") {
    return ask_port(daemon->port(), method, path, body, fields);
  }
  std::string manage(const std::string& path) { return ask_port(daemon->management_port(), "GET", path, "", ""); }
  std::string post_fhir(const std::string& body, const std::string& query = "") {
    return ask("POST", "/fhir" + query, body, "Content-Type: application/fhir+json\r\n");
  }

  static std::string ask_port(std::uint16_t port, const std::string& method, const std::string& path,
                              const std::string& body, const std::string& fields) {
    Socket socket(port);
    socket.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
                (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    return socket.read_all(std::chrono::seconds(60));  // a durable write may wait for a busy disk
  }

  // The care id of the only patient, once there is one.
  std::string patient_id() {
    std::string answer;
    EXPECT_TRUE(until([&] {
      return (answer = ask("GET", "/care/patients")).find("\"kind\":\"Patient\"") != std::string::npos;
    })) << answer;
    const auto at = answer.find("\"id\":\"");
    return at == std::string::npos ? std::string() : answer.substr(at + 6, answer.find('"', at + 6) - at - 6);
  }

  std::filesystem::path folder;
  Settings settings;
  std::shared_ptr<flow::Ehr> ehr;
  std::function<std::unique_ptr<flow::Store>(std::unique_ptr<flow::Store>)> wrap;
  std::shared_ptr<const flow::Engine> started_with;  // none: ours as they are
  MapSource maps;
  std::unique_ptr<Daemon> daemon;
};

}  // namespace bhi::service::test
