// Goal: the store of tests/plugins, which e2e tests run in a real host, is as good a store as the others.

#include <catch2/catch.hpp>

#include "plugins/folder_store.hpp"
#include "support/store_conformance.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace lshost::test;

const StoreKind& kind() {
  static const TempDir root;
  static int places = 0;
  static const StoreKind it{"folder", [] { return ConfigValues{{"path", root / std::to_string(places++)}}; },
                            [](lshost::Context context) { return std::make_unique<folder::Folder>(context); }};
  return it;
}

}  // namespace

LSHOST_STORE_CONFORMANCE("folder", kind())
