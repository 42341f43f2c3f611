#pragma once
// What stands in a log line after its time: pure, so that tests can read it byte for byte.

#include <cstddef>
#include <string>
#include <string_view>

#include "obs/log.hpp"

namespace lshost::obs {

/// "info  capture: new generation db=app.db reason=\"wal restarted\"". A value that is not one plain word of ASCII is
/// written as a JSON string. One line whatever the texts contain: control characters are escaped, bytes that are no
/// UTF-8 are replaced.
[[nodiscard]] std::string text_line(Level level, std::string_view part, std::string_view message, const Field* fields,
                                    std::size_t count);

/// The members of a JSON object, without its braces: "\"level\":\"info\",\"part\":\"capture\",...".
[[nodiscard]] std::string json_members(Level level, std::string_view part, std::string_view message,
                                       const Field* fields, std::size_t count);

/// A text from anywhere, for a terminal: control characters but the newline are escaped, bytes that are no UTF-8 are
/// replaced. What needs none of that stays as it is.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace lshost::obs
