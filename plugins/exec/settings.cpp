#include "settings.hpp"

#include <algorithm>
#include <string_view>

namespace lshost::exec {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string_view>;

constexpr std::int64_t kNotFoundCode = 44;

CommandTemplate command(const Context& context, const char* key, Names known) {
  known.insert(known.end(), {"database", "replica"});
  return {key, context.Strings(key), known};
}

std::vector<std::int64_t> codes(const Context& context, const char* key) {
  std::vector<std::int64_t> all;
  for (std::int32_t i = 0;; ++i) {
    lshost_value value{};
    value.struct_size = sizeof value;
    detail::ErrorOut err;
    const auto result = context.CHost()->config_get(context.CContext(), key, i, LSHOST_CFG_INT, &value, &err);
    if (result == LSHOST_E_NOT_FOUND) break;
    detail::Check(result, err);
    if (value.i < 1 || value.i > 255)
      throw Error::Config(std::string(key) + ": exit codes are from 1 to 255, not " + std::to_string(value.i));
    all.push_back(value.i);
  }
  return context.Has(key) ? all : std::vector<std::int64_t>{kNotFoundCode};
}

std::vector<std::string> environment(const Context& context) {
  auto all = context.Strings("env");
  for (const auto& entry : all) {
    const auto end = entry.find('=');
    // The value may be a secret: it is not shown.
    if (end == std::string::npos || end == 0 || entry.find('\0') != std::string::npos)
      throw Error::Config("env: expected strings like \"NAME=value\"");
  }
  return all;
}

std::string separator(const Context& context) {
  auto text = context.String("list-separator", "\t");
  const auto is_unusable = [](char c) { return (c >= '0' && c <= '9') || c == '\n' || c == '\0'; };
  if (text.empty() || std::ranges::any_of(text, is_unusable))
    throw Error::Config("list-separator: expected one or more characters that are no digits, like \";\"");
  return text;
}

std::chrono::milliseconds timeout(const Context& context) {
  const auto value = std::chrono::duration_cast<std::chrono::milliseconds>(context.Duration("timeout", 5min));
  if (value < 1ms) throw Error::Config("timeout has to be longer than nothing, like \"5m\"");
  return value;
}

}  // namespace

std::span<const ConfigKey> keys() {
  static constexpr ConfigKey kKeys[] = {
      {.key = "put",
       .required = true,
       .list = true,
       .help = "program and arguments that store standard input as {name}; {size} bytes, or -1 if not known"},
      {.key = "get", .required = true, .list = true, .help = "that print the object {name}"},
      {.key = "get-range",
       .list = true,
       .help = "that print {length} bytes of {name} from {offset}; otherwise get is asked for all and cut"},
      {.key = "list",
       .required = true,
       .list = true,
       .help =
           "that print size, separator and name of each object, one a line; all, or those that begin with {prefix}"},
      {.key = "remove",
       .required = true,
       .list = true,
       .help = "that remove {name}; or, without {name}, the names on standard input, one a line"},
      {.key = "env",
       .secret = true,
       .list = true,
       .help = "\"NAME=value\" for the environment of the programs, which inherit the host's"},
      {.key = "not-found-codes",
       .type = ConfigType::Int,
       .list = true,
       .help = "exit codes that mean: there is no such object or folder; 44 by default"},
      {.key = "list-separator", .help = "what list prints between size and name; a tab by default"},
      {.key = "timeout",
       .type = ConfigType::Duration,
       .default_value = "5m",
       .help = "how long a program may neither take nor print a byte before it is ended"},
      {.key = "parallel",
       .type = ConfigType::Bool,
       .default_value = "true",
       .help = "whether several programs may run at once"},
  };
  return kKeys;
}

Settings read_settings(const Context& context) {
  std::optional<CommandTemplate> get_range;
  if (context.Has("get-range")) get_range.emplace(command(context, "get-range", {"name", "offset", "length"}));
  return {command(context, "put", {"name", "size"}),
          command(context, "get", {"name"}),
          std::move(get_range),
          command(context, "list", {"prefix"}),
          command(context, "remove", {"name"}),
          environment(context),
          codes(context, "not-found-codes"),
          separator(context),
          timeout(context),
          context.Bool("parallel", true),
          {{"database", context.Database()}, {"replica", context.Replica()}}};
}

}  // namespace lshost::exec
