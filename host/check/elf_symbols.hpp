#pragma once
// The dynamic symbols that a library defines, read from the file: nothing of it runs.

#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace lshost::check {

struct Symbol {
  std::string name;
  bool is_unique = false;  ///< STB_GNU_UNIQUE: one for the whole process, which pins the library
};

/// What others can link to. Throws Error{unsupported} where the file is not a whole 64-bit ELF library.
/// REQUIRES: the file is for this machine (plugin::open_plugin_file says so).
[[nodiscard]] std::vector<Symbol> exported_symbols(ByteSpan file);

/// True for what a plugin has to export, of any version of the ABI, and for the marks that linkers make.
[[nodiscard]] bool may_be_exported(const std::string& name);

}  // namespace lshost::check
