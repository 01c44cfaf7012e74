// An export from beginning to end: the simulator over loopback, a real store, and a clock that jumps to the next step.
#pragma once

#include "ehr/fhir_ehr.h"
#include "ehr_sim/front.h"
#include "ehr_sim/server.h"
#include "ehr_sim/simulator.h"
#include "fhir/json.h"
#include "flow/bulk.h"
#include "store/sqlite_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bhi::test {

struct BulkBed {
  explicit BulkBed(const std::string& switches = "{}", std::vector<std::string> file_origins = {})
      : simulator({.rules = {}, .seed = "test", .started = clock}),
        front(
            simulator, [this] { return clock; }, [](std::chrono::milliseconds) {}) {
    std::string name = (std::filesystem::temp_directory_path() / "bhi-bulk-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    set(switches);
    server = *sim::Server::start("127.0.0.1:0", front, pause);
    connect(std::move(file_origins));
    reopen();
    settings.source = "main";
    settings.level = flow::BulkLevel::System;
    settings.types = {"Patient", "Observation"};
    settings.interval = std::chrono::seconds(3600);
  }
  ~BulkBed() {
    server->stop();
    store.reset();
    std::filesystem::remove_all(folder);
  }

  void connect(std::vector<std::string> file_origins = {}, std::string token = {}) {
    ehr::EhrSettings wanted;
    wanted.name = "main";
    wanted.version = "test";
    wanted.http.base_url = server->base();
    wanted.http.file_origins = std::move(file_origins);
    if (!token.empty()) wanted.token = [token]() -> Result<std::string> { return token; };
    ehr = *ehr::connect(wanted);
  }
  void set(const std::string& switches) {
    const auto set = front.bulk().set((*fhir::read_json(switches))->root());
    EXPECT_TRUE(set.ok()) << (set.ok() ? "" : set.error().message);
  }
  void faults(const std::string& text) { EXPECT_TRUE(front.faults().add((*fhir::read_json(text))->root()).ok()); }
  void load(const std::string& resource) {
    const auto loaded = simulator.load((*fhir::read_json(resource))->root(), clock);
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
  }
  void patient(const std::string& id) {
    load(R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":"X"}]})");
  }
  void observation(const std::string& id, const std::string& patient, const std::string& more = "") {
    load(R"({"resourceType":"Observation","id":")" + id +
         R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + patient + "\"}" + more + "}");
  }
  void group(const std::vector<std::string>& patients) {
    std::string members;
    for (const std::string& one : patients) {
      members += (members.empty() ? "" : ",") + (R"({"entity":{"reference":"Patient/)" + one + "\"}}");
    }
    load(R"({"resourceType":"Group","id":"team","type":"person","actual":true,"member":[)" + members + "]}");
  }

  void reopen() {  // as after a kill
    store.reset();
    auto opened = store::open_sqlite((folder / "bhi.db").string(), {});
    EXPECT_TRUE(opened.ok());
    store = *std::move(opened);
  }

  flow::BulkWorld world() {
    return {*store, *ehr, *ehr->bulk(), [this] { return clock; }, [this] { return stopping; }, {}};
  }
  flow::BulkRun open() { return *flow::BulkRun::open(*store, settings); }

  // One step at its time; the store is asked to go on from what is durable when `killed` says so.
  flow::BulkNews step(flow::BulkRun& run) {
    clock = std::max(clock, run.job().not_before);
    auto news = run.advance(world());
    EXPECT_TRUE(news.ok()) << (news.ok() ? "" : news.error().message);
    if (!news->problem.empty()) problems.push_back(news->problem);
    return *news;
  }
  // Until an export has ended, or `most` steps.
  flow::BulkNews run_to_end(flow::BulkRun& run, int most = 200) {
    flow::BulkNews news;
    for (int i = 0; i < most; ++i) {
      news = step(run);
      if (news.ended || news.refused) return news;
    }
    ADD_FAILURE() << "no end after " << most << " steps; phase " << flow::name(run.job().phase) << ", "
                  << run.job().problem;
    return news;
  }

  bool have(const std::string& type, const std::string& id) {
    const auto found = store->resource("main", type, id);
    return found.ok() && *found && !(*found)->body.empty();
  }
  std::size_t pending() { return store->counts(clock)->inbox_pending; }
  std::vector<flow::Store::InboxRow> quarantined() { return *store->inbox(flow::InboxState::Quarantined, 1000); }
  std::uint64_t told(const std::string& name) {
    const auto shown = fhir::read_json(front.bulk().show().body);
    const auto* node = (*shown)->root().find(name);
    return node == nullptr ? 0 : std::stoull(std::string(node->text()));
  }
  std::string last_kick_off() {
    const auto shown = fhir::read_json(front.bulk().show().body);
    return std::string((*shown)->root().text_of("last_kick_off"));
  }

  Instant clock = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  bool stopping = false;
  std::vector<std::string> problems;
  std::filesystem::path folder;
  sim::Simulator simulator;
  sim::Front front;
  sim::Pause pause;
  std::unique_ptr<sim::Server> server;
  std::unique_ptr<flow::Ehr> ehr;
  std::unique_ptr<flow::Store> store;
  flow::BulkSettings settings;
};

}  // namespace bhi::test
