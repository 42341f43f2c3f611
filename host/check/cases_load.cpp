#include <fmt/format.h>

#include <algorithm>
#include <set>

#include <lshost/ext/config_schema.h>

#include "check/cases.hpp"
#include "check/process_state.hpp"
#include "config/value_of_text.hpp"
#include "plugin/abi.hpp"
#include "plugin/library.hpp"
#include "plugin/plugin_file.hpp"

namespace lshost::check {
namespace {

using plugin::text_of;

void require_same(std::string_view what, std::string_view of_code, std::string_view of_section) {
  if (of_code == of_section) return;
  throw Failed(
      fmt::format("its {} is '{}' in the code and '{}' in the section lshost_meta", what, of_code, of_section));
}

bool is_kebab_case(const std::string& key) {
  const bool has_good_letters =
      std::ranges::all_of(key, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  return has_good_letters && !key.empty() && key.front() != '-' && key.back() != '-';
}

/// What is wrong with a key; "": nothing.
std::string fault_of(const config::KeySpec& key) {
  if (!is_kebab_case(key.key)) return "is not in kebab-case";
  if (key.help.empty()) return "has no help";
  if (key.required && key.default_value) return "is required and has a default";
  if (!key.default_value) return "";
  if (key.secret) return "is a secret and has a default";
  config::ReplicaConfig replica;
  config::Value value = config::value_of_text(key.type, *key.default_value);
  if (key.list) value = {std::vector{std::move(value)}};
  replica.entries.push_back({.key = key.key, .value = std::move(value)});
  std::vector<config::Diagnostic> mistakes;
  config::check_entries(replica, {key}, mistakes);
  const auto real = std::ranges::find_if_not(mistakes, &config::Diagnostic::is_warning);
  return real == mistakes.end() ? "" : "has a default that it would not accept: " + real->message;
}

}  // namespace

void case_load(Bench& bench) {
  const plugin::PluginType& type = bench.type();
  const plugin::Identity& identity = type.library->identity;
  const lshost_module& module_table = *type.library->module_table;
  require_same("name", text_of(module_table.name), identity.name);
  require_same("version", text_of(module_table.version), identity.version);
  std::set<std::string> in_code;
  for (std::uint32_t i = 0; i < module_table.type_count; ++i) {
    if (module_table.types[i] == nullptr) throw Failed("one of its types is NULL");
    in_code.emplace(text_of(module_table.types[i]->type));
  }
  if (in_code != std::set<std::string>(identity.types.begin(), identity.types.end())) {
    throw Failed(fmt::format("its types are {} in the code and {} in the section lshost_meta", fmt::join(in_code, ", "),
                             fmt::join(identity.types, ", ")));
  }
  if (text_of(type.table.type) != type.self->type) throw Failed("its type has no name");
}

void case_load_clean(Bench& bench) {
  const auto before = look_at_process();
  const auto& type = bench.type();
  auto after = look_at_process();
  // What the host keeps of a library: the file itself.
  std::erase_if(after.descriptors, [&](const auto& entry) { return entry.second == type.library->path; });
  const std::string changed = changes(before, after);
  if (!changed.empty()) throw Failed("after loading it: " + changed);
}

void case_schema(Bench& bench) {
  const Keys& keys = bench.keys();
  if (!keys) throw Skipped("the type declares no keys (" LSHOST_EXT_CONFIG_SCHEMA ")");
  std::set<std::string> seen;
  std::string faults;
  for (const auto& key : *keys) {
    const std::string fault = seen.insert(key.key).second ? fault_of(key) : "is there twice";
    if (!fault.empty()) faults += fmt::format("{}the key '{}' {}", faults.empty() ? "" : "; ", key.key, fault);
  }
  if (!faults.empty()) throw Failed(faults);
}

}  // namespace lshost::check
