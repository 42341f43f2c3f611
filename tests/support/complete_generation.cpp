#include "support/complete_generation.hpp"

#include <catch2/catch.hpp>

namespace lshost::test {

void check_one_complete_generation(const World& world, Host& host) {
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(restored_ledger(world.replica()).commit == newest_commit(world.db()));
  CHECK(generations_of(world.replica()).size() == 1);
  CHECK(files_of(world.replica(), ".snapshot").size() == 1);
}

}  // namespace lshost::test
