#include "service/log.h"

#include "base/instant.h"

#include <spdlog/async.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <memory>

namespace bhi::service {

namespace {

constexpr char kMembersFollow = '\x1e';  // our own lines: the rest is JSON members already
constexpr std::array kRooms = {"service", "ehr", "store"};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return spdlog::level::debug;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warn: return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return "debug";
    case spdlog::level::info: return "info";
    case spdlog::level::warn: return "warn";
    default: return "error";
  }
}

class JsonLines : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto at = std::chrono::time_point_cast<std::chrono::milliseconds>(message.time);
    JsonObject line;
    line.text("at", to_text(Instant(at.time_since_epoch())));
    line.text("level", level_name(message.level));
    line.text("room", std::string_view(message.logger_name.data(), message.logger_name.size()));
    std::string text = line.members();
    const std::string_view payload(message.payload.data(), message.payload.size());
    if (payload.starts_with(kMembersFollow)) {
      text.append(",").append(payload.substr(1));
    } else {
      text.append(",\"text\":").append(quote(payload));
    }
    text = "{" + text + "}\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(); }
};

}  // namespace

void start_log(LogLevel level) {
  spdlog::init_thread_pool(8192, 1);
  for (const char* room : kRooms) {
    spdlog::drop(room);
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::async_logger>(room, std::move(sink), spdlog::thread_pool(),
                                                         spdlog::async_overflow_policy::overrun_oldest);
    logger->set_formatter(std::make_unique<JsonLines>());
    logger->set_level(spdlog_level(level));
    logger->flush_on(spdlog::level::warn);
    spdlog::register_logger(logger);
    if (room == kRooms.front()) spdlog::set_default_logger(logger);
  }
}

void stop_log() { spdlog::shutdown(); }

void log_event(LogLevel level, std::string_view event, const JsonObject& more) {
  const auto logger = spdlog::get("service");
  if (!logger || !logger->should_log(spdlog_level(level))) return;
  std::string text(1, kMembersFollow);
  text += JsonObject().text("event", event).members();
  if (!more.members().empty()) text += "," + more.members();
  logger->log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace bhi::service
