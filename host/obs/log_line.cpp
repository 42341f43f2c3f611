#include "obs/log_line.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lshost::obs {
namespace {

constexpr std::string_view name_of(Level level) noexcept {
  switch (level) {
    case Level::trace:
      return "trace";
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "unknown";
}

constexpr std::size_t kLevelWidth = 5;

constexpr bool is_printable_ascii(char c) noexcept { return c >= ' ' && c <= '~'; }

constexpr bool may_stand_bare(char c) noexcept {
  return is_printable_ascii(c) && c != ' ' && c != '"' && c != '=' && c != '\\';
}

/// DEL and the C1 controls (U+0080 to U+009F), which some terminals obey and JSON does not escape.
bool has_late_controls(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x7f') return true;
    if (text[i] == '\xc2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/has_late_controls(text),
                                   nlohmann::json::error_handler_t::replace);
}

/// A sentence is not quoted; only one that could disturb the line is escaped.
void append_sentence(std::string& line, std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_printable_ascii)) {
    line += text;
  } else {
    const auto quoted = json_string(text);
    line.append(quoted, 1, quoted.size() - 2);
  }
}

void append_value(std::string& line, const Field& field) {
  const bool is_bare =
      field.is_number || (!field.value.empty() && std::all_of(field.value.begin(), field.value.end(), may_stand_bare));
  line += is_bare ? field.value : json_string(field.value);
}

void append_member(std::string& members, std::string_view key, std::string_view json) {
  if (!members.empty()) members += ',';
  members.append(json_string(key)).append(1, ':').append(json);
}

}  // namespace

std::string text_line(Level level, std::string_view part, std::string_view message, const Field* fields,
                      std::size_t count) {
  std::string line(name_of(level));
  line.resize(kLevelWidth + 1, ' ');
  append_sentence(line, part);
  line += ": ";
  append_sentence(line, message);
  for (std::size_t i = 0; i < count; ++i) {
    line += ' ';
    append_sentence(line, fields[i].key);
    line += '=';
    append_value(line, fields[i]);
  }
  return line;
}

std::string json_members(Level level, std::string_view part, std::string_view message, const Field* fields,
                         std::size_t count) {
  std::string members;
  append_member(members, "level", json_string(name_of(level)));
  append_member(members, "part", json_string(part));
  append_member(members, "message", json_string(message));
  for (std::size_t i = 0; i < count; ++i) {
    append_member(members, fields[i].key, fields[i].is_number ? fields[i].value : json_string(fields[i].value));
  }
  return members;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (;;) {
    const auto line = text.substr(0, text.find('\n'));
    append_sentence(shown, line);
    if (line.size() == text.size()) return shown;
    shown += '\n';
    text.remove_prefix(line.size() + 1);
  }
}

}  // namespace lshost::obs
