#include "plugin/plugin_type.hpp"

#include <lshost/ext/config_schema.h>
#include <lshost/host.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "engine/engine.hpp"
#include "plugin/abi.hpp"

namespace lshost::plugin {
namespace {

constexpr std::uint32_t kTypesMax = 1024;
constexpr std::uint32_t kKeysMax = 1024;

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::unsupported, reason); }

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

config::KeyType key_type(std::int32_t type) {
  switch (type) {
    case LSHOST_CFG_STRING:
      return config::KeyType::string;
    case LSHOST_CFG_INT:
      return config::KeyType::integer;
    case LSHOST_CFG_BOOL:
      return config::KeyType::boolean;
    case LSHOST_CFG_DOUBLE:
      return config::KeyType::real;
    case LSHOST_CFG_DURATION:
      return config::KeyType::duration;
    case LSHOST_CFG_SIZE:
      return config::KeyType::size;
    default:
      refuse("its configuration schema has a key of the unknown type " + std::to_string(type));
  }
}

config::UrlPart url_part(std::uint32_t flags) {
  if ((flags & LSHOST_KEY_URL_USER) != 0) return config::UrlPart::user;
  if ((flags & LSHOST_KEY_URL_HOST) != 0) return config::UrlPart::host;
  if ((flags & LSHOST_KEY_URL_PATH) != 0) return config::UrlPart::path;
  return config::UrlPart::none;
}

config::KeySpec key_spec(const lshost_config_key* theirs) {
  if (theirs == nullptr) refuse("its configuration schema has an empty key");
  const lshost_config_key key = copy_in(theirs);
  if (text_of(key.key).empty()) refuse("its configuration schema has a key without a name");
  config::KeySpec spec;
  spec.key = key.key;
  spec.type = key_type(key.type);
  spec.required = (key.flags & LSHOST_KEY_REQUIRED) != 0;
  spec.secret = (key.flags & LSHOST_KEY_SECRET) != 0;
  spec.list = (key.flags & LSHOST_KEY_LIST) != 0;
  spec.deprecated = (key.flags & LSHOST_KEY_DEPRECATED) != 0;
  if (key.default_value != nullptr) spec.default_value = key.default_value;
  spec.help = text_of(key.help);
  spec.choices = split(text_of(key.choices), '|');
  spec.url = url_part(key.flags);
  return spec;
}

std::vector<config::KeySpec> key_specs(const lshost_config_schema& theirs) {
  const lshost_config_schema schema = copy_in(&theirs);
  if (schema.count > kKeysMax || (schema.keys == nullptr && schema.count != 0)) {
    refuse("its configuration schema makes no sense");
  }
  std::vector<config::KeySpec> keys;
  for (const lshost_config_key* key : std::span(schema.keys, schema.count)) keys.push_back(key_spec(key));
  return keys;
}

/// The host knows them, not the plugin: an old plugin gets the keys of a newer engine.
void add_engine_keys(std::vector<config::KeySpec>& keys) {
  for (auto& key : key_specs(engine::engine_keys())) {
    if (std::ranges::find(keys, key.key, &config::KeySpec::key) == keys.end()) keys.push_back(std::move(key));
  }
}

std::string list_types(std::span<const lshost_type* const> types) {
  std::string names;
  for (const lshost_type* type : types) {
    if (type == nullptr) continue;
    if (!names.empty()) names += ", ";
    names += text_of(type->type);
  }
  return names.empty() ? "none" : names;
}

PluginType checked(const Library& library, const lshost_type* self) {
  constexpr std::size_t kNeeded = offsetof(lshost_type, create) + sizeof self->create;
  if (self->struct_size < kNeeded || self->create == nullptr) {
    refuse("its type '" + std::string(text_of(self->type)) + "' can not make replicators: it has no function create");
  }
  PluginType type{&library, self, copy_in(self), ""};
  type.summary = text_of(type.table.summary);
  return type;
}

}  // namespace

PluginType find_type(const Library& library, const std::string& type) {
  return with_context(library.path, [&] {
    const lshost_module& table = *library.module_table;
    if (table.type_count > kTypesMax) refuse("it says that it has " + std::to_string(table.type_count) + " types");
    const std::span types(table.types, table.type_count);
    for (const lshost_type* candidate : types) {
      if (candidate != nullptr && text_of(candidate->type) == type) return checked(library, candidate);
    }
    refuse("it has no type '" + type + "' (it has: " + list_types(types) + ")");
  });
}

std::optional<std::vector<config::KeySpec>> schema_of(const PluginType& type) {
  return with_context(type.library->path, [&]() -> std::optional<std::vector<config::KeySpec>> {
    if (type.table.extension == nullptr) return std::nullopt;
    const void* found = type.table.extension(type.self, LSHOST_EXT_CONFIG_SCHEMA);
    if (found == nullptr) return std::nullopt;
    auto keys = key_specs(*static_cast<const lshost_config_schema*>(found));
    if ((type.table.flags & LSHOST_TYPE_STORE) != 0) add_engine_keys(keys);
    return keys;
  });
}

}  // namespace lshost::plugin
