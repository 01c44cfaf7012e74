// What the service manager is told (sd_notify); nothing happens when there is none.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace bhi::service {

void notify_ready();
void notify_stopping();
void notify_status(const std::string& text);
void notify_alive();

// How often notify_alive() is expected; empty when nobody watches.
std::optional<std::chrono::milliseconds> watchdog_period();

}  // namespace bhi::service
