#include "db/origin_keeper.hpp"

#include <catch2/catch.hpp>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "support/fault_fs.hpp"

using namespace lshost;
using namespace lshost::db;
using namespace lshost::test;

namespace {

constexpr const char* kGeneration = "0123456789abcdef";
constexpr FileIdentity kFile{17, 99};

Position at(std::uint64_t index, std::uint64_t offset) { return {kGeneration, index, offset}; }

/// The host of one run.
struct Run {
  explicit Run(FaultFs& fs) : keeper(fs, MetaDir("/r"), catalog) {}
  ShadowCatalog catalog;
  OriginKeeper keeper;
};

}  // namespace

// Goal: whose history it is outlives the host, and a power cut.
// Method: a bridge and the one replica that passed it, then a crash, then the next run.
TEST_CASE("origin keeper: the next run knows the bridges and who passed them", "[db][origin][crash]") {
  FaultFs fs;
  {
    Run run(fs);
    run.keeper.begin(kGeneration, kFile);
    run.keeper.add_bridge(at(5, 4000));
    CHECK(run.keeper.is_ours("passes", at(5, 4000)));
    CHECK(run.keeper.is_ours("passes", at(6, 0)));
    run.keeper.begins_anew("snapshot");
    CHECK_FALSE(run.catalog.take_ahead());
  }
  fs.crash();
  Run next(fs);
  CHECK_FALSE(next.keeper.load(kGeneration, kFile));
  CHECK(next.keeper.is_ours("passes", at(6, 0)));
  CHECK(next.keeper.is_ours("snapshot", at(6, 0)));
  CHECK_FALSE(next.catalog.take_ahead());
  CHECK_FALSE(next.keeper.is_ours("other", at(6, 0)));
  CHECK(next.catalog.take_ahead());
}

TEST_CASE("origin keeper: another file, or one that can not be read, ends the generation", "[db][origin]") {
  FaultFs fs;
  {
    Run run(fs);
    CHECK_FALSE(run.keeper.load(kGeneration, kFile));  // nothing was stored: it is now
  }
  Run next(fs);
  CHECK_FALSE(next.keeper.load(kGeneration, kFile));
  CHECK(next.keeper.load(kGeneration, {kFile.inode, kFile.born_ns + 1}) == NewGeneration::database_replaced);
  CHECK_FALSE(next.keeper.load("fedcba9876543210", {1, 1}));  // of another generation: it says nothing of this one
  constexpr std::string_view kDamaged = "{";
  fs.put("/r/origin", std::as_bytes(std::span(kDamaged)));
  CHECK(next.keeper.load(kGeneration, kFile) == NewGeneration::local_state_damaged);
}

TEST_CASE("origin keeper: what can not be stored is an error, and known all the same", "[db][origin]") {
  FaultFs fs;
  Run run(fs);
  run.keeper.begin(kGeneration, kFile);
  fs.fail_op("origin.store", ErrorCode::no_space);
  CHECK_THROWS_AS(run.keeper.add_bridge(at(5, 4000)), Error);
  CHECK_FALSE(run.keeper.is_ours("other", at(6, 0)));
}
