// Goal: whatever a file holds, looking who it is neither crashes nor reads what is not there nor lasts.
// Method: a real plugin, cut at every length, and thousands of times with bytes changed; run under the sanitizers.

#include "plugin/identity.hpp"

#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "unit/plugin/test_plugins.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;

namespace {

plugin::ReadAt reader_of(const std::string& bytes) {
  return [&bytes](std::uint64_t offset, MutableByteSpan into) -> std::size_t {
    if (offset >= bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::memcpy(into.data(), bytes.data() + offset, count);
    return count;
  };
}

/// True: it was read; false: it was refused. Anything else fails the test.
bool reads(const std::string& bytes) {
  static const auto machine = plugin::own_machine();
  try {
    (void)plugin::read_identity(reader_of(bytes), bytes.size(), machine);
    return true;
  } catch (const Error& e) {
    REQUIRE(e.code() == ErrorCode::unsupported);
    REQUIRE(std::strlen(e.what()) > 10);
    return false;
  }
}

std::string plugin_bytes() { return read_whole_file(kPluginFolder + "/" + plugin_file_name("plain-c")); }

/// Changes a field of the ELF header.
template <class Field>
void change_header(std::string& bytes, Field Elf64_Ehdr::* field, Field value) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.*field = value;
  std::memcpy(bytes.data(), &header, sizeof header);
}

}  // namespace

TEST_CASE("identity: a plugin tells who it is", "[plugin]") {
  const std::string bytes = plugin_bytes();
  const auto identity = plugin::read_identity(reader_of(bytes), bytes.size(), plugin::own_machine());
  CHECK(identity.name == "lshost-plain-c");
  CHECK(identity.version == "1.2.3");
  CHECK(identity.types == std::vector<std::string>{"plain-c"});
  CHECK(identity.sdk == "c 1.0");
  CHECK(identity.abi_major == 1);
  CHECK(identity.abi_minor == 0);
}

TEST_CASE("identity: a file cut at any length is refused", "[plugin][torn]") {
  const std::string whole = plugin_bytes();
  REQUIRE(reads(whole));
  for (std::size_t size = whole.size(); size-- > 0;) {
    CAPTURE(size);
    REQUIRE_FALSE(reads(whole.substr(0, size)));  // the section table is the last thing in the file
  }
}

TEST_CASE("identity: a library of another machine is refused by its name", "[plugin]") {
  std::string bytes = plugin_bytes();
  change_header<std::uint16_t>(bytes, &Elf64_Ehdr::e_machine,
                               plugin::own_machine().machine == EM_S390 ? EM_ARM : EM_S390);
  CHECK_THROWS_WITH(plugin::read_identity(reader_of(bytes), bytes.size(), plugin::own_machine()),
                    Contains("it is made for another machine (") && Contains(", this is "));
}

TEST_CASE("identity: a program is no library", "[plugin]") {
  std::string bytes = plugin_bytes();
  change_header<std::uint16_t>(bytes, &Elf64_Ehdr::e_type, ET_EXEC);
  CHECK_THROWS_WITH(plugin::read_identity(reader_of(bytes), bytes.size(), plugin::own_machine()),
                    "it is an ELF file, but no shared library");
}

TEST_CASE("identity: sizes and places that make no sense are refused", "[plugin]") {
  std::string bytes = plugin_bytes();
  SECTION("no section table") { change_header<std::uint64_t>(bytes, &Elf64_Ehdr::e_shoff, 0); }
  SECTION("section table at the end of the address space") {
    change_header<std::uint64_t>(bytes, &Elf64_Ehdr::e_shoff, ~std::uint64_t{0} - 8);
  }
  SECTION("sections of another size") { change_header<std::uint16_t>(bytes, &Elf64_Ehdr::e_shentsize, 1); }
  SECTION("names in a section that is not there") {
    change_header<std::uint16_t>(bytes, &Elf64_Ehdr::e_shstrndx, 0xFEFF);
  }
  SECTION("as many sections as the first one says, which is none") {
    change_header<std::uint16_t>(bytes, &Elf64_Ehdr::e_shnum, 0);
  }
  CHECK_FALSE(reads(bytes));
}

TEST_CASE("identity: changed bytes are read or refused, and nothing else", "[plugin][fuzz]") {
  const std::string whole = plugin_bytes();
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  // Half of the changes hit the header and the section table, where they do most.
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof header);
  const auto pick_place = [&]() -> std::size_t {
    switch (random() % 4) {
      case 0:
        return random() % sizeof header;
      case 1:
        return header.e_shoff + random() % (whole.size() - header.e_shoff);
      default:
        return random() % whole.size();
    }
  };
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (auto changes = random() % 8 + 1; changes > 0; --changes) bytes[pick_place()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    if (!reads(bytes)) ++refused;
  }
  CHECK(refused > 5'000);  // the changes do something
}
