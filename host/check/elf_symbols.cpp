#include "check/elf_symbols.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/error.hpp"

namespace lshost::check {
namespace {

template <class T>
T at(ByteSpan file, std::uint64_t offset) {
  if (offset > file.size() || sizeof(T) > file.size() - offset) {
    throw Error(ErrorCode::unsupported, "the file is cut short or damaged: its table of symbols is not all there");
  }
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

std::string text_at(ByteSpan file, const Elf64_Shdr& names, std::uint32_t offset) {
  if (offset >= names.sh_size) return {};
  const std::uint64_t begin = names.sh_offset + offset;
  (void)at<char>(file, begin);
  const auto* text = reinterpret_cast<const char*>(file.data() + begin);
  return {text, ::strnlen(text, std::min<std::uint64_t>(names.sh_size - offset, file.size() - begin))};
}

}  // namespace

std::vector<Symbol> exported_symbols(ByteSpan file) {
  const auto header = at<Elf64_Ehdr>(file, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) {
    throw Error(ErrorCode::unsupported, "symbols of 32-bit libraries can not be read");
  }
  std::vector<Symbol> symbols;
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto table = at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (table.sh_type != SHT_DYNSYM) continue;
    const auto names = at<Elf64_Shdr>(file, header.e_shoff + std::uint64_t{table.sh_link} * sizeof(Elf64_Shdr));
    for (std::uint64_t s = 0; s < table.sh_size / sizeof(Elf64_Sym); ++s) {
      const auto symbol = at<Elf64_Sym>(file, table.sh_offset + s * sizeof(Elf64_Sym));
      const auto binding = ELF64_ST_BIND(symbol.st_info);
      const bool is_hidden =
          ELF64_ST_VISIBILITY(symbol.st_other) == STV_HIDDEN || ELF64_ST_VISIBILITY(symbol.st_other) == STV_INTERNAL;
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL || is_hidden) continue;
      symbols.push_back({text_at(file, names, symbol.st_name), binding == STB_GNU_UNIQUE});
    }
  }
  return symbols;
}

bool may_be_exported(const std::string& name) {
  constexpr std::array<std::string_view, 6> kLinker = {"_init", "_fini", "_edata", "_end", "__bss_start", ""};
  if (std::ranges::find(kLinker, name) != kLinker.end() || name == "lshost_plugin_meta") return true;
  constexpr std::string_view kEntry = "lshost_plugin_v";
  return name.starts_with(kEntry) && name.size() > kEntry.size() &&
         std::all_of(name.begin() + kEntry.size(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace lshost::check
