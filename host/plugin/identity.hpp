#pragma once
// Who a plugin says it is, read from the file before any of its code runs.
//
// The identity lies in an ELF section of its own (lshost/meta.h). Whatever the file is, reading it is safe: every
// offset and size in it is checked against the file's size, and no more than a few kilobytes are read.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::plugin {

/// What lshost_meta says, as values, and the note of the linker.
struct Identity {
  std::string name;     ///< "lshost-file"
  std::string version;  ///< of the plugin
  std::vector<std::string> types;
  std::string sdk;  ///< what it was made with, for people
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::string build_id = {};  ///< of the linker, in hex: the same for the same code; "": the file has none
};

/// A file to be read at any place: fills `into` from `offset` and returns how many bytes there were.
using ReadAt = std::function<std::size_t(std::uint64_t offset, MutableByteSpan into)>;

/// For which machine an ELF file is made.
struct ElfMachine {
  std::uint8_t elf_class = 0;   ///< 32 or 64 bits
  std::uint8_t byte_order = 0;  ///< as in e_ident
  std::uint16_t machine = 0;    ///< EM_*
  bool operator==(const ElfMachine&) const = default;
};

/// The machine that this program runs on, from its own file.
[[nodiscard]] ElfMachine own_machine();

/// Reads the identity. Throws Error{unsupported} with the reason where there is none to be had: not an ELF file, cut
/// short, made for another machine, not a plugin, damaged. It does not judge the ABI version: require_abi() does.
[[nodiscard]] Identity read_identity(const ReadAt& read_at, std::uint64_t file_size_bytes, const ElfMachine& machine);

/// Throws Error{unsupported} if this host can not load a plugin of that ABI.
void require_abi(const Identity& identity);

}  // namespace lshost::plugin
