// The codec of SFTP, without a server: every request as bytes, every reply whole, cut, and made up.

#include "packet.hpp"

#include <catch2/catch.hpp>

#include "sftp/reply_bytes.hpp"

using namespace lshost;
using namespace lshost::sftp;
using namespace lshost::test;

namespace {

std::string text(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string hex(const Packet& packet) {
  std::string out;
  for (const std::byte byte : packet.view()) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    out += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return out;
}

std::vector<Reply> read(const std::string& bytes) {
  PacketReader reader;
  reader.feed(std::as_bytes(std::span(bytes)));
  std::vector<Reply> replies;
  while (auto reply = reader.next()) replies.push_back(std::move(*reply));
  return replies;
}

Reply one(const std::string& bytes) {
  auto replies = read(bytes);
  REQUIRE(replies.size() == 1);
  return replies[0];
}

/// Every reply of this type that is cut short is refused, and never read beyond its end.
template <class Parse>
void check_every_cut(const Reply& whole, Parse&& parse, std::size_t needed) {
  REQUIRE_NOTHROW(parse(whole));
  for (std::size_t size = 0; size < needed; ++size) {
    CAPTURE(size);
    Reply cut = whole;
    cut.body.resize(size);
    cut.body.shrink_to_fit();  // so that a sanitizer sees the end
    CHECK_THROWS_AS(parse(cut), BadReply);
  }
}

}  // namespace

TEST_CASE("packet: requests have the bytes of the protocol", "[sftp][packet]") {
  CHECK(hex(init_packet()) ==
        "00000005"
        "01"
        "00000003");
  CHECK(hex(open_packet(7, "ab", kOpenRead)) ==
        "00000013"
        "03"
        "00000007"
        "000000026162"
        "00000001"
        "00000000");
  CHECK(hex(open_new_packet(7, "ab", 0600)) ==
        "00000017"
        "03"
        "00000007"
        "000000026162"
        "0000002a"
        "00000004"
        "00000180");
  CHECK(hex(read_packet(1, "h", 0x100000002, 5)) ==
        "00000016"
        "05"
        "00000001"
        "0000000168"
        "0000000100000002"
        "00000005");
  const std::string data = "xyz";
  CHECK(hex(write_packet(1, "h", 2, std::as_bytes(std::span(data)))) ==
        "00000019"
        "06"
        "00000001"
        "0000000168"
        "0000000000000002"
        "0000000378797a");
  CHECK(hex(mkdir_packet(1, "d", 0700)) ==
        "00000012"
        "0e"
        "00000001"
        "0000000164"
        "00000004"
        "000001c0");
  CHECK(hex(one_text_packet(PacketType::close, 0xFFFFFFFF, "h")) ==
        "0000000a"
        "04"
        "ffffffff"
        "0000000168");
  CHECK(hex(rename_packet(1, "a", "b")) ==
        "0000000f"
        "12"
        "00000001"
        "0000000161"
        "0000000162");
  CHECK(hex(extended_packet(1, "x@y", "h")) ==
        "00000011"
        "c8"
        "00000001"
        "00000003784079"
        "0000000168");
  CHECK(hex(extended_packet(1, "x@y", "a", "b")) ==
        "00000016"
        "c8"
        "00000001"
        "00000003784079"
        "0000000161"
        "0000000162");
}

TEST_CASE("packet: a write of a whole chunk is not larger than servers have to take", "[sftp][packet]") {
  const Bytes chunk(kChunkSize);
  CHECK(write_packet(1, std::string(kHandleSizeMax, 'h'), 0, chunk).view().size() <= 34000);
}

TEST_CASE("packet: replies are found in the stream, however it is cut", "[sftp][packet]") {
  const std::string stream = status_bytes(1, 0, "ok") + data_bytes(2, "hello") + handle_bytes(3, "h1");
  PacketReader reader;
  std::vector<Reply> replies;
  for (const char& byte : stream) {
    reader.feed(std::as_bytes(std::span(&byte, 1)));
    while (auto reply = reader.next()) replies.push_back(std::move(*reply));
  }
  REQUIRE(replies.size() == 3);
  CHECK(parse_status(replies[0]).is_ok());
  CHECK(text(parse_data(replies[1], 5)) == "hello");
  CHECK(parse_handle(replies[2]) == "h1");
  CHECK(replies[1].id == 2);
  CHECK(read(stream).size() == 3);
}

TEST_CASE("packet: what is no SFTP is refused at its first bytes, and shown", "[sftp][packet]") {
  try {
    (void)read("Welcome to this server\n");
    FAIL("taken");
  } catch (const BadReply& e) {
    CHECK(std::string(e.what()).find("'Welc'; a login script") != std::string::npos);
  }
  CHECK_THROWS_AS(read(be32(kPacketSizeMax + 1)), BadReply);
  CHECK_THROWS_AS(read(be32(0xFFFFFFFF)), BadReply);
  CHECK_THROWS_AS(read(be32(0)), BadReply);
  CHECK_THROWS_AS(read(be32(4) + "eabc"), BadReply);
  CHECK(read(be32(kPacketSizeMax) + "e").empty());  // more may come
  // Types that only clients send, and types that nobody knows.
  for (const unsigned type : {0U, 1U, 3U, 6U, 99U, 106U, 200U, 255U}) {
    CAPTURE(type);
    CHECK_THROWS_AS(read(packet_bytes(type, be32(1))), BadReply);
  }
}

TEST_CASE("packet: a version names what the server can do", "[sftp][packet]") {
  const auto version = [](std::uint32_t number, const std::string& extensions) {
    return one(packet_bytes(2, be32(number) + extensions));
  };
  const std::string all = pair_bytes("posix-rename@openssh.com", "1") + pair_bytes("fsync@openssh.com", "1") +
                          pair_bytes("statvfs@openssh.com", "2") + pair_bytes("other@example.org", "9");
  const Extensions found = parse_version(version(3, all));
  CHECK((found.fsync && found.posix_rename && found.statvfs));
  const Extensions none = parse_version(version(3, ""));
  CHECK_FALSE((none.fsync || none.posix_rename || none.statvfs));
  CHECK_FALSE(parse_version(version(3, pair_bytes("fsync@openssh.com", "2"))).fsync);
  CHECK_THROWS_AS(parse_version(version(2, "")), BadReply);
  CHECK_THROWS_AS(parse_version(version(4, "")), BadReply);
  Reply cut = version(3, pair_bytes("fsync@openssh.com", "1"));
  for (std::size_t size = cut.body.size() - 1; size > 4; --size) {
    cut.body.resize(size);
    CHECK_THROWS_AS(parse_version(cut), BadReply);
  }
}

TEST_CASE("packet: statuses", "[sftp][packet]") {
  const Status status = parse_status(one(status_bytes(9, 4, "Failure")));
  CHECK(status.code == StatusCode::failure);
  CHECK(status.message == "Failure");
  // The words may be missing, and must not reach a terminal as they are.
  CHECK(parse_status(one(packet_bytes(101, be32(9) + be32(2)))).code == StatusCode::no_such_file);
  CHECK(parse_status(one(status_bytes(9, 4, "a\x1b[2Jb\n"))).message == "a?[2Jb?");
  CHECK(parse_status(one(status_bytes(9, 4, std::string(5000, 'x')))).message.size() == 200);
  check_every_cut(one(packet_bytes(101, be32(9) + be32(2))), parse_status, 4);
  CHECK_THROWS_AS(parse_status(one(packet_bytes(101, be32(9) + be32(4) + be32(100) + "short"))), BadReply);
  CHECK_THROWS_AS(parse_status(one(handle_bytes(9, "h"))), BadReply);
}

TEST_CASE("packet: handles", "[sftp][packet]") {
  const std::string odd("\0\1\2\3", 4);
  CHECK(parse_handle(one(handle_bytes(1, odd))) == odd);
  check_every_cut(one(handle_bytes(1, "abc")), parse_handle, 7);
  CHECK_THROWS_AS(parse_handle(one(handle_bytes(1, ""))), BadReply);
  CHECK_NOTHROW(parse_handle(one(handle_bytes(1, std::string(256, 'h')))));
  CHECK_THROWS_AS(parse_handle(one(handle_bytes(1, std::string(257, 'h')))), BadReply);
  CHECK_THROWS_AS(parse_handle(one(status_bytes(1, 0, ""))), BadReply);
}

TEST_CASE("packet: data", "[sftp][packet]") {
  CHECK(text(parse_data(one(data_bytes(1, "abc")), 3)) == "abc");
  CHECK(text(parse_data(one(data_bytes(1, "ab")), 3)) == "ab");
  CHECK_THROWS_AS(parse_data(one(data_bytes(1, "abcd")), 3), BadReply);
  CHECK_THROWS_AS(parse_data(one(data_bytes(1, "")), 3), BadReply);
  check_every_cut(one(data_bytes(1, "abc")), [](const Reply& reply) { return parse_data(reply, 3); }, 7);
  CHECK_THROWS_AS(parse_data(one(packet_bytes(103, be32(1) + be32(0xFFFFFFFF) + "abc")), 3), BadReply);
}

TEST_CASE("packet: attributes, as much of them as there is", "[sftp][packet]") {
  const auto parsed = [](const std::string& body) { return parse_attributes(one(packet_bytes(105, be32(1) + body))); };
  const Attributes none = parsed(be32(0));
  CHECK_FALSE((none.size_bytes || none.permissions || none.modified_s));
  CHECK_FALSE((none.is_folder() || none.is_regular()));
  const std::string everything = be32(0x8000000F) + be64(0x100000000) + be32(1) + be32(2) + be32(0100600) + be32(10) +
                                 be32(20) + be32(1) + pair_bytes("x@y", "z");
  const Attributes all = parsed(everything);
  CHECK(all.size_bytes == 0x100000000);
  CHECK(all.modified_s == 20U);
  CHECK(all.is_regular());
  CHECK(parsed(be32(4) + be32(0040700)).is_folder());
  CHECK_FALSE(parsed(be32(4) + be32(0120777)).is_regular());  // a link
  check_every_cut(one(packet_bytes(105, be32(1) + everything)), parse_attributes, everything.size());
  // A count that would take forever ends where the bytes do.
  CHECK_THROWS_AS(parsed(be32(0x80000000) + be32(0xFFFFFFFF)), BadReply);
}

TEST_CASE("packet: names", "[sftp][packet]") {
  const std::string two = be32(2) + name_bytes("a", 0100600, 5) + name_bytes("b", 0040700, 0);
  const auto parsed = [](const std::string& body) { return parse_names(one(packet_bytes(104, be32(1) + body))); };
  const auto entries = parsed(two);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == "a");
  CHECK(entries[0].attributes.size_bytes == 5U);
  CHECK(entries[1].attributes.is_folder());
  CHECK(parsed(be32(0)).empty());
  check_every_cut(one(packet_bytes(104, be32(1) + two)), parse_names, two.size());
  CHECK_THROWS_AS(parsed(be32(0xFFFFFFFF) + name_bytes("a", 0100600, 5)), BadReply);
  CHECK_THROWS_AS(parsed(be32(1) + name_bytes("", 0100600, 5)), BadReply);
  CHECK_THROWS_AS(parsed(be32(1) + name_bytes(std::string("a\0b", 3), 0100600, 5)), BadReply);
}

TEST_CASE("packet: space on a file system, and when it is full", "[sftp][packet]") {
  const auto space = [](std::uint64_t available, std::uint64_t files, std::uint64_t files_available,
                        std::uint64_t flags) {
    return be64(4096) + be64(4096) + be64(1000) + be64(available) + be64(available) + be64(files) +
           be64(files_available) + be64(files_available) + be64(1) + be64(flags) + be64(255);
  };
  const auto parsed = [](const std::string& body) { return parse_space(one(packet_bytes(201, be32(1) + body))); };
  CHECK_FALSE(parsed(space(100, 10, 5, 0)).is_full());
  CHECK(parsed(space(0, 10, 5, 0)).is_full());
  CHECK(parsed(space(7, 10, 5, 0)).is_full());  // less than a chunk
  CHECK_FALSE(parsed(space(8, 10, 5, 0)).is_full());
  CHECK(parsed(space(100, 10, 0, 0)).is_full());       // no inodes
  CHECK_FALSE(parsed(space(100, 0, 0, 0)).is_full());  // a file system that does not count them
  CHECK_FALSE(parsed(space(100, 10, 5, 2)).is_read_only);
  CHECK(parsed(space(100, 10, 5, 1)).is_read_only);
  check_every_cut(one(packet_bytes(201, be32(1) + space(1, 1, 1, 1))), parse_space, 80);
}
