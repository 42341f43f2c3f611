#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "obs/log_line.hpp"
#include "replica/time_text.hpp"

namespace lshost::cli {

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string json_text(const nlohmann::ordered_json& value) {
  return value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Cell text_cell(const std::string& text) { return {text, obs::printable(text)}; }
Cell size_cell(std::uint64_t bytes) { return {bytes, size_text(bytes)}; }
Cell missing_cell() { return {nullptr, "-"}; }
Cell time_cell(std::int64_t unix_nanos) {
  if (unix_nanos == 0) return missing_cell();
  return text_cell(replica::time_text(unix_nanos));
}

void Table::add(std::vector<Cell> cells) {
  LSHOST_ASSERT(cells.size() == columns_.size());
  rows_.push_back({std::move(cells), ""});
}

void Table::add_error(std::vector<Cell> first_cells, const std::string& error) {
  LSHOST_ASSERT(first_cells.size() <= columns_.size());
  rows_.push_back({std::move(first_cells), error});
}

std::string Table::as_text() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(column.title.size());
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].text.size());
  }
  const auto add_line = [&](std::string& out, std::size_t count, const auto& text_of, const std::string& end) {
    std::string line;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string& text = text_of(i);
      line += columns_[i].is_right_aligned ? fmt::format("{:>{}}", text, widths[i])
                                           : fmt::format("{:<{}}", text, widths[i]);
      line += "  ";
    }
    line += end;
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  std::string out;
  add_line(out, columns_.size(), [&](std::size_t i) -> const std::string& { return columns_[i].title; }, "");
  for (const Row& row : rows_) {
    add_line(
        out, row.cells.size(), [&](std::size_t i) -> const std::string& { return row.cells[i].text; },
        row.error.empty() ? "" : "ERROR: " + obs::printable(row.error));
  }
  return out;
}

std::string Table::as_json() const {
  auto array = nlohmann::ordered_json::array();
  for (const Row& row : rows_) {
    auto object = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < row.cells.size(); ++i) object[columns_[i].key] = row.cells[i].value;
    if (!row.error.empty()) object["error"] = row.error;
    array.push_back(std::move(object));
  }
  return json_text(array) + "\n";
}

void Table::print(bool json) const { fmt::print("{}", json ? as_json() : as_text()); }

}  // namespace lshost::cli
