#pragma once
// What has to be true in the end wherever no new generation was allowed.

#include "support/world.hpp"

namespace lshost::test {

/// Stops the host, and checks that the world's replica has all of its database in one generation with one snapshot.
/// REQUIRES: nobody has the database open.
void check_one_complete_generation(const World& world, Host& host);

}  // namespace lshost::test
