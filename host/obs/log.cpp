#include "obs/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>

#include "obs/log_line.hpp"

namespace lshost::obs {
namespace {

std::atomic<Level> least_level = Level::info;
std::atomic<Format> current_format = Format::text;
std::atomic<LogSink> current_sink = nullptr;

/// spdlog does the time, the lock and the writing; the line itself is ours.
std::unique_ptr<spdlog::logger> make_logger(const char* pattern) {
  auto logger = std::make_unique<spdlog::logger>("lshost", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::trace);
  return logger;
}

// Two loggers rather than one whose pattern changes under the hands of other threads. Never destroyed: threads and
// destructors may log until the very end.
spdlog::logger& logger_for(Format format) {
  static auto* const text = make_logger("%Y-%m-%dT%H:%M:%S.%eZ %v").release();
  static auto* const json = make_logger(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})").release();
  return format == Format::json ? *json : *text;
}

}  // namespace

void configure_log(Level level, Format format) {
  least_level = level;
  current_format = format;
}

void redirect_log(LogSink sink) { current_sink = sink; }

bool log_enabled(Level level) noexcept { return level >= least_level.load(std::memory_order_relaxed); }

void log(Level level, std::string_view part, std::string_view message, std::initializer_list<Field> fields) noexcept {
  log(level, part, message, fields.begin(), fields.size());
}

void log(Level level, std::string_view part, std::string_view message, const Field* fields,
         std::size_t count) noexcept {
  if (!log_enabled(level)) return;
  try {
    if (const LogSink sink = current_sink.load(std::memory_order_relaxed); sink != nullptr) {
      sink(level, part, message, fields, count);
      return;
    }
    const auto format = current_format.load();
    const auto make = format == Format::json ? json_members : text_line;
    logger_for(format).log(spdlog::level::info, spdlog::string_view_t(make(level, part, message, fields, count)));
  } catch (...) {  // out of memory: the line is lost, the host goes on
  }
}

}  // namespace lshost::obs
