#include <fmt/format.h>

#include "check/cases.hpp"
#include "check/elf_symbols.hpp"
#include "os/fs.hpp"
#include "plugin/plugin_file.hpp"

namespace lshost::check {
namespace {

std::vector<Symbol> symbols_of(const std::string& path) {
  const auto file = os::posix_fs().open_read("check.read", path);
  std::vector<std::byte> bytes(file->size("check.read"));
  bytes.resize(file->read_at("check.read", 0, bytes));
  return exported_symbols(bytes);
}

/// "3: a, b, c"; of many, the first ones.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  std::string text = fmt::format("{}: ", names.size());
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kShown ? text + ", ..." : text;
}

}  // namespace

void case_identity(Bench& bench) {
  const auto file = plugin::open_plugin_file(bench.request().file);
  if (file.identity.name.empty() || file.identity.version.empty()) throw Failed("its name or its version is empty");
  if (file.identity.types.empty()) throw Failed("it names no type");
  for (const auto& type : file.identity.types) {
    if (!plugin::is_type_name(type))
      throw Failed(fmt::format("'{}' is no name of a type; it has [a-z0-9-] only", type));
  }
}

void case_exports(Bench& bench) {
  std::vector<std::string> others;
  for (const auto& symbol : symbols_of(bench.request().file)) {
    if (!may_be_exported(symbol.name)) others.push_back(symbol.name);
  }
  if (!others.empty()) throw Failed("it exports symbols that are none of the plugin ABI, " + listed(others));
}

void case_unique_symbols(Bench& bench) {
  std::vector<std::string> unique;
  for (const auto& symbol : symbols_of(bench.request().file)) {
    if (symbol.is_unique) unique.push_back(symbol.name);
  }
  if (!unique.empty()) throw Failed("it has symbols that the whole process shares (STB_GNU_UNIQUE), " + listed(unique));
}

}  // namespace lshost::check
