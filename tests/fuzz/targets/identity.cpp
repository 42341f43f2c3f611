// A file that lies in the plugin folder: its identity, and the symbols that it exports.
//
// Input: the file.
// Holds: nothing outside of the file is read and little of it; what is said of it comes from its section.

#include "plugin/identity.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "check/elf_symbols.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace plugin;

/// Of tests' machine, whatever it is; and 32 bits if the file has them.
ElfMachine machine_for(ByteSpan file) {
  const bool is_32 = file.size() > EI_CLASS && file[EI_CLASS] == std::byte{ELFCLASS32};
  return {is_32 ? std::uint8_t{ELFCLASS32} : std::uint8_t{ELFCLASS64}, ELFDATA2LSB,
          is_32 ? std::uint16_t{EM_386} : std::uint16_t{EM_X86_64}};
}

void check_identity(ByteSpan file) {
  std::size_t read_size = 0;
  const ReadAt read_at = [&](std::uint64_t offset, MutableByteSpan into) -> std::size_t {
    if (offset >= file.size()) return 0;
    const auto size = std::min<std::size_t>(into.size(), file.size() - offset);
    if (size > 0) std::memcpy(into.data(), file.data() + offset, size);
    read_size += size;
    return size;
  };
  try {
    const MemoryPeak peak;
    const auto identity = read_identity(read_at, file.size(), machine_for(file));
    for (const auto& type : identity.types)
      expect(!type.empty() && type.find(',') == std::string::npos, "a type is one word");
    for (const std::string* text : {&identity.name, &identity.version, &identity.sdk})
      expect(text->find('\0') == std::string::npos, "a text has no NUL");
    expect(identity.build_id.find_first_not_of("0123456789abcdef") == std::string::npos, "a build id is hex");
    expect(peak.bytes() < (std::size_t{2} << 20), "an identity takes little memory");
    require_abi(identity);
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::unsupported, "a file that is no plugin is not supported");
  }
  // The header, the sections three times, the names, and what was looked for.
  expect(read_size <= 4 * file.size() + 4096, "a file is not read over and over");
}

void check_symbols(ByteSpan file) {
  try {
    const MemoryPeak peak;
    for (const auto& symbol : check::exported_symbols(file)) (void)check::may_be_exported(symbol.name);
    expect(peak.bytes() <= 256 * file.size() + 65536, "symbols take no more memory than their file can tell");
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::unsupported, "symbols are there or not");
  }
}

}  // namespace

void fuzz_identity(ByteSpan input) {
  check_identity(input);
  check_symbols(input);
}

}  // namespace lshost::fuzz
