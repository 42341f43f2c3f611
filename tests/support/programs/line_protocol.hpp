#pragma once
// The language between SqliteProcess and its program: lines of fields.
//
// Requests:  open PATH | close | sql SQL | touch PATH | hurry | pause STEP COUNT | go
// Responses: any number of "row FIELD...", then "ok" or "error CODE MESSAGE".
//            "paused STEP" in the middle of a response; the program then waits for `go` (or `pause`, any number).
// Fields are separated by tabs; tab, newline and backslash inside a field are escaped.

#include <string>
#include <string_view>
#include <vector>

namespace lshost::test {

using Fields = std::vector<std::string>;

[[nodiscard]] inline std::string to_line(const Fields& fields) {
  std::string line;
  for (const auto& field : fields) {
    if (&field != &fields.front()) line += '\t';
    for (const char c : field) {
      switch (c) {
        case '\t':
          line += "\\t";
          break;
        case '\n':
          line += "\\n";
          break;
        case '\\':
          line += "\\\\";
          break;
        default:
          line += c;
      }
    }
  }
  return line;
}

[[nodiscard]] inline Fields from_line(std::string_view line) {
  Fields fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') {
      fields.emplace_back();
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      const char escaped = line[++i];
      fields.back() += escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped;
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

}  // namespace lshost::test
