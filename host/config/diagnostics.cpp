// Mistakes as a person reads them.

#include <fmt/format.h>

#include "config/config.hpp"
#include "config/source_text.hpp"

namespace lshost::config {
namespace {

std::string format(const Loaded& loaded, const SourceText& source, const Diagnostic& diagnostic) {
  const auto& [line, column] = diagnostic.location;
  const auto kind = diagnostic.is_warning ? "warning: " : "";
  if (line == 0) return fmt::format("{}: {}{}\n", loaded.config.file, kind, diagnostic.message);
  const auto head = fmt::format("{}:{}:{}: {}{}\n", loaded.config.file, line, column, kind, diagnostic.message);
  const auto shown = source.show(diagnostic.location, loaded.secrets);
  return shown.line.empty() ? head : fmt::format("{}    {}\n    {}\n", head, shown.line, shown.caret);
}

}  // namespace

std::string format_diagnostic(const Loaded& loaded, const Diagnostic& diagnostic) {
  return format(loaded, SourceText(loaded.text), diagnostic);
}

std::string format_mistakes(const Loaded& loaded) {
  const SourceText source(loaded.text);
  std::string out;
  for (const auto& diagnostic : loaded.mistakes) out += format(loaded, source, diagnostic);
  return out;
}

}  // namespace lshost::config
