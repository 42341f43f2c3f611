#pragma once
// The plugin's keys: declared, read and checked. Runs nothing.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lshost/cpp/context.hpp>
#include <lshost/cpp/extensions.hpp>

#include "command.hpp"

namespace lshost::exec {

struct Settings {
  CommandTemplate put;
  CommandTemplate get;
  std::optional<CommandTemplate> get_range;
  CommandTemplate list;
  CommandTemplate remove;
  std::vector<std::string> environment;  ///< NAME=value, added to ours; secret
  std::vector<std::int64_t> not_found_codes;
  std::string list_separator;
  std::chrono::milliseconds timeout{};  ///< of silence
  bool is_parallel = true;
  Values constants;  ///< placeholders that are the same in every call
};

[[nodiscard]] std::span<const ConfigKey> keys();

/// Throws Error::Config with what is wrong and what to write instead.
[[nodiscard]] Settings read_settings(const Context& context);

}  // namespace lshost::exec
