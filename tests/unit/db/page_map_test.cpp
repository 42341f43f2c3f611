// The page map's files: what was written is read, and nothing else is believed.

#include "db/page_map_file.hpp"

#include <catch2/catch.hpp>
#include <span>

#include "db/live_link.hpp"
#include "db/origin.hpp"
#include "db/page_changes.hpp"

using namespace lshost;
using namespace lshost::db;

namespace {

ByteSpan bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

constexpr const char* kGeneration = "0123456789abcdef";

PageMap three_pages() {
  PageMap map(512);
  for (std::uint32_t page = 1; page <= 3; ++page) map.set(page, page * 11);
  return map;
}

PageMapHead head_of_three() { return {kGeneration, 512, 7, 8, 1088}; }

}  // namespace

TEST_CASE("page map: a base is read as it was written, and refused with any bit changed", "[db][pages]") {
  const auto [base, checksum] = encode_base(head_of_three(), three_pages());
  const auto read = parse_base(bytes_of(base));
  REQUIRE(read);
  CHECK(read->head == head_of_three());
  CHECK(read->map.hashes() == three_pages().hashes());
  CHECK(read->checksum == checksum);
  for (std::size_t at = 0; at < base.size(); ++at) {
    std::string damaged = base;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    CHECK_FALSE(parse_base(bytes_of(damaged)));
    CHECK_FALSE(parse_base(bytes_of(base).first(at)));
  }
  CHECK_FALSE(parse_base(bytes_of(base + "x")));
}

TEST_CASE("page map: the log of a base is applied up to a torn record, and only to its base", "[db][pages]") {
  const auto [bytes, checksum] = encode_base(head_of_three(), three_pages());
  const auto base = parse_base(bytes_of(bytes));
  const std::string first = encode_record(7, {{{2, 222}, {5, 555}}, 5});
  const std::string nothing = encode_record(8, {});
  const std::string last = encode_record(9, {{{1, 111}}, 2});
  const std::string log = encode_log_head(checksum) + first + nothing + last;

  PageMap map = base->map;
  std::uint64_t good = 0;
  CHECK(apply_log(bytes_of(log), *base, map, good) == 10);
  CHECK(good == log.size());
  CHECK(map.hashes() == std::vector<PageHash>{111, 222});

  for (std::size_t cut = kPageLogHeadSize; cut < log.size(); ++cut) {
    PageMap partly = base->map;
    const std::size_t whole = cut < kPageLogHeadSize + first.size()                    ? 0
                              : cut < kPageLogHeadSize + first.size() + nothing.size() ? 1
                                                                                       : 2;
    CHECK(apply_log(bytes_of(log).first(cut), *base, partly, good) == 7 + whole);
    CHECK(good <= cut);
    CHECK(partly.size_pages() == (whole == 0 ? 3 : 5));
  }
  PageMap other = base->map;
  CHECK_FALSE(apply_log(bytes_of(encode_log_head(checksum + 1) + first), *base, other, good));
  CHECK_FALSE(apply_log(bytes_of(encode_log_head(checksum) + nothing), *base, other, good));
  CHECK_FALSE(apply_log(bytes_of(log).first(kPageLogHeadSize - 1), *base, other, good));
}

TEST_CASE("page map: unknown pages and those of another content are not held", "[db][pages]") {
  PageMap map = three_pages();
  CHECK(map.holds(3, 33));
  CHECK_FALSE(map.holds(3, 34));
  CHECK_FALSE(map.holds(4, 0x1));
  map.resize(5);
  CHECK_FALSE(map.holds(5, hash_page({})));
  map.resize(2);
  map.resize(3);
  CHECK_FALSE(map.holds(3, 33));
  CHECK(lock_page(4096) == 262145);
}

TEST_CASE("live link: is read as it was written, and refused with any byte changed", "[db][bridge]") {
  const LiveLink link{{4294967295u, 7}, -12345};
  const std::string text = encode_live_link(link);
  CHECK(parse_live_link(text) == link);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] ^= 1;
    CHECK_FALSE(parse_live_link(damaged));
    CHECK_FALSE(parse_live_link(text.substr(0, at)));
  }
}

TEST_CASE("origin: a replica from behind a bridge that it never passed is of another history", "[db][bridge]") {
  const auto at = [](std::uint64_t index, std::uint64_t offset) { return Position{kGeneration, index, offset}; };
  Origin origin(kGeneration, {17, 99});
  CHECK(origin.is_ours("a", at(50, 0)));  // no bridge: the log proves it
  CHECK_FALSE(origin.confirm("a"));
  origin.add_bridge(at(5, 4000));
  CHECK(origin.is_ours("a", at(5, 4000)));
  CHECK_FALSE(origin.is_ours("a", at(5, 4001)));
  CHECK_FALSE(origin.is_ours("a", at(6, 0)));
  CHECK(origin.is_ours("a", {"fedcba9876543210", 9, 0}));  // another generation is another matter
  CHECK(origin.confirm("a"));
  CHECK(origin.is_ours("a", at(6, 0)));
  CHECK_FALSE(origin.is_ours("b", at(6, 0)));

  origin.add_bridge(at(9, 800));
  CHECK(origin.is_ours("a", at(9, 800)));
  CHECK_FALSE(origin.is_ours("a", at(10, 0)));
  CHECK_FALSE(origin.is_ours("b", at(6, 0)));  // it has to show itself at the first one that it did not pass

  const auto read = Origin::parse(origin.encode());
  REQUIRE(read);
  CHECK(read->file() == FileIdentity{17, 99});
  CHECK(read->generation() == kGeneration);
  CHECK(read->is_ours("a", at(9, 800)));
  CHECK_FALSE(read->is_ours("a", at(10, 0)));
  CHECK_FALSE(read->is_ours("b", at(6, 0)));
  CHECK_FALSE(Origin::parse("{}"));
  CHECK_FALSE(Origin::parse(origin.encode().substr(0, 40)));
  CHECK_FALSE(
      Origin::parse(R"({"generation":"0123456789abcdef","inode":1,"born_ns":2,"bridges":[],"passed":{"a":1}})"));
}
