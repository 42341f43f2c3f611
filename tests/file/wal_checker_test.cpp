#include "wal_checker.hpp"

#include <catch2/catch.hpp>

#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::file;
using lshost::test::Bytes;

namespace {

const std::vector<std::string> kStatements = {"CREATE TABLE t(x)", "INSERT INTO t VALUES(randomblob(9000))",
                                              "INSERT INTO t VALUES(1)"};

/// The ends of the transactions of a good WAL.
std::vector<std::uint64_t> commit_ends(const Bytes& wal) {
  std::vector<std::uint64_t> ends;
  for (std::uint64_t i = 0; i < test::frame_count(wal); ++i) {
    const auto page_size = wal::parse_header(wal)->page_size;
    if (wal::parse_frame_header(test::frame_at(wal, i).data()).is_commit())
      ends.push_back(wal::frames_end(i + 1, page_size));
  }
  return ends;
}

std::uint64_t last_end_below(const std::vector<std::uint64_t>& ends, std::uint64_t size) {
  std::uint64_t last = 0;
  for (const auto end : ends) {
    if (end <= size) last = end;
  }
  return last;
}

}  // namespace

TEST_CASE("wal checker: a log fed in pieces of any size is good to its end", "[file][wal]") {
  const auto page_size = GENERATE(512u, 4096u, 65536u);
  const Bytes wal = test::real_wal(kStatements, page_size);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{31}, std::size_t{4096}, std::size_t{100'000}, wal.size()}) {
    CAPTURE(page_size, piece);
    WalChecker checker;
    for (std::size_t at = 0; at < wal.size(); at += piece) {
      REQUIRE(checker.feed(std::span(wal).subspan(at, std::min(piece, wal.size() - at))));
    }
    CHECK(checker.committed_end() == wal.size());
    CHECK(checker.header()->page_size == page_size);
  }
}

// Goal: a cut log counts up to its last whole transaction. Method: cut it at every byte.
TEST_CASE("wal checker: a log cut at any byte is good to its last whole transaction", "[file][wal][torn]") {
  const Bytes wal = test::real_wal(kStatements, 512);
  const auto ends = commit_ends(wal);
  REQUIRE(ends.size() == 3);
  for (std::size_t size = 0; size <= wal.size(); ++size) {
    CAPTURE(size);
    WalChecker checker;
    REQUIRE(checker.feed(std::span(wal).first(size)));
    REQUIRE(checker.committed_end() == last_end_below(ends, size));
  }
}

TEST_CASE("wal checker: a changed byte ends it before the transaction with that byte", "[file][wal][torn]") {
  const Bytes wal = test::real_wal(kStatements, 512);
  const auto ends = commit_ends(wal);
  for (std::size_t at = 0; at < wal.size(); ++at) {
    CAPTURE(at);
    Bytes damaged = wal;
    damaged[at] ^= std::byte{0x40};
    WalChecker checker;
    REQUIRE_FALSE(checker.feed(damaged));
    REQUIRE_FALSE(checker.feed(wal));  // for ever
    REQUIRE(checker.committed_end() == last_end_below(ends, at));
  }
}

TEST_CASE("wal checker: goes on behind the last commit, forgetting an unfinished transaction", "[file][wal]") {
  const Bytes wal = test::with_big_endian_checksums(test::real_wal(kStatements, 512));
  const auto ends = commit_ends(wal);
  for (std::size_t size = 0; size <= wal.size(); size += 97) {
    CAPTURE(size);
    WalChecker first;
    REQUIRE(first.feed(std::span(wal).first(size)));
    WalChecker second = first.at_committed_end();
    REQUIRE(second.committed_end() == first.committed_end());
    REQUIRE(second.feed(std::span(wal).subspan(second.committed_end())));
    REQUIRE(second.committed_end() == ends.back());
  }
}

TEST_CASE("wal checker: frames of an earlier life of the log are not its continuation", "[file][wal]") {
  Bytes wal = test::real_wal(kStatements, 512);
  const Bytes other = test::real_wal(kStatements, 512);
  WalChecker checker;
  REQUIRE(checker.feed(wal));
  CHECK_FALSE(checker.feed(test::frame_at(other, 0)));
  CHECK(checker.committed_end() == wal.size());
}
