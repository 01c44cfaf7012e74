#include "tests/flow/support/temp_store.h"

#include "store/sqlite_store.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace bhi::test {

TempStore::TempStore() {
  std::string name = (std::filesystem::temp_directory_path() / "bhi-flow-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
  reopen();
}

TempStore::~TempStore() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TempStore::reopen() {
  store_.reset();
  auto opened = store::open_sqlite((folder_ / "store.db").string());
  if (!opened.ok()) throw std::runtime_error(opened.error().message);
  store_ = *std::move(opened);
}

}  // namespace bhi::test
