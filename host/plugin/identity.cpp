#include "plugin/identity.hpp"

#include <elf.h>
#include <fcntl.h>
#include <lshost/meta.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace lshost::plugin {
namespace {

constexpr std::uint64_t kSectionsMax = 65'536;
constexpr std::size_t kNamesSizeMax = std::size_t{1} << 20;

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::unsupported, reason); }

/// One file and its size; every access is checked.
class Elf {
 public:
  Elf(const ReadAt& read_at, std::uint64_t size) : read_at_(read_at), size_(size) {}

  template <class T>
  [[nodiscard]] T at(std::uint64_t offset, std::string_view what) const {
    T value;
    read(offset, std::as_writable_bytes(std::span(&value, 1)), what);
    return value;
  }

  void read(std::uint64_t offset, MutableByteSpan into, std::string_view what) const {
    const bool inside = offset <= size_ && into.size() <= size_ - offset;
    if (!inside || read_at_(offset, into) != into.size()) {
      refuse("the file is cut short or damaged: its " + std::string(what) + " is not all there");
    }
  }

 private:
  const ReadAt& read_at_;
  std::uint64_t size_;
};

std::string machine_name(const ElfMachine& machine) {
  switch (machine.machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_386:
      return "i386";
    case EM_AARCH64:
      return "aarch64";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    default:
      return "machine " + std::to_string(machine.machine);
  }
}

ElfMachine machine_of(const unsigned char (&ident)[EI_NIDENT], std::uint16_t machine) {
  return {ident[EI_CLASS], ident[EI_DATA], machine};
}

/// The two sizes of ELF differ in their structs only.
struct Elf32 {
  using Header = Elf32_Ehdr;
  using Section = Elf32_Shdr;
};
struct Elf64 {
  using Header = Elf64_Ehdr;
  using Section = Elf64_Shdr;
};

template <class Bits>
class SectionTable {
 public:
  explicit SectionTable(const Elf& elf) : elf_(elf), header_(elf.at<typename Bits::Header>(0, "ELF header")) {
    if (header_.e_shoff == 0 || header_.e_shentsize != sizeof(typename Bits::Section)) {
      refuse("it has no section table, so who it is can not be read; it may have been stripped of it");
    }
    // More sections, or more names, than fit the header: the first section has the numbers.
    const auto first = section(0);
    count_ = header_.e_shnum != 0 ? header_.e_shnum : first.sh_size;
    const std::uint64_t names = header_.e_shstrndx != SHN_XINDEX ? header_.e_shstrndx : first.sh_link;
    if (count_ > kSectionsMax || names >= count_) refuse("its section table makes no sense");
    load_names(names);
  }

  /// Where a section lies in the file; nullopt: there is none of that name.
  [[nodiscard]] std::optional<typename Bits::Section> find(std::string_view name) const {
    for (std::uint64_t i = 0; i < count_; ++i) {
      const auto candidate = section(i);
      if (candidate.sh_type != SHT_NOBITS && is_name_at(candidate.sh_name, name)) return candidate;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] typename Bits::Section section(std::uint64_t i) const {
    const std::uint64_t table = header_.e_shoff;
    const std::uint64_t offset = table + i * sizeof(typename Bits::Section);
    if (offset < table) refuse("its section table makes no sense");
    return elf_.at<typename Bits::Section>(offset, "section table");
  }

  void load_names(std::uint64_t i) {
    const auto names = section(i);
    if (names.sh_size > kNamesSizeMax) refuse("its table of section names makes no sense");
    names_.resize(names.sh_size);
    elf_.read(names.sh_offset, std::as_writable_bytes(std::span(names_)), "table of section names");
  }

  /// Looks no further than `name` is long: names without an end must not cost more than others.
  [[nodiscard]] bool is_name_at(std::uint64_t offset, std::string_view name) const {
    if (offset >= names_.size()) return false;
    const std::string_view rest = std::string_view(names_).substr(offset);
    return rest.starts_with(name) && (rest.size() == name.size() || rest[name.size()] == '\0');
  }

  const Elf& elf_;
  typename Bits::Header header_;
  std::uint64_t count_ = 0;
  std::string names_;
};

template <std::size_t N>
std::string text_of_field(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

std::vector<std::string> split_types(const std::string& text) {
  std::vector<std::string> types;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) types.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return types;
}

Identity decode(const lshost_meta& meta) {
  Identity identity;
  identity.name = text_of_field(meta.name);
  identity.version = text_of_field(meta.version);
  identity.types = split_types(text_of_field(meta.types));
  identity.sdk = text_of_field(meta.sdk);
  identity.abi_major = meta.abi_major;
  identity.abi_minor = meta.abi_minor;
  return identity;
}

constexpr std::string_view kBuildIdSection = ".note.gnu.build-id";
constexpr std::size_t kBuildIdSectionMax = 1024;

/// "" where there is none, or one that makes no sense: nothing depends on it but the recognition of the same code.
template <class Bits>
std::string read_build_id(const Elf& elf, const SectionTable<Bits>& sections) {
  const auto section = sections.find(kBuildIdSection);
  Elf32_Nhdr note{};  // the same in both sizes
  if (!section || section->sh_size < sizeof note || section->sh_size > kBuildIdSectionMax) return "";
  std::vector<std::byte> bytes(section->sh_size);
  elf.read(section->sh_offset, bytes, "build id");
  std::memcpy(&note, bytes.data(), sizeof note);
  const std::uint64_t begin = sizeof note + (std::uint64_t{note.n_namesz} + 3) / 4 * 4;
  if (note.n_type != NT_GNU_BUILD_ID || begin > bytes.size() || note.n_descsz > bytes.size() - begin) return "";
  std::string hex;
  for (std::uint64_t i = begin; i < begin + note.n_descsz; ++i) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = std::to_integer<unsigned>(bytes[i]);
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

template <class Bits>
lshost_meta read_meta(const Elf& elf, const SectionTable<Bits>& sections) {
  const auto section = sections.find(LSHOST_META_SECTION);
  if (!section) refuse("it is a shared library but no lshost plugin: it has no section " LSHOST_META_SECTION);
  // Other minor versions may have a longer struct, we or the plugin; one that is shorter than the first never was.
  constexpr std::size_t kSizeMin = offsetof(lshost_meta, sdk) + sizeof(lshost_meta::sdk);
  if (section->sh_size < kSizeMin) refuse("its section " LSHOST_META_SECTION " is too short");
  lshost_meta meta{};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(section->sh_size, sizeof meta));
  elf.read(section->sh_offset, std::as_writable_bytes(std::span(&meta, 1)).first(size), "section " LSHOST_META_SECTION);
  if (text_of_field(meta.magic) != LSHOST_META_MAGIC)
    refuse("its section " LSHOST_META_SECTION " holds something else");
  return meta;
}

template <class Bits>
Identity read_sections(const Elf& elf) {
  const SectionTable<Bits> sections(elf);
  Identity identity = decode(read_meta<Bits>(elf, sections));
  identity.build_id = read_build_id<Bits>(elf, sections);
  return identity;
}

}  // namespace

ElfMachine own_machine() {
  constexpr const char* kSelf = "/proc/self/exe";
  const UniqueFd self(::open(kSelf, O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr header{};  // ident and machine lie in the same place in both sizes
  constexpr std::size_t kNeeded = offsetof(Elf64_Ehdr, e_machine) + sizeof header.e_machine;
  if (!self || ::pread(self.get(), &header, kNeeded, 0) != static_cast<ssize_t>(kNeeded)) throw_errno("read", kSelf);
  return machine_of(header.e_ident, header.e_machine);
}

Identity read_identity(const ReadAt& read_at, std::uint64_t file_size_bytes, const ElfMachine& machine) {
  if (file_size_bytes == 0) refuse("the file is empty");
  std::array<unsigned char, EI_NIDENT + 4> start{};  // ident, type, machine
  const std::size_t got = read_at(0, std::as_writable_bytes(std::span(start)));
  if (got < start.size() || std::memcmp(start.data(), ELFMAG, SELFMAG) != 0) refuse("it is no shared library");
  std::uint16_t type = 0;
  ElfMachine made_for{start[EI_CLASS], start[EI_DATA], 0};
  std::memcpy(&type, &start[EI_NIDENT], sizeof type);
  std::memcpy(&made_for.machine, &start[EI_NIDENT + 2], sizeof made_for.machine);
  if (made_for != machine) {
    refuse("it is made for another machine (" + machine_name(made_for) + ", this is " + machine_name(machine) + ")");
  }
  if (type != ET_DYN) refuse("it is an ELF file, but no shared library");
  const Elf elf(read_at, file_size_bytes);
  return made_for.elf_class == ELFCLASS64 ? read_sections<Elf64>(elf) : read_sections<Elf32>(elf);
}

void require_abi(const Identity& identity) {
  if (identity.abi_major == LSHOST_ABI_MAJOR) return;
  refuse(identity.name + " " + identity.version + " is made for plugin ABI " + std::to_string(identity.abi_major) +
         ", this lshost has ABI " + std::to_string(LSHOST_ABI_MAJOR) + "; hint: install a build of it for this lshost");
}

}  // namespace lshost::plugin
