#pragma once
// Log lines: one per change of state, "part key=value ...", as text or JSON, to standard error.
//
// A thin face on spdlog, so that call sites stay small and nothing else depends on it.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lshost::obs {

enum class Level { trace, debug, info, warn, error };
enum class Format { text, json };

/// A name and its value in a log line. Numbers and text; the views must live for the call.
struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : key(name), value(text) {}
  Field(std::string_view name, std::uint64_t number) : key(name), value(std::to_string(number)), is_number(true) {}
  Field(std::string_view name, std::int64_t number) : key(name), value(std::to_string(number)), is_number(true) {}
  Field(std::string_view name, int number) : key(name), value(std::to_string(number)), is_number(true) {}
  Field(std::string_view name, std::uint32_t number) : key(name), value(std::to_string(number)), is_number(true) {}
  std::string_view key;
  std::string value;
  bool is_number = false;
};

/// Sets level and form for the process. Before the first call: info, text.
void configure_log(Level level, Format format);
[[nodiscard]] bool log_enabled(Level level) noexcept;

/// Writes a line: time, level, `part` (the module that speaks: "capture"), `message`, fields.
/// Text: 2026-01-02T03:04:05.678Z info  capture: new generation db=app.db generation=...   (values quoted where needed)
/// JSON: {"time":"...","level":"info","part":"capture","message":"new generation","db":"app.db",...}
/// Thread-safe; never throws.
void log(Level level, std::string_view part, std::string_view message,
         std::initializer_list<Field> fields = {}) noexcept;
void log(Level level, std::string_view part, std::string_view message, const Field* fields, std::size_t count) noexcept;

/// Where lines go instead of standard error. May be called by any thread, several at once.
using LogSink = void (*)(Level level, std::string_view part, std::string_view message, const Field* fields,
                         std::size_t count);
/// For a process whose lines another one writes. REQUIRES: no other thread logs yet.
void redirect_log(LogSink sink);

}  // namespace lshost::obs
