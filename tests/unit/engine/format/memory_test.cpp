// Goal: an object of any size is sealed and opened in the memory that seal.hpp promises.
// Method: a gigabyte through both, one into the other, in a process of its own; the kernel says what it took at most.

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "support/child.hpp"
#include "unit/engine/format/objects.hpp"

using namespace lshost;
using namespace lshost::engine;
using namespace lshost::test;

namespace {

constexpr std::uint64_t kSize = 1ULL << 30;

/// The most that this process had since its program began. Not getrusage's: that counts what was before exec, too.
std::size_t memory_max() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  FAIL("the kernel does not say how much memory was taken");
  return 0;
}

/// The most memory, in bytes, that is taken on top of what was taken before.
std::size_t memory_of(Compression compression, bool is_encrypted) {
  const auto identities = is_encrypted ? new_identities() : nullptr;
  SealOptions options{.compression = compression, .recipients = {}};
  if (identities) options.recipients.push_back(identities->front().recipient());
  Bytes piece(65536);
  const auto before = memory_max();

  auto info = wal_info(0);
  info.end_offset = info.offset + kSize;
  const auto opening = open_object(seal(std::make_unique<ZeroStream>(kSize), options, info),
                                   {.compression = compression, .identities = identities});
  std::uint64_t size = 0;
  while (const auto got = opening->read(piece)) size += got;
  CHECK(size == kSize);
  return memory_max() - before;
}

}  // namespace

TEST_CASE("child: seals and opens a gigabyte", "[.child]") {
  if (!is_child()) return;
  const auto compression = parse_compression(std::getenv("LSHOST_TEST_COMPRESSION")).value();
  const auto taken = memory_of(compression, /*is_encrypted=*/compression != Compression::lz4);
  std::printf("took %zu KiB\n", taken / 1024);
  CHECK(taken < kSealMemoryMax);
}

TEST_CASE("object: a gigabyte takes no more memory than a megabyte", "[engine][object][memory]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("skipped: a sanitizer keeps what was freed");
#else
  const auto compression = GENERATE(Compression::lz4, Compression::zstd, Compression::none);
  Process process(
      child("child: seals and opens a gigabyte", {{"LSHOST_TEST_COMPRESSION", std::string(to_string(compression))}}));
  const auto status = process.wait();
  INFO(process.out() << process.err());
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK_THAT(process.out(), Catch::Contains("took "));
#endif
}
