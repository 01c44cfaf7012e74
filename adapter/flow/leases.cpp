#include "flow/leases.h"

#include <algorithm>
#include <map>
#include <set>

namespace bhi::flow {

namespace {

// FNV-1a, 64 bit: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

// The low bits of the hash of short texts that differ in their end only are alike; the high ones are not.
std::uint64_t mixed(std::uint64_t hash) {
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ hash >> 33;
}

}  // namespace

int partition_of(std::string_view key) { return static_cast<int>(mixed(hash_of(key)) % kPartitions); }

std::string outbox_key(std::string_view destination, std::string_view patient) {
  return std::string(destination) + '|' + std::string(patient);
}

std::string lease_of_partition(int partition) {
  return (partition < 10 ? "lane/0" : "lane/") + std::to_string(partition);
}

Share share(std::span<const std::string> names, std::span<const LeaseRow> rows, std::span<const std::string> members,
            std::string_view me) {
  std::set<std::string_view> alive(members.begin(), members.end());
  alive.insert(me);
  const auto rank = static_cast<std::size_t>(std::distance(alive.begin(), alive.find(me)));
  const std::size_t aim = names.size() / alive.size() + (rank < names.size() % alive.size() ? 1 : 0);
  std::map<std::string_view, const LeaseRow*> by_name;
  for (const LeaseRow& row : rows) by_name[row.name] = &row;
  std::vector<std::string> mine, free;
  for (const std::string& name : names) {
    const auto row = by_name.find(name);
    if (row != by_name.end() && row->second->holder == me) {
      mine.push_back(name);
    } else if (row == by_name.end() || row->second->free()) {
      free.push_back(name);
    }
  }
  Share share;
  if (mine.size() > aim) share.give.assign(mine.begin() + static_cast<std::ptrdiff_t>(aim), mine.end());
  if (mine.size() >= aim || free.empty()) return share;
  // Each begins somewhere else, so that two who come at one time ask for different ones.
  const std::size_t start = hash_of(me) % free.size();
  std::rotate(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(start), free.end());
  free.resize(std::min(free.size(), aim - mine.size()));
  share.take = std::move(free);
  return share;
}

}  // namespace bhi::flow
