#include "service/drop_watch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::service {

std::vector<DropEntry> DropWatch::due(const std::vector<DropEntry>& there, Time now) {
  std::map<std::string, Seen> seen;
  std::vector<DropEntry> due;
  for (const auto& entry : there) {
    const auto before = seen_.find(entry.name);
    const bool same = before != seen_.end() && before->second.state == entry.state;
    const auto& known = seen[entry.name] = same ? before->second : Seen{entry.state, now, {}};
    if (same && now - known.since >= settle_ && now >= known.rests_until) due.push_back(entry);
  }
  seen_ = std::move(seen);
  std::ranges::sort(due, {},
                    [](const DropEntry& entry) { return std::pair(entry.modified, std::string_view(entry.name)); });
  return due;
}

void DropWatch::rest(const std::string& name, Time until) {
  const auto known = seen_.find(name);
  if (known != seen_.end()) known->second.rests_until = until;
}

bool DropWatch::any_rests(Time now) const {
  return std::ranges::any_of(seen_, [now](const auto& file) { return file.second.rests_until > now; });
}

bool DropWatch::on_its_way(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kEndings = {".part",       ".tmp", ".filepart",
                                                               ".crdownload", ".swp", "~"};
  return name.starts_with('.') ||
         std::ranges::any_of(kEndings, [name](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace bhi::service
