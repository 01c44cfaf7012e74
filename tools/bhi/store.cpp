// bhi store: look at the daemon's store, copy it while it is in use, put a copy in its place, seal it.
#include "bhi/commands.h"
#include "service/store_keys.h"
#include "store/backup.h"
#include "store/compact.h"
#include "store/open_store.h"
#include "store/postgres/move.h"
#include "store/rekey.h"

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace bhi::tools {

namespace {

int failed(const Error& error) {
  std::cerr << "bhi: " << error.message << "\n";
  return error.kind == Kind::Fault ? 1 : 2;
}

void print(const store::StoreReport& report) {
  std::cout << "  schema version   " << report.schema_version << "\n  audit trail      " << report.audit_rows
            << " rows, unbroken\n";
  if (!report.audit_last_hash.empty()) {
    std::cout << "  its last hash    " << report.audit_last_hash << "\n"
              << "                   (keep it elsewhere: it proves later that nobody wrote the trail anew)\n";
  }
}

void print(const store::CopyReport& report, const std::string& to) {
  std::cout << to << ": " << report.bytes << " bytes, every page, key and link of the audit trail read once more\n";
  print(report.store);
}

}  // namespace

int run_store_check(const std::string& path) {
  const auto report = store::verify_store(path);
  if (!report) return failed(report.error());
  std::cout << path << ": sound\n";
  print(*report);
  if (report->bytes == 0) return 0;  // PostgreSQL looks after its own room
  std::cout << "  size             " << report->bytes << " bytes, " << report->free_bytes << " of them free; "
            << (report->gives_back ? "the daemon gives room back by and by\n" : "bhi store compact gives room back\n");
  return 0;
}

int run_store_compact(const std::string& path) {
  const auto here = store::only_on_sqlite(path, "compact", "its autovacuum does so (adapter/store/README.md)");
  if (!here) return failed(here.error());
  const auto report = store::compact_sqlite(path);
  if (!report) return failed(report.error());
  std::cout << path << ": " << report->before << " bytes before, " << report->after
            << " now; every page, key and link of the audit trail read once more\n";
  return 0;
}

int run_store_backup(const std::string& path, const std::string& to) {
  const auto here = store::only_on_sqlite(path, "backup", "use pg_dump or base backups (adapter/store/README.md)");
  if (!here) return failed(here.error());
  const auto report = store::backup_sqlite(path, to);
  if (!report) return failed(report.error());
  print(*report, to);
  return 0;
}

int run_store_rekey(const std::string& path, const std::vector<std::string>& key_files, bool plain) {
  const auto keys = service::read_store_keys(key_files);
  if (!keys) return failed(keys.error());
  const auto report = store::rekey_store(path, *keys, plain);
  if (!report) return failed(report.error());
  std::cout << path << ": " << report->changed << " texts written anew, " << report->fitting << " were as wished\n"
            << (plain ? std::string("  nothing is sealed any more\n")
                      : "  sealed under key " + store::key_id_of(keys->front()) +
                            "; older backups still need the keys of their time\n");
  return 0;
}

int run_store_migrate(const std::string& path, const std::string& to) {
  const auto report = store::move_to_postgres(path, to);
  if (!report) return failed(report.error());
  if (report->was_there) {
    std::cout << "it is there already: an earlier attempt had succeeded\n";
  } else {
    std::cout << "moved, counted on both sides:\n";
    for (const auto& table : report->tables) std::cout << "  " << table.name << ": " << table.rows << " rows\n";
  }
  std::cout << "  audit trail: " << report->audit_rows << " rows, unbroken, " << report->audit_last_hash << "\n"
            << path << " is marked and not opened again; set store.path to the new address (and the same key_files)\n";
  return 0;
}

int run_store_restore(const std::string& from, const std::string& path) {
  const auto here = store::only_on_sqlite(path, "restore", "use pg_restore or a base backup (adapter/store/README.md)");
  if (!here) return failed(here.error());
  const auto now = std::chrono::time_point_cast<Instant::duration>(std::chrono::system_clock::now());
  const auto report = store::restore_sqlite(from, path, now);
  if (!report) return failed(report.error());
  print(*report, path);
  std::cout << "  deliveries       " << report->looked_up
            << " were on their way; each is looked up at its EHR before it is sent\n"
            << "What came in after the backup comes again: EHRs are polled from where the backup stood. What people "
               "entered at\n"
            << "the BHI side after it is not here.\n";
  return 0;
}

}  // namespace bhi::tools
