#include "plugin/config_access.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "plugin/abi.hpp"

namespace lshost::plugin {
namespace {

using Array = std::vector<config::Value>;

std::string_view wanted(std::int32_t type) {
  switch (type) {
    case LSHOST_CFG_STRING:
      return "a string in quotes";
    case LSHOST_CFG_INT:
      return "a whole number";
    case LSHOST_CFG_BOOL:
      return "true or false";
    case LSHOST_CFG_DOUBLE:
      return "a number";
    case LSHOST_CFG_DURATION:
      return "a duration such as \"30s\" or \"24h\"";
    case LSHOST_CFG_SIZE:
      return "a size such as \"64MiB\"";
    default:
      return "of another type";
  }
}

lshost_value value_of(std::int32_t type) {
  lshost_value value{};
  value.struct_size = sizeof value;
  value.type = type;
  return value;
}

std::optional<lshost_value> text_value(const config::Value& value, std::int32_t type) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) return std::nullopt;
  lshost_value out = value_of(type);
  out.s = text->c_str();
  out.s_len = text->size();
  return out;
}

std::optional<lshost_value> number_value(std::int64_t number, std::int32_t type) {
  lshost_value out = value_of(type);
  out.i = number;
  return out;
}

std::optional<lshost_value> real_value(const config::Value& value, std::int32_t type) {
  lshost_value out = value_of(type);
  if (const auto* real = std::get_if<double>(&value.data)) {
    out.f = *real;
  } else if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    out.f = static_cast<double>(*number);
  } else {
    return std::nullopt;
  }
  return out;
}

std::optional<lshost_value> duration_value(const config::Value& value, std::int32_t type) {
  const auto* text = std::get_if<std::string>(&value.data);
  const auto duration = text == nullptr ? std::nullopt : config::parse_duration(*text);
  if (!duration) return std::nullopt;
  return number_value(duration->count(), type);
}

std::optional<lshost_value> size_value(const config::Value& value, std::int32_t type) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return *number < 0 ? std::nullopt : number_value(*number, type);
  }
  const auto* text = std::get_if<std::string>(&value.data);
  const auto size = text == nullptr ? std::nullopt : config::parse_size(*text);
  if (!size || *size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return number_value(static_cast<std::int64_t>(*size), type);
}

/// nullopt: the value is not of that type.
std::optional<lshost_value> convert(const config::Value& value, std::int32_t type) {
  switch (type) {
    case LSHOST_CFG_STRING:
      return text_value(value, type);
    case LSHOST_CFG_INT: {
      const auto* number = std::get_if<std::int64_t>(&value.data);
      return number == nullptr ? std::nullopt : number_value(*number, type);
    }
    case LSHOST_CFG_BOOL: {
      const auto* boolean = std::get_if<bool>(&value.data);
      return boolean == nullptr ? std::nullopt : number_value(*boolean ? 1 : 0, type);
    }
    case LSHOST_CFG_DOUBLE:
      return real_value(value, type);
    case LSHOST_CFG_DURATION:
      return duration_value(value, type);
    case LSHOST_CFG_SIZE:
      return size_value(value, type);
    default:
      return std::nullopt;
  }
}

/// The value that `index` means; nullptr: past the end.
const config::Value* element(const config::Value& value, std::int32_t index) {
  if (index < 0) return &value;
  const auto at = static_cast<std::size_t>(index);
  const auto* array = std::get_if<Array>(&value.data);
  if (array == nullptr) return at == 0 ? &value : nullptr;  // one value alone is an array of one
  return at < array->size() ? &(*array)[at] : nullptr;
}

}  // namespace

ConfigAccess::ConfigAccess(const config::ReplicaConfig& replica, std::string file)
    : replica_(replica), file_(std::move(file)) {}

std::string ConfigAccess::prefix(const config::Location& where) const {
  if (file_.empty()) return "";
  if (where.line == 0) return file_ + ": ";
  return file_ + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": ";
}

std::int32_t ConfigAccess::get(const char* key, std::int32_t index, std::int32_t type, lshost_value& out) {
  const std::string name(text_of(key));
  {
    const MutexLock lock(mutex_);
    asked_.insert(name);
  }
  if (type < LSHOST_CFG_STRING || type > LSHOST_CFG_SIZE) {
    throw Error(ErrorCode::unsupported,
                "the key '" + name + "': this host has no values of type " + std::to_string(type));
  }
  for (const config::Entry& entry : replica_.entries) {
    if (entry.key != name) continue;
    const config::Value* value = element(entry.value, index);
    if (value == nullptr) return LSHOST_E_NOT_FOUND;
    const auto converted = convert(*value, type);
    if (!converted) {
      throw Error(ErrorCode::invalid,
                  prefix(value->location) + "the value of '" + name + "' must be " + std::string(wanted(type)));
    }
    out = *converted;
    return LSHOST_OK;
  }
  return LSHOST_E_NOT_FOUND;
}

void ConfigAccess::require_all_known() {
  std::vector<std::string> known;
  {
    const MutexLock lock(mutex_);
    known.assign(asked_.begin(), asked_.end());
  }
  std::string mistakes;
  for (const config::Entry& entry : replica_.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    if (!mistakes.empty()) mistakes += "; ";
    mistakes += prefix(entry.key_location) + "unknown key '" + entry.key + "'";
    if (const auto meant = config::nearest(entry.key, known)) mistakes += ", did you mean '" + *meant + "'?";
  }
  if (!mistakes.empty()) throw Error(ErrorCode::invalid, mistakes);
}

}  // namespace lshost::plugin
