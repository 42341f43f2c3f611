#include "engine/format/object_name.hpp"

#include <catch2/catch.hpp>

using namespace lshost;
using namespace lshost::engine;

namespace {

const std::string kGeneration = "5f3c9a1e77b20d48";

ObjectName wal_name(std::uint64_t index, std::uint64_t offset, Compression compression = Compression::lz4) {
  return {kGeneration, ObjectKind::wal, index, offset, compression};
}

ObjectName snapshot_name(std::uint64_t index, Compression compression = Compression::lz4) {
  return {kGeneration, ObjectKind::snapshot, index, 0, compression};
}

}  // namespace

TEST_CASE("object names: keys are Litestream's, to the letter", "[engine][name]") {
  CHECK(key_of(snapshot_name(0x2a)) == "generations/5f3c9a1e77b20d48/snapshots/0000002a.snapshot.lz4");
  CHECK(key_of(wal_name(0x2a, 0x1020)) == "generations/5f3c9a1e77b20d48/wal/0000002a_00001020.wal.lz4");
  CHECK(key_of(wal_name(1, 32, Compression::zstd)) == "generations/5f3c9a1e77b20d48/wal/00000001_00000020.wal.zst");
  CHECK(key_of(snapshot_name(1, Compression::none)) == "generations/5f3c9a1e77b20d48/snapshots/00000001.snapshot");
  CHECK(generations_prefix() == "generations/");
  CHECK(generation_prefix(kGeneration) == "generations/5f3c9a1e77b20d48/");
  CHECK(snapshots_prefix(kGeneration) == "generations/5f3c9a1e77b20d48/snapshots/");
  CHECK(wal_prefix(kGeneration) == "generations/5f3c9a1e77b20d48/wal/");
}

TEST_CASE("object names: what was written is read again, beyond 4 GiB too", "[engine][name]") {
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  for (const std::uint64_t number : {0ULL, 1ULL, 0xffffffffULL, 0x100000000ULL, 0xfedcba9876543210ULL, ~0ULL}) {
    CAPTURE(number);
    CHECK(parse_key(key_of(wal_name(number, 0, compression))) == wal_name(number, 0, compression));
    CHECK(parse_key(key_of(wal_name(0, number, compression))) == wal_name(0, number, compression));
    CHECK(parse_key(key_of(snapshot_name(number, compression))) == snapshot_name(number, compression));
  }
}

TEST_CASE("object names: numbers of 8 to 16 digits are read, whoever wrote them", "[engine][name]") {
  const auto wal = wal_prefix(kGeneration);
  CHECK(parse_key(wal + "000000000000002a_0000000000001020.wal.lz4") == wal_name(0x2a, 0x1020));
  CHECK(parse_key(wal + "00000002a_00001020.wal") == wal_name(0x2a, 0x1020, Compression::none));
}

TEST_CASE("object names: the order of keys of 8 digits is the order of positions", "[engine][name]") {
  const std::vector<ObjectName> names = {wal_name(0, 0),  wal_name(0, 32), wal_name(0, 0x1000),
                                         wal_name(9, 99), wal_name(10, 0), wal_name(0xffffffff, 0xffffffff)};
  for (std::size_t i = 1; i < names.size(); ++i) {
    CHECK(names[i - 1] < names[i]);
    CHECK(key_of(names[i - 1]) < key_of(names[i]));
  }
}

TEST_CASE("object names: anything else is foreign", "[engine][name]") {
  const auto key = GENERATE(
      as<std::string>{},  //
      "", "/", "generations", "generations/", "generations/5f3c9a1e77b20d48", "generations/5f3c9a1e77b20d48/",
      "generations/5f3c9a1e77b20d48/wal/", "generations/5f3c9a1e77b20d48/wal",
      "generations/5f3c9a1e77b20d48/snapshots/", "/generations/5f3c9a1e77b20d48/wal/00000000_00000000.wal.lz4",
      "x/generations/5f3c9a1e77b20d48/wal/00000000_00000000.wal.lz4", "generations/../wal/00000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/../wal/00000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/../00000000_00000000.wal.lz4",
      "generations/5F3C9A1E77B20D48/wal/00000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d4/wal/00000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d480/wal/00000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d4g/wal/00000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/0000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/00000000_0000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/0000000000000000a_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/0000000A_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/00000000-00000000.wal.lz4", "generations/5f3c9a1e77b20d48/wal/00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/00000000_00000000.wal.lz4.tmp",
      "generations/5f3c9a1e77b20d48/wal/00000000_00000000.wal.lz4 ",
      "generations/5f3c9a1e77b20d48/wal/00000000_00000000.wal.gz",
      "generations/5f3c9a1e77b20d48/wal/00000000_00000000.wal.", "generations/5f3c9a1e77b20d48/wal/00000000_00000000",
      "generations/5f3c9a1e77b20d48/wal/ 0000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/0x000000_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/-0000001_00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/wal/00000000.snapshot.lz4",
      "generations/5f3c9a1e77b20d48/snapshots/00000000_00000000.snapshot.lz4",
      "generations/5f3c9a1e77b20d48/snapshots/00000000.snapshot.lz4/",
      "generations/5f3c9a1e77b20d48/snapshots/00000000.snapshot.lz4/x",
      "generations/5f3c9a1e77b20d48/snapshots//00000000.snapshot.lz4",
      "generations/5f3c9a1e77b20d48/snapshots/00000000.wal.lz4",
      "generations/5f3c9a1e77b20d48/ltx/0000/0000000000000001-0000000000000002.ltx");
  CAPTURE(key);
  CHECK_FALSE(parse_key(key).has_value());
  CHECK_FALSE(parse_key(key + std::string(1, '\0')).has_value());
}

TEST_CASE("object names: any change of one character is another name or foreign, never a crash", "[engine][name]") {
  const auto good = key_of(wal_name(0x2a, 0x1020));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto key = good;
      key[at] = static_cast<char>(value);
      const auto name = parse_key(key);
      if (name) REQUIRE(key_of(*name) == key);
    }
    const auto cut = parse_key(good.substr(0, at));
    REQUIRE((!cut || cut->compression == Compression::none));  // "...wal.lz4" without ".lz4" is a name, too
  }
}

TEST_CASE("object names: a generation is found in every key below it", "[engine][name]") {
  CHECK(generation_of_key("generations/5f3c9a1e77b20d48/") == kGeneration);
  CHECK(generation_of_key("generations/5f3c9a1e77b20d48/odd.tmp") == kGeneration);
  CHECK(generation_of_key(key_of(wal_name(0, 0))) == kGeneration);
  CHECK(generation_of_key("generations/5f3c9a1e77b20d48").empty());
  CHECK(generation_of_key("generations/odd/").empty());
  CHECK(generation_of_key("generations/../5f3c9a1e77b20d48/").empty());
  CHECK(generation_of_key("").empty());
}

TEST_CASE("compression: words of the configuration are read and written", "[engine][name]") {
  for (const auto compression : {Compression::lz4, Compression::zstd, Compression::none})
    CHECK(parse_compression(to_string(compression)) == compression);
  for (const auto* word : {"", "LZ4", "gzip", "lz4 "}) CHECK_FALSE(parse_compression(word).has_value());
}
